"""The truth behind a run on simulated data, and how far each estimator is from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from harness.data.panel import Panel
from harness.running.folder import RunFolder
from harness.running.results import RunResults
from harness.scenarios.truth import CanTellTruth, place_errors, true_fit, truth_errors

TURNS = ("minimum", "maximum")
"""Kinds of places of a curve; those of a conditional effect are thresholds."""


def truth_parts(results: RunResults, panels: Mapping[str, Panel]) -> Iterator[pd.DataFrame]:
    """Yield the truth for every outcome and scenario; nothing where data are not simulated."""
    for outcome, panel in panels.items():
        fit = true_fit(results.study.data.simulate, panel)
        if fit is None:
            continue
        for entry in results.study.scenarios:
            if isinstance(entry.scenario, CanTellTruth):
                rows = pd.DataFrame([dict(row) for row in entry.scenario.truth(fit, panel)])
                yield rows.assign(outcome=outcome, scenario=entry.id)


@dataclass(frozen=True, eq=False)
class AnswersWithTruth:
    """Numbers of one kind or more that have a truth.

    Attributes
    ----------
    rows : outcome, estimator, scenario, kind, estimate, its pointwise limits, and `columns`
    columns : that tell the points of one kind apart
    """

    rows: pd.DataFrame
    columns: tuple[str, ...]


def error_parts(folder: RunFolder, truth: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield the errors of every kind of answer that has a truth."""
    for answers in _answers(folder):
        yield truth_errors(answers.rows, truth, columns=answers.columns)
    turns, changes = folder.read_table("turning_points"), folder.read_table("thresholds")
    if len(turns):
        yield place_errors(_done(turns), truth[truth["kind"].isin(TURNS)].assign(place=truth["at"]))
    if len(changes):
        own = truth[truth["kind"] == "threshold"].assign(place=truth["moderator_at"])
        found = changes.assign(kind=changes["kind"].where(changes["kind"] == "none", "threshold"))
        yield place_errors(_done(found), own)


def _answers(folder: RunFolder) -> Iterator[AnswersWithTruth]:
    curves, groups, effects, surfaces, contrasts = (
        folder.read_table(name)
        for name in ("curves", "heterogeneity", "conditional_effects", "surfaces", "contrasts")
    )
    if len(curves):
        yield AnswersWithTruth(_supported(_pointwise(curves)), ("at",))
    if len(groups):
        pooled = groups[groups["mode"] == "pooled"]
        yield AnswersWithTruth(
            pooled.rename(columns={"effect": "estimate"}).assign(kind="effect"), ("group",)
        )
        limits = {"median": "estimate", "median_low": "conf_low", "median_high": "conf_high"}
        levels = pooled.drop(columns=["conf_low", "conf_high"]).rename(columns=limits)
        yield AnswersWithTruth(levels.assign(kind="median"), ("group",))
    if len(effects):
        own = _supported(_pointwise(effects)).rename(columns={"effect": "estimate"})
        yield AnswersWithTruth(own.assign(kind="conditional_effect"), ("moderator_at",))
    if len(surfaces):
        cells = _supported(surfaces).rename(columns={"exposure_at": "at"})
        yield AnswersWithTruth(cells.assign(kind="surface"), ("at", "moderator_at"))
    if len(contrasts):
        yield from _contrasts(_pointwise(contrasts))


def _contrasts(rows: pd.DataFrame) -> Iterator[AnswersWithTruth]:
    """Yield the contrasts with the least value: of all rows, of groups, at moderator values."""
    least = rows[rows["exposure_from"] == rows["exposure_from"].min()]
    own = least.rename(columns={"exposure_to": "at"}).assign(kind="contrast")
    of_group, at_moderator = own["group"].notna(), own["moderator_at"].notna()
    for chosen, columns in (
        (~of_group & ~at_moderator, ("at",)),
        (of_group, ("at", "group")),
        (at_moderator, ("at", "moderator_at")),
    ):
        if chosen.any():
            yield AnswersWithTruth(own[chosen], columns)


def _done(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["status"] == "ok"]


def _pointwise(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["band"] == "pointwise"]


def _supported(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["supported"].astype(str) == "True"]
