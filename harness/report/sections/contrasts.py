"""The section of contrasts, between the values of an exposure that has few: both intervals of each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from harness.findings.lines import POINTWISE, SIMULTANEOUS, true_rows
from harness.findings.run import Run
from harness.language import marked, topic
from harness.record.manifest import StudyRecord
from harness.report import blocks as parts
from harness.report.drawing.palette import MarkStyle, Whisker, line_style
from harness.report.sections.section import Section, study_words
from harness.tables.decision import ABOVE, BELOW, UNTESTED, Decision
from harness.tables.heterogeneity import CONTRASTS, ContrastRow
from harness.text.curves import value_text
from harness.text.numbers import count, estimate, estimated, percent, plain, significant
from harness.text.plain_text import file_slug, listed

gettext = topic("report.contrasts")


# Pairs of values that are shown in full; of more only those with the least value.
MOST_PAIRS = 3


class ContrastQuestion(NamedTuple):
    """A scenario, with the column of its groups or its moderator where it has one."""

    scenario: str
    by: str
    moderator: str

    def about(self, study: StudyRecord) -> str:
        """Return the groups or the moderator in words; empty where it is about all rows."""
        name = self.by or self.moderator
        return study.label(name) if name else ""


@dataclass(frozen=True)
class EstimatedContrast:
    """One contrast of one estimator.

    Attributes
    ----------
    row : with the interval that holds for it alone
    low, high : limits that hold for all contrasts of the question at once; NaN without any
    decision : by these
    base, value : the values of the exposure that it is between, in words
    truth : NaN where it is not known
    """

    row: ContrastRow
    low: float
    high: float
    decision: Decision
    base: str
    value: str
    truth: float

    @property
    def pair(self) -> str:
        """Both values in words."""
        words = gettext("{exposure_to} less {exposure_from}")
        return words.format(exposure_to=self.value, exposure_from=self.base)

    def label(self, study: StudyRecord, *, with_pair: bool) -> str:
        """Return whom it is of in words, and between which values where these differ or it is of all rows."""
        row, of = self.row, ""
        if row.by:
            of = f"{study.label(row.by)} {row.group}" if row.group.isdecimal() else row.group
        elif row.moderator:
            of = f"{study.label(row.moderator)} {plain(row.moderator_at)}"
        return listed(filter(None, (of, self.pair if with_pair or not of else "")))


# The name of an estimator with its contrasts.
Answered = tuple[str, tuple[EstimatedContrast, ...]]


def contrast_questions(run: Run) -> tuple[ContrastQuestion, ...]:
    """Return the questions of the run, in the order of the table."""
    found = (ContrastQuestion(row.scenario, row.by, row.moderator) for row in run.rows(CONTRASTS))
    return tuple(dict.fromkeys(found))


def contrasts_of(
    run: Run, question: ContrastQuestion, outcome: str, estimator: str
) -> tuple[EstimatedContrast, ...]:
    """Return the contrasts of one estimator that are shown, in the order of the table."""
    every = run.rows(CONTRASTS, scenario=question.scenario, outcome=outcome, estimator=estimator)
    own = [row for row in every if row.is_done]
    levels = run.manifest.study.levels

    def order(row: ContrastRow) -> tuple[str, float, float, float]:
        at = -math.inf if math.isnan(row.moderator_at) else row.moderator_at
        ends = (row.exposure_from, row.exposure_to)
        base, value = (float(levels.index(name) if levels else name) for name in ends)
        return row.group, at, base, value

    if len({order(row)[2:] for row in own}) > MOST_PAIRS:
        least = min(order(row)[2] for row in own)
        own = [row for row in own if order(row)[2] == least]
    own.sort(key=order)
    return tuple(_contrast(run, list(rows)) for _, rows in groupby(own, key=order))


def answered(run: Run, question: ContrastQuestion, outcome: str) -> list[Answered]:
    """Return the contrasts of every estimator that has any, after its name."""
    entries = run.manifest.study.estimators
    every = [(entry.label, contrasts_of(run, question, outcome, entry.id)) for entry in entries]
    return [(label, own) for label, own in every if own]


def _contrast(run: Run, rows: Sequence[ContrastRow]) -> EstimatedContrast:
    by_band = {row.band: row for row in rows}
    row, together = by_band[POINTWISE], by_band.get(SIMULTANEOUS)
    levels = run.manifest.study.levels
    return EstimatedContrast(
        row,
        together.conf_low if together else math.nan,
        together.conf_high if together else math.nan,
        together.decision if together else UNTESTED,
        value_text(levels, row.exposure_from),
        value_text(levels, row.exposure_to),
        math.nan if levels else _true_contrast(run, row),
    )


def _true_contrast(run: Run, place: ContrastRow) -> float:
    """Return the true contrast; the table has those with the least value, of which others are differences."""
    levels = {
        row.at: row.truth
        for row in true_rows(run, place.outcome, place.scenario, "contrast")
        if row.group == place.group
        and (row.moderator_at == place.moderator_at or math.isnan(place.moderator_at))
    }
    low, high = float(place.exposure_from), float(place.exposure_to)
    return levels[high] - levels.get(low, 0.0) if high in levels else math.nan


def contrast_blocks(run: Run) -> Iterator[parts.ReportBlock]:
    """Yield the contrasts of every question."""
    study = run.manifest.study
    yield parts.Paragraph(_what(study))
    for question in contrast_questions(run):
        about = question.about(study)
        if about:
            yield parts.Heading(gettext("By {about}").format(about=about))
        yield parts.Bullets(tuple(significant_texts(run, question)))
        yield from _figures(run, question)
    yield parts.Appendix(tuple(contrast_table(run, question) for question in contrast_questions(run)))


def _what(study: StudyRecord) -> str:
    """Return what a contrast is."""
    text = gettext(
        "{exposure} takes few values. A contrast is the mean prediction at one value minus that at another, "
        "the other variables as observed."
    )
    if study.levels:
        text = gettext(
            "{exposure} is categorical: {levels}. A contrast is the mean prediction at a level minus that at "
            "the base level, {value}."
        )
    words = {"levels": listed(study.levels), "value": study.levels[0] if study.levels else ""}
    return text.format(exposure=study.label(study.exposure), **words)


def significant_texts(run: Run, question: ContrastQuestion) -> Iterator[str]:
    """Yield how many contrasts differ significantly from zero, an outcome and estimator each."""
    study = run.manifest.study
    for outcome in study.outcomes:
        for label, found in answered(run, question, outcome):
            yield _significant(label, study.label(outcome), found)


def _significant(label: str, outcome: str, found: Sequence[EstimatedContrast]) -> str:
    """Return how many of an estimator's contrasts differ significantly from zero, all at once."""
    above, below = (sum(one.decision == side for one in found) for side in (ABOVE, BELOW))
    if len(found) == 1:
        side = gettext("higher") if above else gettext("lower")
        text = gettext("{label}: {outcome} is {side} at {exposure_to} than at {exposure_from}.")
        if not above + below:
            text = gettext("{label}: no significant difference in {outcome}.")
        ends = {"exposure_to": found[0].value, "exposure_from": found[0].base}
        return text.format(label=label, outcome=outcome, side=side, **ends)
    words = gettext(
        "{label}: of {n_found} differences in {outcome}, {above} significantly positive, {below} "
        "significantly negative."
    )
    return words.format(label=label, n_found=len(found), outcome=outcome, above=above, below=below)


