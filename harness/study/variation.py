"""Variations of a study: a key and a list of changes each, and the lists of them that a spec asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Final, Literal

from harness.errors import SpecError
from harness.language import Coded, marked
from harness.study.spec.study import Study

# What is changed: an option of an estimator, its columns, its seed, how gains are evaluated, which rows there
# are by a column, or the panel as a whole.
Target = Literal["estimator", "roles", "study", "evaluation", "rows", "panel"]

# Lists of variations.
MULTIVERSE: Final = "multiverse"
LADDER: Final = "method_ladder"
ROBUSTNESS: Final = "robustness"
REGRESSIONS: Final = "regressions"
ROBUST_REGRESSIONS: Final = "robustness_of_regressions"

CONTROLS: Final = "controls"
SEED: Final = "seed"
PROTOCOL: Final = "protocol"
SPLITS: Final = "splits"
EVERY_SPLIT: Final = "all"

# Choices that every multiverse has, so that no option of these names can be varied.
CHOICES = ("reference", PROTOCOL, "sample", CONTROLS, SEED)


@dataclass(frozen=True)
class Change:
    """One change.

    Attributes
    ----------
    target : what is changed
    option : of the target; ``base.hidden`` is one of a nested estimator
    value : the new one
    """

    target: Target
    option: str
    value: str | bool | int | float | tuple[str, ...] = ""

    @property
    def text(self) -> str:
        """The value as tables have it."""
        return ", ".join(map(str, self.value)) if isinstance(self.value, tuple) else str(self.value)


@dataclass(frozen=True)
class Variation:
    """A study with some changes.

    Attributes
    ----------
    key : names the variation within its list
    position : from 0, within its list
    changes : applied one after the other; none where it is what the others start from
    label : in the report; empty for one made of the changes
    """

    key: str
    list: str
    position: int
    changes: tuple[Change, ...] = ()
    label: str = ""

    @property
    def option(self) -> str:
        """The option that is changed last; empty where nothing is."""
        return self.changes[-1].option if self.changes else ""


def listed(name: str, changes: Iterable[tuple[str, Change | None]]) -> tuple[Variation, ...]:
    """Return a list of variations of one change each, or none, given their keys."""
    return tuple(
        Variation(key, name, position, () if change is None else (change,))
        for position, (key, change) in enumerate(changes)
    )


def multiverse_of(study: Study) -> tuple[Variation, ...]:
    """Return every combination of options, numbers of controls and seeds of a study's multiverse.

    Raises
    ------
    SpecError
        Where an option has the name of another choice, or the study has fewer controls.
    """
    asked = study.multiverse
    if asked is None:
        return ()
    for option in asked.vary:
        if option in CHOICES:
            what = marked("is a choice of every multiverse")
            raise SpecError.at(f"multiverse.vary.{option}", what, hint=marked("vary another option"))
    has = len(study.roles.controls)
    if any(number > has for number in asked.controls):
        what = Coded(
            "{max} controls are asked for, and the study has {has}", max=max(asked.controls), has=has
        )
        raise SpecError.at(
            "multiverse.controls", what, Coded("at most {has}", has=has), marked("ask for fewer")
        )
    choices = [[Change("estimator", option, value) for value in own] for option, own in asked.vary.items()]
    if asked.controls:
        choices.append([Change("roles", CONTROLS, number) for number in asked.controls])
    choices.append([Change("study", SEED, seed) for seed in range(1, asked.seeds + 1)])
    return tuple(
        Variation(f"{asked.estimator} ({_joined(changes)})", MULTIVERSE, position, changes)
        for position, changes in enumerate(product(*choices))
    )


def _joined(changes: tuple[Change, ...]) -> str:
    return ", ".join(f"{change.option} {change.text}" for change in changes)


def ladder_of(study: Study) -> tuple[Variation, ...]:
    """Return the start of a study's ladder of methods, and the method after each change and all before it."""
    asked = study.method_ladder
    if asked is None:
        return ()
    changes = tuple(
        Change("evaluation" if one.change in (PROTOCOL, SPLITS) else "estimator", one.change, one.to)
        for one in asked.changes
    )
    labels = (asked.label, *(one.label for one in asked.changes))
    return tuple(
        Variation(f"step {position}", LADDER, position, changes[:position], label)
        for position, label in enumerate(labels)
    )


def change_rows(variations: Iterable[Variation]) -> list[Mapping[str, object]]:
    """Return the rows of the table ``variations``."""
    rows: list[Mapping[str, object]] = []
    for one in variations:
        about = {"list": one.list, "key": one.key, "position": one.position, "label": one.label}
        changes = [
            {"target": change.target, "option": change.option, "value": change.text} for change in one.changes
        ]
        rows += [about | change for change in changes or [{}]]
    return rows
