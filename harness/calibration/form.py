"""The cheap form of a study that a calibration repeats, and a table of what was reduced."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from harness.calibration.rows import Reduction
from harness.estimators.protocol import Estimator
from harness.findings.table import RULES
from harness.running.capped import Most, capped
from harness.running.plan import as_quick
from harness.study.spec.study import Study
from harness.tables.table import columns_of

CAPS: Most = {
    "repeats": 1,
    "folds": 2,
    "grid": 12,
    "draws": 40,
    "fold_draws": 5,
    "draw_restarts": 1,
    "sizes_around": 0,
    "restarts": 1,
    "map_starts": 1,
    "max_steps": 50,
    "patience": 15,
    "max_rounds": 50,
    "trees": 30,
    "draw_trees": 15,
}
"""Repetitions and steps of a fit, splits that are drawn again and again, points of curves and draws of bands.
With as few draws, limits of level 0.95 are still within the draws."""

GAIN_DRAWS = 300
"""Draws of the intervals of gains."""


@dataclass(frozen=True, eq=False)
class CalibrationForm:
    """A study as a calibration repeats it.

    Attributes
    ----------
    study : what is repeated
    reductions : columns of `Reduction`, every option that is not as in the spec
    """

    study: Study
    reductions: pd.DataFrame


def calibration_form(study: Study) -> CalibrationForm:
    """Return the cheap form of a study.

    All estimators and protocols stay, and all rows and columns. Each takes its quick form, and options named
    in `CAPS` are held to what stands there. Only scenarios that find something are asked, by the table
    that a finding rests on; the multiverse is left out.

    Parameters
    ----------
    study : as the spec has it
    """
    form = _held(as_quick(study))
    return CalibrationForm(form, pd.DataFrame(_changes(study, form), columns=list(columns_of(Reduction))))


def _held(study: Study) -> Study:
    evaluation = study.evaluation
    protocols = tuple(
        entry.model_copy(update={"protocol": capped(entry.protocol, CAPS)}) for entry in evaluation.protocols
    )
    draws = min(evaluation.draws, GAIN_DRAWS)
    found_in = {table.name for table in RULES}
    return study.model_copy(
        update={
            "estimators": tuple(
                entry.model_copy(update={"estimator": capped(entry.estimator, CAPS)})
                for entry in study.estimators
            ),
            "evaluation": evaluation.model_copy(update={"protocols": protocols, "draws": draws}),
            "scenarios": tuple(
                entry.model_copy(update={"scenario": capped(entry.scenario, CAPS)})
                for entry in study.scenarios
                if any(table.name in found_in for table in entry.scenario.tables)
            ),
            "multiverse": None,
        }
    )


def _changes(study: Study, form: Study) -> Iterator[tuple[object, ...]]:
    """Yield the options that differ."""
    for was, now in zip(study.estimators, form.estimators, strict=True):
        yield from _differences(was.estimator, now.estimator, ("estimator", was.id))
    for old, new in zip(study.evaluation.protocols, form.evaluation.protocols, strict=True):
        yield from _differences(old.protocol, new.protocol, ("protocol", old.id))
    kept = {entry.id: entry.scenario for entry in form.scenarios}
    for entry in study.scenarios:
        if entry.id in kept:
            yield from _differences(entry.scenario, kept[entry.id], ("scenario", entry.id))
        else:
            yield ("scenario", entry.id, "asked", "yes", "no")
    if study.evaluation.draws != form.evaluation.draws:
        yield ("evaluation", "", "draws", str(study.evaluation.draws), str(form.evaluation.draws))
    if study.multiverse is not None:
        yield ("multiverse", "", "computed", "yes", "no")


def _differences(
    was: Any,  # noqa: ANN401 - whatever a spec can choose
    now: Any,  # noqa: ANN401 - of the same type
    place: tuple[str, str],
    within: str = "",
) -> Iterator[tuple[object, ...]]:
    for option in dataclasses.fields(was):
        old, new = getattr(was, option.name), getattr(now, option.name)
        if isinstance(old, Estimator):
            yield from _differences(old, new, place, f"{within}{option.name}.")
        elif old != new:
            yield (*place, f"{within}{option.name}", str(old), str(new))
