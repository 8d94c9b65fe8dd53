"""The section of contrasts, between the values of an exposure that has few: both intervals of each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.findings.run import Run
from harness.language import gettext, marked
from harness.record.study import StudyRecord
from harness.report.blocks import Bullets, Heading, Paragraph, ReportBlock
from harness.report.sections.contrasts.rows import (
    ContrastQuestion,
    EstimatedContrast,
    contrast_questions,
    contrast_rows,
    contrasts_of,
)
from harness.report.sections.section import Section
from harness.report.table import Given, ReportTable, RowGroup, TableCell, TableColumn, TableRow, estimate_cell
from harness.tables.heterogeneity import CONTRASTS
from harness.text.numbers import count, estimate, estimated, percent, plain, significant
from harness.text.plain_text import Footnotes, joined

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer


def contrast_blocks(run: Run, renderer: FigureRenderer) -> Iterator[ReportBlock]:
    """Yield the contrasts of every question."""
    study, questions = run.manifest.study, contrast_questions(run)
    if not questions:
        return
    from harness.report.sections.contrasts.figures import contrast_figures

    yield Paragraph(_what(study))
    for question in questions:
        about = question.about(study)
        if about:
            yield Heading(gettext("By {about}").format(about=about))
        yield Bullets(tuple(established_texts(run, question)))
        yield from contrast_figures(run, question, renderer)
        yield contrast_table(run, question)


def _what(study: StudyRecord) -> str:
    """Return what a contrast is."""
    exposure = study.label(study.exposure)
    if study.levels:
        text = gettext(
            "{exposure} is no dose: it is {levels}. A contrast is the mean prediction were every row's "
            "{exposure} one of these, less that were it the base, {value}."
        ).format(exposure=exposure, levels=", ".join(study.levels), value=study.levels[0])
    else:
        text = gettext(
            "{exposure} has few values, between which there is no curve. A contrast is the mean prediction "
            "were every row's {exposure} one value, less that were it another."
        ).format(exposure=exposure)
    when = gettext(
        "It is established where the interval that holds for all contrasts of the question at once excludes "
        "zero."
    )
    return f"{text} {when}"


def established_texts(run: Run, question: ContrastQuestion) -> Iterator[str]:
    """Yield how many contrasts are told from zero, an outcome and estimator each."""
    study = run.manifest.study
    for outcome in study.outcomes:
        for entry in study.estimators:
            if found := contrasts_of(run, question, outcome, entry.id):
                yield _established(entry.label, study.label(outcome), found)


def _established(label: str, outcome: str, found: Sequence[EstimatedContrast]) -> str:
    """Return how many of an estimator's contrasts are told from zero, and to which side."""
    above = sum(one.is_established and one.row.estimate > 0.0 for one in found)
    below = sum(one.is_established and one.row.estimate < 0.0 for one in found)
    if len(found) == 1:
        if not above + below:
            text = gettext("{label}: no difference in {outcome} is established.")
        else:
            text = gettext("{label}: {outcome} is {side} at {exposure_to} than at {exposure_from}.")
        return text.format(
            label=label,
            outcome=outcome,
            side=gettext("higher") if above else gettext("lower"),
            exposure_to=found[0].value,
            exposure_from=found[0].base,
        )
    sides = [gettext("{number} above").format(number=above)] if above else []
    sides += [gettext("{number} below").format(number=below)] if below else []
    told = gettext("{sides} zero").format(sides=joined(sides)) if sides else gettext("none")
    return gettext("{label}: of {n_found} differences in {outcome}, established are {told}.").format(
        label=label, n_found=len(found), outcome=outcome, told=told
    )


def contrast_table(run: Run, question: ContrastQuestion) -> ReportTable:
    """Return the contrasts of one question, of every outcome and estimator."""
    study, footnotes = run.manifest.study, Footnotes()
    about = question.about(study)
    found = {
        (outcome, entry.id): contrasts_of(run, question, outcome, entry.id)
        for outcome in study.outcomes
        for entry in study.estimators
    }
    has_truth = any(math.isfinite(one.truth) for own in found.values() for one in own)
    groups = []
    for outcome in study.outcomes:
        rows: list[TableRow] = []
        for entry in study.estimators:
            reasons = (
                row.reason for row in contrast_rows(run, question, outcome, entry.id) if not row.is_done
            )
            if reason := next(reasons, ""):
                rows.append(TableRow((TableCell(entry.label, mark=footnotes.mark(reason)),)))
            rows += [
                TableRow(tuple(_cells(entry.label, one, has_place=bool(about), has_truth=has_truth)))
                for one in found[outcome, entry.id]
            ]
        if rows:
            groups.append(RowGroup(tuple(rows), study.axis_label(outcome)))
    caption = gettext("Contrasts of {exposure}").format(exposure=study.label(study.exposure))
    by = [gettext("by {about}").format(about=about)] if about else []
    limits = gettext(", {level} intervals").format(level=percent(study.level, 0))
    heads = (
        gettext("Rows at the\nfirst, the second"),
        gettext("Difference"),
        gettext("Interval for\nall at once"),
    )
    return ReportTable(
        caption=" ".join([caption, *by]) + limits,
        columns=(
            *(TableColumn(gettext("Estimator")), TableColumn(gettext("Values"), "text")),
            *map(TableColumn, ([about] if about else [])),
            *map(TableColumn, heads),
            *map(TableColumn, ([gettext("Truth")] if has_truth else [])),
        ),
        groups=tuple(groups),
        footnotes=footnotes.listed(),
        notes=(" ".join(_notes(study, has_truth=has_truth)),),
    )


def _cells(label: str, one: EstimatedContrast, *, has_place: bool, has_truth: bool) -> Iterator[Given]:
    row = one.row
    yield from (label, one.pair)
    if has_place:
        yield row.group or ("" if math.isnan(row.moderator_at) else plain(row.moderator_at))
    yield f"{count(row.n_obs_to)}, {count(row.n_obs_from)}"
    number = estimated(row.estimate, row.conf_low, row.conf_high)
    yield estimate_cell(replace(number, excludes_zero=one.is_established))
    yield estimate(row.estimate, one.low, one.high)[1]
    if has_truth:
        yield significant(one.truth, 3) if math.isfinite(one.truth) else ""


def _notes(study: StudyRecord, *, has_truth: bool) -> Iterator[str]:
    yield gettext("Bold: established.")
    if not study.levels:
        yield gettext(
            "Of an exposure of more than three values the contrasts with the least one are shown; "
            "contrasts.csv has all pairs."
        )
    if has_truth:
        yield gettext("Truth: what the response behind the simulated data answers, on the same rows.")


def _heading(run: Run) -> str:
    study = run.manifest.study
    return gettext("Contrasts of {exposure}").format(exposure=study.label(study.exposure))


def contrast_groups(run: Run) -> Iterable[str]:
    """Return the names of the groups that contrasts are of."""
    return dict.fromkeys(row.group for row in run.rows(CONTRASTS) if row.group)


CONTRASTS_SECTION = Section(
    *("contrasts", marked("Contrasts"), 750, contrast_blocks, _heading, contrast_groups),
    tables=("contrasts",),
)
