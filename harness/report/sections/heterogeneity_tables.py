"""The tables of heterogeneity: groups and their differences, surfaces and effects along moderators."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.arrays import Floats, Mask, frozen_floats
from harness.errors import ArtifactError, Problem
from harness.findings.lines import POINTWISE, ConditionalEffect, conditional_effects, true_rows
from harness.findings.run import Run
from harness.language import marked, rendered, topic
from harness.report import blocks as parts
from harness.report.blocks import Phrase
from harness.report.sections.section import featured, outcome_heading
from harness.tables import heterogeneity
from harness.tables.decision import SIGNIFICANT, UNTESTED, Decision
from harness.tables.findings import FINDINGS, FindingRow
from harness.tables.heterogeneity import HETEROGENEITY
from harness.tables.table import NOT_DONE, Row, TypedTable
from harness.text import numbers
from harness.text.plain_text import listed

if TYPE_CHECKING:
    import pandas as pd

gettext = topic("report.heterogeneity_tables")


# A scenario, with the column of its groups.
Partition = tuple[str, str]


def partitions(run: Run) -> tuple[Partition, ...]:
    """Return scenario and column of every partition, in the order of the table."""
    return tuple(dict.fromkeys((row.scenario, row.by) for row in run.rows(HETEROGENEITY)))


def rows_of_groups(
    run: Run, table: TypedTable[Row], partition: Partition, outcome: str, estimator: str
) -> tuple[Row, ...]:
    """Return the rows of one estimator in a table of groups; also those that only have a reason."""
    scenario, by = partition
    return run.rows(table, scenario=scenario, by=by, outcome=outcome, estimator=estimator)


# A number with the limits of its interval.
Numbers = tuple[float, float, float]

# Outcome and estimator in words, with their groups and the differences between these.
Answer = tuple[str, tuple[heterogeneity.GroupRow, ...], tuple[heterogeneity.DifferenceRow, ...]]

# One model for all groups, or a model fitted on each group's rows.
MODES = {"pooled": marked("One model for all groups"), "refit": marked("A model for each group")}


@dataclass(frozen=True)
class Grouped:
    """The groups by one column, of every outcome and estimator.

    Attributes
    ----------
    by : what the groups are by
    modes : those that have any effect; all where none has
    left_out : why there is no other mode, in sentences
    answers : one for each outcome and estimator
    """

    by: str
    modes: tuple[str, ...]
    left_out: tuple[str, ...]
    answers: tuple[Answer, ...]

    @property
    def has_effects(self) -> bool:
        """Whether any group has an effect."""
        return any(_has_effect(row, self.modes) for _, rows, _ in self.answers for row in rows)

    @property
    def heads(self) -> tuple[str, ...]:
        """How the modes are called."""
        return tuple(rendered(MODES[mode]) for mode in self.modes)


def estimator_table(run: Run) -> parts.ReportTable:
    """Return how many effects differ between groups, or change their sign, by every estimator."""
    study = run.manifest.study

    def rows(key: tuple[str, str], code: str) -> list[FindingRow]:
        return list(run.rows(FINDINGS, outcome=key[0], estimator=key[1], code=code))

    def counted(key: tuple[str, str], code: str) -> str:
        found = rows(key, code)
        n = sum(row.decision in SIGNIFICANT for row in found)
        words = gettext("{n} of {n_rows}").format(n=numbers.count(n), n_rows=numbers.count(len(found)))
        return words if found else numbers.MISSING

    def least(key: tuple[str, str]) -> str:
        p_values = [row.p_adjusted for row in rows(key, "group_difference")]
        return numbers.p_value(min(p_values)) if p_values else numbers.MISSING

    return parts.record_table(
        gettext("Significant differences of the effect, by every estimator"),
        (
            (outcome_heading(study, outcome), [(outcome, entry.id) for entry in study.estimators])
            for outcome in study.outcomes
        ),
        (gettext("Estimator"), lambda key: study.estimator_label(key[1])),
        (gettext("Differences\nbetween groups"), lambda key: counted(key, "group_difference")),
        (gettext("Least\nadjusted p"), least),
        (gettext("Changes of sign\nalong moderators"), lambda key: counted(key, "sign_change")),
        notes=(gettext("A dash: one effect for all groups, by the form of the estimator."),),
    )


def grouped_by(run: Run, partition: Partition) -> Grouped:
    """Return the groups of one partition, those of the featured estimators first."""
    study, first = run.manifest.study, featured(run)
    entries = *first, *(entry for entry in study.estimators if entry not in first)
    answers = tuple(
        (
            listed([study.axis_label(outcome), entry.label]),
            rows,
            rows_of_groups(run, heterogeneity.HETEROGENEITY_DIFFERENCES, partition, outcome, entry.id),
        )
        for outcome in study.outcomes
        for entry in entries
        if (rows := rows_of_groups(run, heterogeneity.HETEROGENEITY, partition, outcome, entry.id))
    )
    every = [row for _, rows, _ in answers for row in rows]
    modes = tuple(mode for mode in MODES if any(_has_effect(row, [mode]) for row in every)) or tuple(MODES)
    others = set(MODES) - set(modes)
    reasons = dict.fromkeys((row.mode, row.reason) for row in every if row.mode in others and row.reason)
    left_out = (
        gettext("{label}: {reason}.").format(label=rendered(MODES[mode]), reason=reason)
        for mode, reason in reasons
    )
    return Grouped(study.label(partition[1]), modes, tuple(left_out), answers)


def _has_effect(row: heterogeneity.GroupRow, modes: Sequence[str]) -> bool:
    return row.mode in modes and math.isfinite(row.effect)


def group_table(grouped: Grouped) -> parts.ReportTable:
    """Return effects and levels of every group."""
    caption = gettext("Effects by {by}, and levels of the curve").format(by=grouped.by)
    heads = (gettext("Group"), gettext("Rows"), gettext("Entities"))
    groups = ((heading, _rows(rows, grouped.modes)) for heading, rows, _ in grouped.answers)
    return _table(grouped, caption, heads, groups)


def difference_table(grouped: Grouped) -> parts.ReportTable:
    """Return what one group's effect and level are more than another's."""
    caption = gettext("Differences between groups by {by}").format(by=grouped.by)
    groups = ((heading, _differences(own, grouped.modes)) for heading, _, own in grouped.answers)
    return _table(grouped, caption, (gettext("Difference"),), groups)


def _table(
    grouped: Grouped,
    caption: str,
    heads: tuple[str, ...],
    groups: Iterable[tuple[str, Iterable[parts.TableRow]]],
) -> parts.ReportTable:
    """Return a table with an effect and a level under each mode, at the right of other columns."""
    measures = (gettext("Effect"), gettext("Level of the curve")) * len(grouped.modes)
    return parts.ReportTable(
        caption=caption,
        over=(
            parts.TableCell(n_columns=len(heads)),
            *(parts.TableCell(head, n_columns=2) for head in grouped.heads),
        ),
        columns=tuple(map(parts.TableColumn, (*heads, *measures))),
        groups=parts.row_groups(groups),
    )


def _rows(rows: Sequence[heterogeneity.GroupRow], modes: Sequence[str]) -> Iterator[parts.TableRow]:
    """Yield a row for each group; an estimator without any answer has one with its reason."""
    for group in dict.fromkeys(row.group for row in rows):
        by_mode = {row.mode: row for row in rows if row.group == group}
        first = next(iter(by_mode.values()))
        cells: list[parts.TableCell] = []
        for mode in modes:
            row = by_mode.get(mode) if group else first
            if row is None:
                cells += _cells(None, None)
            else:
                level = (row.median, row.median_low, row.median_high)
                reason = "" if row.is_done else row.reason
                cells += _cells((row.effect, row.conf_low, row.conf_high), level, row.decision, reason)
        yield parts.TableRow(
            (
                group or gettext("all groups"),
                numbers.count(first.n_obs),
                numbers.count(first.n_entities),
                *cells,
            )
        )


def _differences(
    rows: Sequence[heterogeneity.DifferenceRow], modes: Sequence[str]
) -> Iterator[parts.TableRow]:
    """Yield a row for each pair of groups of which a difference is known."""
    known = {
        (row.group, row.other, row.mode, row.measure): row
        for row in rows
        if row.is_done and math.isfinite(row.difference)
    }
    for group, other in dict.fromkeys(key[:2] for key in known):
        cells: list[parts.TableCell] = []
        for mode in modes:
            effect, level = (known.get((group, other, mode, measure)) for measure in ("effect", "median"))
            decision = effect.decision if effect else UNTESTED
            cells += _cells(_difference(effect), _difference(level), decision)
        yield parts.TableRow((gettext("{group} less {other}").format(group=group, other=other), *cells))


def _difference(row: heterogeneity.DifferenceRow | None) -> Numbers | None:
    return None if row is None else (row.difference, row.conf_low, row.conf_high)


def _cells(
    effect: Numbers | None, level: Numbers | None, decision: Decision = UNTESTED, reason: str = ""
) -> tuple[parts.TableCell, parts.TableCell]:
    """Return an effect, bold where it is above or below zero, and a level; a dash without either."""
    nothing = (math.nan, math.nan, math.nan)
    shown = numbers.EstimateText(*numbers.estimate(*(level or nothing)))
    measured = numbers.estimated(*(effect or nothing), decision)
    return parts.estimate_cell(measured, reason=reason), parts.estimate_cell(shown)


KEY = ("scenario", "moderator", "outcome", "estimator")
LAYERS = ("estimate", "conf_low", "conf_high", "effect", "effect_low", "effect_high", "n_obs")

# Kind of a threshold's row that says: the effect does not change its sign.
NONE = "none"
SIGNS = {
    "negative_to_positive": marked("from − to +", code="negative_to_positive"),
    "positive_to_negative": marked("from + to −", code="positive_to_negative"),
}


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
    return ArtifactError(Problem("surfaces.csv", what, hint=marked("run the study again with this version")))


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
    return tuple(row for row in run.rows(heterogeneity.THRESHOLDS, key=key) if row.is_done)


def threshold_text(row: heterogeneity.ThresholdRow) -> str:
    """Return a change of sign in words, with its interval and the share of draws that have it."""
    if row.kind == NONE:
        return gettext("no change of sign")
    at, limits = numbers.estimate(row.at, row.conf_low, row.conf_high)
    return gettext("{at} {limits}, {signs}, in {share_of_draws} of draws").format(
        at=at,
        limits=limits,
        signs=rendered(SIGNS.get(row.kind, row.kind)),
        share_of_draws=numbers.percent(row.share_of_draws, 0),
    )


# A scenario, with its moderator.
Question = tuple[str, str]

# Of measures of interaction, which are shares.
MEASURE_DECIMALS = 3


def conditional_table(run: Run, question: Question) -> parts.ReportTable:
    """Return the table of one moderator, of every outcome and featured estimator."""
    study = run.manifest.study
    keys = [
        (outcome, [heterogeneity.SurfaceKey(*question, outcome, entry.id) for entry in featured(run)])
        for outcome in study.outcomes
    ]
    effects = {key: effects_at(run, key) for _, own in keys for key in own}

    def name(key: heterogeneity.SurfaceKey) -> parts.TableCell:
        rows = run.rows(heterogeneity.CONDITIONAL_EFFECTS, key=key)
        reason = next((row.reason for row in rows if not row.is_done), "")
        return parts.TableCell(study.estimator_label(key.estimator), reason=reason)

    return parts.record_table(
        gettext("Effect by {moderator}").format(moderator=study.axis_label(question[1])),
        ((study.axis_label(outcome), own) for outcome, own in keys),
        (gettext("Estimator"), name),
        (gettext("Effect at the\nlowest value"), lambda key: effects[key][0]),
        (parts.file_column(gettext("at a middle\nvalue")), lambda key: effects[key][1]),
        (gettext("at the\nhighest value"), lambda key: effects[key][2]),
        (
            parts.text_column(gettext("Changes its sign at")),
            lambda key: "\n".join(map(threshold_text, thresholds_of(run, key))),
        ),
        (parts.file_column(gettext("Friedman's H")), lambda key: _measure(run, key, "friedman_h")),
        (
            parts.file_column(gettext("Interaction's share\nof variance (ALE)")),
            lambda key: _measure(run, key, "ale_interaction_share"),
        ),
    )


def effects_at(run: Run, key: heterogeneity.SurfaceKey) -> tuple[parts.Given, ...]:
    """Return the effect at the lowest, a middle and the highest supported value, with pointwise intervals.

    With fewer supported values the last cells are empty, with two that in the middle; all without a line.
    """
    line = effect_along(run, key)
    if line is None:
        return ("", "", "")
    rows = run.rows(heterogeneity.CONDITIONAL_EFFECTS, key=key, band=POINTWISE)
    decisions = {row.at: row.decision for row in rows}
    positions = np.flatnonzero(line.supported & np.isfinite(line.estimate)).tolist()
    n = len(positions)
    chosen = (0 if n else None, n // 2 if n > 2 else None, n - 1 if n > 1 else None)
    return tuple("" if at is None else _effect_there(line, positions[at], decisions) for at in chosen)


def _effect_there(
    line: ConditionalEffect, place: int, decisions: Mapping[float, Decision]
) -> parts.TableCell:
    band = line.band(POINTWISE)
    low, high = (float(band.low[place]), float(band.high[place])) if band else (float("nan"), float("nan"))
    at, estimate = (float(values[place]) for values in (line.at, line.estimate))
    number = numbers.estimated(estimate, low, high, decisions.get(at, UNTESTED))
    head = Phrase(f"{numbers.plain(at)}:", look="soft")
    shown = Phrase(number.value, look="lowest") if number.is_significant else number.value
    return parts.TableCell((head, " ", shown), (number.interval,) if number.interval else ())


def _measure(run: Run, key: heterogeneity.SurfaceKey, name: str) -> parts.TableCell:
    """Return a measure of interaction of one surface with its interval."""
    for row in run.rows(heterogeneity.INTERACTIONS, key=key, measure=name):
        if row.is_done:
            limits = numbers.interval(row.conf_low, row.conf_high, MEASURE_DECIMALS)
            return parts.estimate_cell(
                numbers.EstimateText(numbers.fixed(row.estimate, MEASURE_DECIMALS), limits)
            )
    return parts.TableCell(numbers.MISSING)