def _figures(run: Run, question: ContrastQuestion) -> Iterator[parts.ReportFigure]:
    """Yield the contrasts of one question, a figure for each outcome that any estimator answers."""
    from harness.report.drawing.forest import plot_forest

    study = run.manifest.study
    for outcome in study.outcomes:
        panels = contrast_panels(run, question, outcome)
        if panels:
            x_label = gettext("Difference in {outcome}").format(outcome=study.axis_label(outcome))
            words = gettext("Contrasts of {exposure} on {outcome}, with intervals.")
            yield parts.ReportFigure(
                f"contrast-{file_slug(outcome)}-{file_slug(question.scenario)}",
                plot_forest(panels, x_label=x_label, level=study.level),
                alt=words.format(**study_words(study, outcome)),
                caption=gettext(
                    "Differences in mean predicted {outcome}. Thick: {level} intervals of each contrast; "
                    "thin: for all contrasts of an estimator at once."
                ).format(**study_words(study, outcome)),
            )


def contrast_panels(run: Run, question: ContrastQuestion, outcome: str) -> list[tuple[str, list[Whisker]]]:
    """Return a panel for each estimator that has contrasts, or one for all where each has one contrast."""
    study = run.manifest.study
    colours = {entry.id: line_style(at).colour for at, entry in enumerate(study.estimators)}
    found = answered(run, question, outcome)
    is_together = all(len(own) == 1 for _, own in found)
    with_pair = len({one.pair for _, own in found for one in own}) > 1

    def whisker(name: str, one: EstimatedContrast) -> Whisker:
        row, style = one.row, MarkStyle(colours[one.row.estimator], "white")
        label = name if is_together else one.label(study, with_pair=with_pair)
        limits, wide = (row.estimate, row.conf_low, row.conf_high), (one.low, one.high)
        return Whisker(label, *limits, style, wide=wide, truth=one.truth)

    panels = [(name, [whisker(name, one) for one in own]) for name, own in found]
    if is_together and found:
        title = found[0][1][0].label(study, with_pair=True)
        return [(title, [one for _, own in panels for one in own])]
    return panels


