"""Choices with other options: universes of a multiverse, steps of a ladder of methods, and cheaper forms."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from harness.errors import Problem, SpecError
from harness.estimators.protocol import Estimator
from harness.evaluation.multiverse import Universe
from harness.registry.catalog import Catalogs, with_option
from harness.scenarios.curve.scenario import CurveScenario
from harness.study.spec.entry import EstimatorEntry, ScenarioEntry
from harness.study.spec.study import MethodLadderSpec, Study
from harness.tables.gain import MULTIVERSE

# Changes of a ladder that are of no estimator.
PROTOCOL, SPLITS = "protocol", "splits"
EVERY_SPLIT = "all"

# Label of the random streams of all steps: they draw the same rows and initial values where they can.
STREAM = "method ladder"


@dataclass(frozen=True)
class LadderStep:
    """A method on the way, and how its gain is taken.

    Attributes
    ----------
    position : from 0, the start
    change, to, label : what was changed last; empty at the start, but for the label
    fit : names the fits; equal estimators share theirs
    protocol : id, under which the gain is taken
    splits : the first so many of the protocol's; None for all
    """

    position: int
    change: str
    to: str
    label: str
    estimator: Estimator
    fit: str
    protocol: str
    splits: int | None

    def uses(self, protocol: str, at: int) -> bool:
        """Return whether its gain is taken on the split of a protocol at a position, from 0."""
        return protocol == self.protocol and (self.splits is None or at < self.splits)


def ladder_steps(study: Study, catalogs: Catalogs) -> tuple[LadderStep, ...]:
    """Return the start of a study's ladder and the method after each change; nothing without a ladder.

    Raises
    ------
    SpecError
        Where an estimator has no such option, or the option takes no such value.
    """
    asked = study.method_ladder
    return () if asked is None else tuple(_steps(asked, catalogs))


def _steps(asked: MethodLadderSpec, catalogs: Catalogs) -> Iterator[LadderStep]:
    fits: list[Estimator] = [asked.start]
    step = LadderStep(0, "", "", asked.label, asked.start, _fit_name(0), asked.protocol, asked.splits)
    yield step
    for at, one in enumerate(asked.changes):
        estimator, value = step.estimator, one.to
        if one.change not in (PROTOCOL, SPLITS):
            place = f"method_ladder.changes[{at}]"
            estimator = changed(estimator, one.change, value, catalogs, place=place)
        if estimator not in fits:
            fits.append(estimator)
        step = replace(
            step,
            position=at + 1,
            change=one.change,
            to=", ".join(map(str, value)) if isinstance(value, tuple) else str(value),
            label=one.label,
            estimator=estimator,
            fit=_fit_name(fits.index(estimator)),
            protocol=str(value) if one.change == PROTOCOL else step.protocol,
            splits=_splits(value) if one.change == SPLITS else step.splits,
        )
        yield step


def _fit_name(at: int) -> str:
    # The plan takes what stands before a bracket for the kind of a fit.
    return f"{STREAM} ({at})"


def _splits(value: object) -> int | None:
    return None if value == EVERY_SPLIT else int(str(value))


# The choice of how many controls there are.
CONTROLS = "controls"


@dataclass(frozen=True)
class Variant:
    """An estimator as one universe fits it: the entry of the study with its options, controls and seed."""

    universe: Universe
    entry: EstimatorEntry


def variants(study: Study, catalogs: Catalogs) -> tuple[Variant, ...]:
    """Return the estimator of the multiverse under every combination of its options and seeds.

    Raises
    ------
    SpecError
        Where the estimator has no such option, or the option takes no such value.
    """
    asked = study.multiverse
    if asked is None:
        return ()
    taken = [option for option in asked.vary if option in (*MULTIVERSE.columns, CONTROLS)]
    if taken:
        what = "is a column of the table multiverse, which has one for each choice"
        places = (f"multiverse.vary.{option}" for option in taken)
        raise SpecError(*(Problem(place, what, hint="vary another option") for place in places))
    entry = next(entry for entry in study.estimators if entry.id == asked.estimator)
    has = len(study.roles.controls)
    if any(number > has for number in asked.controls):
        what = f"{max(asked.controls)} controls are asked for, and the study has {has}"
        raise SpecError.at("multiverse.controls", what, f"at most {has}", "ask for fewer")
    varied = []
    crossed = itertools.product(*asked.vary.values())
    seeds = range(1, asked.seeds + 1)
    for values, n_controls, seed in itertools.product(crossed, asked.controls or (None,), seeds):
        options = dict(zip(asked.vary, values, strict=True))
        own = {"estimator": entry.estimator}
        for option, value in options.items():
            place = f"multiverse.vary.{option}"
            own["estimator"] = changed(own["estimator"], option, value, catalogs, place=place)
        if n_controls is not None:
            options[CONTROLS] = n_controls
            own["controls"] = study.roles.controls[:n_controls]
        choices = {choice: str(value) for choice, value in (*options.items(), ("seed", seed))}
        label = ", ".join(f"{choice} {value}" for choice, value in choices.items())
        universe = Universe(f"{entry.id} ({label})", entry.id, choices)
        varied.append(Variant(universe, entry.model_copy(update={"id": universe.id, **own})))
    return tuple(varied)


def changed(estimator: Estimator, option: str, value: object, catalogs: Catalogs, *, place: str) -> Estimator:
    """Return an estimator with one option changed.

    Parameters
    ----------
    place : of the change in the spec, for messages

    Raises
    ------
    SpecError
        Where there is no such option, or it takes no such value.
    """
    try:
        found: Estimator = with_option(estimator, option, value, catalogs=catalogs)
    except PydanticCustomError as error:
        context = error.context or {}
        problem = Problem(place, error.message(), context.get("expected", ""), context.get("hint", ""))
        raise SpecError(problem) from error
    except ValidationError as error:
        faults = "; ".join(dict.fromkeys(mistake["msg"] for mistake in error.errors()))
        raise SpecError(Problem(place, f"{value!r} is not allowed: {faults}")) from error
    return found


def curve_of(study: Study) -> ScenarioEntry | None:
    """Return the curve that a ladder is asked: the first of the exposure; None where there is no truth."""
    curves = (
        entry
        for entry in study.scenarios
        if isinstance(entry.scenario, CurveScenario) and entry.scenario.exposure is None
    )
    return next(curves, None) if study.data.simulate is not None else None


# The most that an option of a name may be, in whatever part of a study it stands.
Most = Mapping[str, int]


def capped(choice: Any, most: Most) -> Any:  # noqa: ANN401 - whatever a spec can choose
    """Return a built choice whose options of a name, and those of estimators in it, are held to the most.

    An option that is ``auto`` gets the most.
    """
    held = {}
    for option in dataclasses.fields(choice):
        value = getattr(choice, option.name)
        if option.name in most and (value == "auto" or type(value) is int):
            held[option.name] = most[option.name] if value == "auto" else min(value, most[option.name])
        elif isinstance(value, Estimator):
            held[option.name] = capped(value, most)
        elif isinstance(value, tuple):
            held[option.name] = tuple(
                capped(option, most) if isinstance(option, Estimator) else option for option in value
            )
    return dataclasses.replace(choice, **held)


def greatest(choice: Any, name: str) -> int:  # noqa: ANN401 - whatever a spec can choose
    """Return the greatest whole number that an option of a name is, in a built choice and in those in it.

    It is 0 where there is no such option.
    """
    found = [0]
    for option in dataclasses.fields(choice):
        value = getattr(choice, option.name)
        if option.name == name and type(value) is int:
            found.append(value)
        nested = value if isinstance(value, tuple) else (value,)
        found += [greatest(option, name) for option in nested if isinstance(option, Estimator)]
    return max(found)
