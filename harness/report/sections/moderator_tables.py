"""Surfaces, effects along moderators and changes of sign of a run, and the table of a moderator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.arrays import Floats, Mask, frozen_floats
from harness.errors import ArtifactError, Problem
from harness.findings.lines import POINTWISE, ConditionalEffect, conditional_effects, true_rows
from harness.findings.run import Run
from harness.language import gettext, marked
from harness.report.blocks import Phrase
from harness.report.sections.section import featured
from harness.report.table import (
    Given,
    ReportTable,
    TableCell,
    TableColumn,
    TableRow,
    estimate_cell,
    row_groups,
)
from harness.tables import heterogeneity
from harness.tables.table import NOT_DONE
from harness.text.numbers import MISSING, EstimateText, estimate, estimated, fixed, interval, percent, plain
from harness.text.plain_text import Footnotes

if TYPE_CHECKING:
    import pandas as pd


KEY = ("scenario", "moderator", "outcome", "estimator")
LAYERS = ("estimate", "conf_low", "conf_high", "effect", "effect_low", "effect_high", "n_obs")

# Kind of a threshold's row that says: the effect does not change its sign.
NONE = "none"
SIGNS = {"negative_to_positive": marked("from − to +"), "positive_to_negative": marked("from + to −")}


@dataclass(frozen=True, eq=False)
class Surface:
    """One estimator's answer over exposure and moderator.

    Attributes
    ----------
    exposure_at : (n_exposure,), increasing
    moderator_at : (n_moderator,), increasing
    supported : (n_exposure, n_moderator), whether the data reach there
    estimate, conf_low, conf_high : (n_exposure, n_moderator), mean predicted outcome and its limits
    effect, effect_low, effect_high : (n_exposure, n_moderator), its derivative along the exposure
    n_obs : (n_exposure, n_moderator), rows near each cell
    """

    exposure_at: Floats
    moderator_at: Floats
    supported: Mask
    estimate: Floats
    conf_low: Floats
    conf_high: Floats
    effect: Floats
    effect_low: Floats
    effect_high: Floats
    n_obs: Floats

    @property
    def level_range(self) -> tuple[float, float]:
        """Lowest and highest level that the data reach; of all cells where they reach none."""
        shown = self.estimate[self.supported] if self.supported.any() else self.estimate
        return float(shown.min()), float(shown.max())


def surfaces(run: Run) -> Mapping[heterogeneity.SurfaceKey, Surface]:
    """Return all surfaces of a run, in the order in which they first appear in their table.

    Read column by column, since a study has a row for every cell of dozens of grids.

    Raises
    ------
    ArtifactError
        Where columns are missing, or a surface lacks cells.
    """
    frame = run.frame("surfaces")
    if frame.empty:
        return {}
    wanted = (*KEY, "exposure_at", "moderator_at", *LAYERS, "supported", "status")
    missing = [name for name in wanted if name not in frame.columns]
    if missing:
        raise _unreadable(gettext("the table lacks {join}").format(join=", ".join(missing)))
    done = frame[~frame["status"].isin(NOT_DONE)]
    keyed = (
        (heterogeneity.SurfaceKey(*map(str, key)), rows) for key, rows in done.groupby(list(KEY), sort=False)
    )
    return {key: _surface(key, rows.sort_values(["exposure_at", "moderator_at"])) for key, rows in keyed}


def _surface(key: heterogeneity.SurfaceKey, rows: pd.DataFrame) -> Surface:
    exposure, moderator = (np.unique(rows[name].to_numpy(float)) for name in ("exposure_at", "moderator_at"))
    shape = exposure.size, moderator.size
    if len(rows) != exposure.size * moderator.size:
        words = gettext("{estimator} on {outcome} by {moderator}: cells are missing")
        raise _unreadable(words.format(estimator=key.estimator, outcome=key.outcome, moderator=key.moderator))
    return Surface(
        exposure_at=frozen_floats(exposure),
        moderator_at=frozen_floats(moderator),
        supported=(rows["supported"].astype(str) == "True").to_numpy().reshape(shape),
        **{name: frozen_floats(rows[name].to_numpy(float).reshape(shape)) for name in LAYERS},
    )


def _unreadable(what: str) -> ArtifactError:
    return ArtifactError(Problem("surfaces.csv", what, hint="run the study again with this version"))


def true_levels(run: Run, key: heterogeneity.SurfaceKey) -> Floats | None:
    """Return the true levels on the cells of a surface, (n_exposure, n_moderator); None if not known."""
    shape = run.view(surfaces)[key].estimate.shape
    rows = true_rows(run, key.outcome, key.scenario, "surface")
    if len(rows) != shape[0] * shape[1]:
        return None
    cells = sorted((row.at, row.moderator_at, row.truth) for row in rows)
    return frozen_floats([truth for _, _, truth in cells]).reshape(shape)


def effect_along(run: Run, key: heterogeneity.SurfaceKey) -> ConditionalEffect | None:
    """Return the effect along a moderator; None where an estimator has none."""
    return next((effect for effect in run.view(conditional_effects) if effect.key == key), None)


def thresholds_of(run: Run, key: heterogeneity.SurfaceKey) -> tuple[heterogeneity.ThresholdRow, ...]:
    """Return where one conditional effect changes its sign; a row of kind ``none`` says nowhere."""
    return tuple(row for row in run.rows(heterogeneity.THRESHOLDS) if row.is_done and row.key == key)


def threshold_text(row: heterogeneity.ThresholdRow) -> str:
    """Return a change of sign in words, with its interval and the share of draws that have it."""
    if row.kind == NONE:
        return gettext("no change of sign")
    at, limits = estimate(row.at, row.conf_low, row.conf_high)
    return gettext("{at} {limits}, {signs}, in {share_of_draws} of draws").format(
        at=at,
        limits=limits,
        signs=gettext(SIGNS.get(row.kind, row.kind)),
        share_of_draws=percent(row.share_of_draws, 0),
    )


# A scenario, with its moderator.
Question = tuple[str, str]

# Draws what can be turned; whoever has no use for that need not install it.
LIBRARY = "plotly"
# Of measures of interaction, which are shares.
MEASURE_DECIMALS = 3


def conditional_table(run: Run, question: Question) -> ReportTable:
    """Return the table of one moderator, of every outcome and featured estimator."""
    study, footnotes = run.manifest.study, Footnotes()

    def named(key: heterogeneity.SurfaceKey) -> TableCell:
        rows = [
            row for row in run.rows(heterogeneity.CONDITIONAL_EFFECTS) if row.key == key and not row.is_done
        ]
        mark = footnotes.mark(rows[0].reason if rows else "")
        return TableCell(study.estimator_label(key.estimator), mark=mark)

    def rows_of(outcome: str) -> Iterator[TableRow]:
        for entry in featured(run):
            key = heterogeneity.SurfaceKey(*question, outcome, entry.id)
            effect = effect_along(run, key)
            yield TableRow(
                (
                    named(key),
                    *(effects_at(effect) if effect is not None else ("", "", "")),
                    "\n".join(map(threshold_text, thresholds_of(run, key))),
                    *(_measure(run, key, name) for name in ("friedman_h", "ale_interaction_share")),
                )
            )

    return ReportTable(
        caption=gettext("Effect by {moderator}").format(moderator=study.axis_label(question[1])),
        columns=(
            *(TableColumn(gettext("Estimator")), TableColumn(gettext("Effect at the\nlowest value"))),
            TableColumn(gettext("at a middle\nvalue"), is_for_files=True),
            TableColumn(gettext("at the\nhighest value")),
            TableColumn(gettext("Changes its sign at"), "text"),
            TableColumn(gettext("Friedman's H"), is_for_files=True),
            TableColumn(gettext("Interaction's share\nof variance (ALE)"), is_for_files=True),
        ),
        groups=row_groups((study.axis_label(outcome), rows_of(outcome)) for outcome in study.outcomes),
        footnotes=footnotes.listed(),
    )


def effects_at(line: ConditionalEffect) -> tuple[Given, ...]:
    """Return the effect at the lowest, a middle and the highest supported value, with pointwise intervals.

    With fewer supported values the last cells are empty, with two that in the middle.
    """
    positions = np.flatnonzero(line.supported & np.isfinite(line.estimate)).tolist()
    n = len(positions)
    chosen = (0 if n else None, n // 2 if n > 2 else None, n - 1 if n > 1 else None)
    return tuple("" if at is None else _effect(line, positions[at]) for at in chosen)


def _effect(line: ConditionalEffect, place: int) -> TableCell:
    band = line.band(POINTWISE)
    low, high = (float(band.low[place]), float(band.high[place])) if band else (float("nan"), float("nan"))
    at, estimate = (float(values[place]) for values in (line.at, line.estimate))
    number, head = estimated(estimate, low, high), Phrase(f"{plain(at)}:", look="soft")
    shown = Phrase(number.value, look="lowest") if number.excludes_zero else number.value
    return TableCell((head, " ", shown), (number.interval,) if number.interval else ())


def _measure(run: Run, key: heterogeneity.SurfaceKey, name: str) -> TableCell:
    """Return a measure of interaction of one surface with its interval."""
    for row in run.rows(heterogeneity.INTERACTIONS):
        if row.is_done and row.key == key and row.measure == name:
            limits = interval(row.conf_low, row.conf_high, MEASURE_DECIMALS)
            return estimate_cell(EstimateText(fixed(row.estimate, MEASURE_DECIMALS), limits))
    return TableCell(MISSING)