def contrast_table(run: Run, question: ContrastQuestion) -> parts.ReportTable:
    """Return the contrasts of one question, of every outcome and estimator."""
    study, about = run.manifest.study, question.about(run.manifest.study)
    notes = [gettext("Bold: significantly different from zero, all contrasts at once.")]
    if not study.levels:
        few = gettext(
            "Of an exposure of more than three values the contrasts with the least one are shown; "
            "contrasts.csv has all pairs."
        )
        notes.append(few)
    groups = [(study.axis_label(outcome), _rows(run, question, outcome)) for outcome in study.outcomes]
    shown = [one for _, rows in groups for one in rows if isinstance(one, EstimatedContrast)]
    has_truth = any(math.isfinite(one.truth) for one in shown)
    if has_truth:
        notes.append(gettext("Truth: by the response behind the simulated data, on the same rows."))
    caption = gettext("Contrasts of {exposure}").format(exposure=study.label(study.exposure))
    by = [gettext("by {about}").format(about=about)] if about else []
    limits = gettext(", {level} intervals").format(level=percent(study.level, 0))
    return parts.record_table(
        " ".join([caption, *by]) + limits,
        groups,
        (gettext("Estimator"), lambda one: study.estimator_label(one.row.estimator)),
        (parts.text_column(gettext("Values")), lambda one: one.pair),
        *([(about, _whose)] if about else []),
        (
            gettext("Rows at the\nfirst, the second"),
            lambda one: f"{count(one.row.n_obs_to)}, {count(one.row.n_obs_from)}",
        ),
        (gettext("Difference"), _difference),
        (gettext("Interval for\nall at once"), lambda one: estimate(one.row.estimate, one.low, one.high)[1]),
        *([(gettext("Truth"), _truth)] if has_truth else []),
        notes=(" ".join(notes),),
    )


def _rows(run: Run, question: ContrastQuestion, outcome: str) -> list[EstimatedContrast | parts.TableRow]:
    """Return the contrasts of every estimator, after the reason why it lacks any."""
    rows: list[EstimatedContrast | parts.TableRow] = []
    for entry in run.manifest.study.estimators:
        every = run.rows(CONTRASTS, scenario=question.scenario, outcome=outcome, estimator=entry.id)
        if reason := next((row.reason for row in every if not row.is_done), ""):
            rows.append(parts.TableRow((parts.TableCell(entry.label, reason=reason),)))
        rows += contrasts_of(run, question, outcome, entry.id)
    return rows


def _whose(one: EstimatedContrast) -> str:
    """Return the group, or the value of the moderator; empty where it is over all rows."""
    at = one.row.moderator_at
    return one.row.group or ("" if math.isnan(at) else plain(at))


def _difference(one: EstimatedContrast) -> parts.TableCell:
    return parts.estimate_cell(estimated(one.row.estimate, one.row.conf_low, one.row.conf_high, one.decision))


def _truth(one: EstimatedContrast) -> str:
    return significant(one.truth, 3) if math.isfinite(one.truth) else ""


def _heading(run: Run) -> str:
    study = run.manifest.study
    return gettext("Contrasts of {exposure}").format(exposure=study.label(study.exposure))


CONTRASTS_SECTION = Section(
    *("contrasts", marked("Contrasts"), 750, contrast_blocks, _heading),
    drawn_names=lambda run: [row.group for row in run.rows(CONTRASTS)],
    tables=("contrasts",),
)
