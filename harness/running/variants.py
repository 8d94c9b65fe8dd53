"""The combinations of a study's multiverse, each as an estimator of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from harness.data.panel import Panel
from harness.errors import Problem, SpecError
from harness.estimators.protocol import Estimator
from harness.evaluation.multiverse import Universe
from harness.registry.catalog import Catalogs, with_option
from harness.study.spec.entry import EstimatorEntry
from harness.study.spec.study import Study
from harness.tables.gain import MULTIVERSE

CONTROLS = "controls"
"""The choice of how many controls there are."""


@dataclass(frozen=True)
class Variant:
    """An estimator as one universe fits it.

    Attributes
    ----------
    n_controls : number of controls that it is fitted with, the first of the panel; None for all
    entity_means : whether their means by entity, and those of the other regressors, are among them
    """

    universe: Universe
    estimator: Estimator
    n_controls: int | None = None
    entity_means: bool = False

    def panel(self, panel: Panel) -> Panel:
        """Return the panel that it is fitted on."""
        return panel if self.n_controls is None else panel.with_controls(panel.controls[: self.n_controls])


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
        raise SpecError(*(Problem(_place(option), what, hint="vary another option") for option in taken))
    entry = next(entry for entry in study.estimators if entry.id == asked.estimator)
    has = len(study.roles.controls)
    if any(number > has for number in asked.controls):
        what = f"{max(asked.controls)} controls are asked for, and the study has {has}"
        raise SpecError(Problem("multiverse.controls", what, f"at most {has}", "ask for fewer"))
    combinations = itertools.product(
        *asked.vary.values(), asked.controls or (None,), range(1, asked.seeds + 1)
    )
    return tuple(_variants(entry, tuple(asked.vary), combinations, catalogs))


def _variants(
    entry: EstimatorEntry,
    options: tuple[str, ...],
    combinations: Iterator[tuple[Any, ...]],
    catalogs: Catalogs,
) -> Iterator[Variant]:
    for *values, n_controls, seed in combinations:
        estimator = entry.estimator
        for option, value in zip(options, values, strict=True):
            estimator = _changed(estimator, option, value, catalogs)
        chosen = {option: str(value) for option, value in zip(options, values, strict=True)}
        chosen |= {} if n_controls is None else {CONTROLS: str(n_controls)}
        chosen |= {"seed": str(seed)}
        label = ", ".join(f"{choice} {value}" for choice, value in chosen.items())
        universe = Universe(f"{entry.id} ({label})", entry.id, chosen)
        yield Variant(universe, estimator, n_controls, entry.entity_means)


def _changed(estimator: Estimator, option: str, value: object, catalogs: Catalogs) -> Estimator:
    try:
        changed: Estimator = with_option(estimator, option, value, catalogs=catalogs)
    except PydanticCustomError as error:
        context = error.context or {}
        problem = Problem(
            _place(option), error.message(), context.get("expected", ""), context.get("hint", "")
        )
        raise SpecError(problem) from error
    except ValidationError as error:
        found = "; ".join(dict.fromkeys(mistake["msg"] for mistake in error.errors()))
        raise SpecError(Problem(_place(option), f"{value!r} is not allowed: {found}")) from error
    return changed


def _place(option: str) -> str:
    return f"multiverse.vary.{option}"
