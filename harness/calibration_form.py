"""The cheap form of a study that a calibration repeats, and a table of what was reduced."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from harness.estimators.protocol import Estimator
from harness.planner import quickened
from harness.spec.study import Study

Most = Mapping[str, int]
"""The most that an option of a name may be, in whatever part of a study it stands."""

TRAINING: Most = {
    "repeats": 1,
    "folds": 2,
    "grid": 12,
    "restarts": 1,
    "draw_restarts": 1,
    "sizes_around": 0,
    "map_starts": 1,
    "max_steps": 50,
    "patience": 15,
    "max_rounds": 50,
    "trees": 30,
    "draw_trees": 15,
}
"""Repetitions and steps of one fit, splits that are drawn again and again, and points of curves."""

FOLD_DRAWS = 5
"""Draws of an ensemble whose predictions are compared; more would change its mean little."""

BAND_DRAWS = 40
"""Draws of bands: with as few, limits of level 0.95 are still within the draws."""

GAIN_DRAWS = 300
"""Draws of the intervals of gains."""

COLUMNS = ("part", "id", "option", "in_study", "here")


@dataclass(frozen=True, eq=False)
class CalibrationForm:
    """A study as a calibration repeats it.

    Attributes
    ----------
    compared : what is fitted on folds and compared
    asked : what is fitted on all rows and asked for curves
    reductions : `COLUMNS`, every option that is not as in the study
    """

    compared: Study
    asked: Study
    reductions: pd.DataFrame


def calibration_form(study: Study) -> CalibrationForm:
    """Return the cheap form of a study.

    All estimators and protocols stay, and all rows and columns. Each takes its quick form, and options named
    in `TRAINING` are held to what stands there. Only scenarios that draw curves are asked, since bands are
    set beside a truth that is known as a curve; the multiverse is left out.

    Parameters
    ----------
    study : as the spec has it, or in its quick form
    """
    quick = quickened(study)
    gains = quick.evaluation.model_copy(update={"draws": min(quick.evaluation.draws, GAIN_DRAWS)})
    curves = tuple(entry for entry in quick.scenarios if "curves" in entry.scenario.tables)
    quick = quick.model_copy(update={"multiverse": None, "evaluation": gains, "scenarios": curves})
    compared = _held(quick, {**TRAINING, "draws": FOLD_DRAWS})
    asked = _held(quick, {**TRAINING, "draws": BAND_DRAWS})
    rows = [
        *_changes(study, compared, "folds"),
        *_changes(study, asked, "all rows"),
        *_gain_draws(study, quick),
    ]
    return CalibrationForm(compared, asked, pd.DataFrame(rows, columns=list(COLUMNS)))


def capped(choice: Any, most: Most) -> Any:  # noqa: ANN401 - whatever a spec can choose
    """Return a built choice whose options of a name, and those of estimators in it, are held to the most.

    An option that is ``auto`` gets the most.
    """
    changed = {}
    for option in dataclasses.fields(choice):
        value = getattr(choice, option.name)
        if option.name in most and (value == "auto" or type(value) is int):
            changed[option.name] = most[option.name] if value == "auto" else min(value, most[option.name])
        elif isinstance(value, Estimator):
            changed[option.name] = capped(value, most)
    return dataclasses.replace(choice, **changed)


def _held(study: Study, most: Most) -> Study:
    protocols = tuple(
        entry.model_copy(update={"protocol": capped(entry.protocol, most)})
        for entry in study.evaluation.protocols
    )
    return study.model_copy(
        update={
            "estimators": tuple(
                entry.model_copy(update={"estimator": capped(entry.estimator, most)})
                for entry in study.estimators
            ),
            "evaluation": study.evaluation.model_copy(update={"protocols": protocols}),
            "scenarios": tuple(
                entry.model_copy(update={"scenario": capped(entry.scenario, most)})
                for entry in study.scenarios
            ),
        }
    )


def _changes(study: Study, form: Study, fitted_on: str) -> Iterator[tuple[object, ...]]:
    """Yield the options that differ, of what is fitted on folds or on all rows."""
    for was, now in zip(study.estimators, form.estimators, strict=True):
        yield from _differences(was.estimator, now.estimator, (f"estimator, {fitted_on}", was.id))
    if fitted_on == "folds":
        for old, new in zip(study.evaluation.protocols, form.evaluation.protocols, strict=True):
            yield from _differences(old.protocol, new.protocol, ("protocol", old.id))
        return
    here = {entry.id: entry.scenario for entry in form.scenarios}
    for entry in study.scenarios:
        if entry.id in here:
            yield from _differences(entry.scenario, here[entry.id], ("scenario", entry.id))
        else:
            yield ("scenario", entry.id, "asked", "yes", "no")


def _gain_draws(study: Study, form: Study) -> Iterator[tuple[object, ...]]:
    was, now = study.evaluation.draws, form.evaluation.draws
    if was != now:
        yield ("evaluation", "", "draws", str(was), str(now))


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
