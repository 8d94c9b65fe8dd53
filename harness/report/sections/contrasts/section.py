"""The section of contrasts: every estimator and place of a question, with both intervals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
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
    contrast_reason,
    contrast_rows,
    contrasts_of,
)
from harness.report.sections.section import Section
from harness.report.table import Given, ReportTable, RowGroup, TableCell, TableColumn, TableRow, estimate_cell
from harness.text.numbers import count, estimate, estimated, percent, plain, significant
from harness.text.plain_text import Footnotes, joined

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer


def contrast_blocks(run: Run, renderer: FigureRenderer) -> Iterator[ReportBlock]:
    """Yield the contrasts of every question."""
    from harness.report.sections.contrasts.figure import contrast_figures

    study, questions = run.manifest.study, contrast_questions(run)
    if questions:
        yield Paragraph(_what(study))
    for question in questions:
        about = _about(study, question)
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


def _about(study: StudyRecord, question: ContrastQuestion) -> str:
    """Return the groups or the moderator in words; empty where a question is about all rows."""
    name = question.by or question.moderator
    return study.label(name) if name else ""


def established_texts(run: Run, question: ContrastQuestion) -> Iterator[str]:
    """Yield how many contrasts are told from zero, an outcome and estimator each."""
    study = run.manifest.study
    for outcome in study.outcomes:
        for entry in study.estimators:
            found = contrasts_of(run, question, outcome, entry.id)
            if found:
                yield established_text(entry.label, study.label(outcome), found)


def contrast_table(run: Run, question: ContrastQuestion) -> ReportTable:
    """Return the contrasts of one question, of every outcome and estimator."""
    study, footnotes = run.manifest.study, Footnotes()
    about = _about(study, question)
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
            reason = contrast_reason(run, question, outcome, entry.id)
            if reason:
                rows.append(TableRow((TableCell(entry.label, mark=footnotes.mark(reason)),)))
            rows += [
                TableRow(tuple(_cells(entry.label, one, has_place=bool(about), has_truth=has_truth)))
                for one in found[outcome, entry.id]
            ]
        if rows:
            groups.append(RowGroup(tuple(rows), study.axis_label(outcome)))
    exposure, level = study.label(study.exposure), percent(study.level, 0)
    caption = gettext("Contrasts of {exposure}").format(exposure=exposure)
    by = [gettext("by {about}").format(about=about)] if about else []
    limits = gettext(", {level} intervals").format(level=level)
    return ReportTable(
        caption=" ".join([caption, *by]) + limits,
        columns=(
            *(TableColumn(gettext("Estimator")), TableColumn(gettext("Values"), "text")),
            *([TableColumn(about)] if about else []),
            TableColumn(gettext("Rows at the\nfirst, the second")),
            *(TableColumn(gettext("Difference")), TableColumn(gettext("Interval for\nall at once"))),
            *([TableColumn(gettext("Truth"))] if has_truth else []),
        ),
        groups=tuple(groups),
        footnotes=footnotes.listed(),
        notes=(" ".join(_notes(study, has_truth=has_truth)),),
    )


def _cells(label: str, one: EstimatedContrast, *, has_place: bool, has_truth: bool) -> Iterator[Given]:
    place = one.place
    yield from (label, place.pair)
    if has_place:
        yield place.group or ("" if math.isnan(place.moderator_at) else plain(place.moderator_at))
    yield f"{count(one.n_to)}, {count(one.n_from)}"
    number = estimated(one.estimate, one.low, one.high)
    yield estimate_cell(replace(number, excludes_zero=one.is_established))
    yield estimate(one.estimate, one.all_low, one.all_high)[1]
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


def established_text(label: str, outcome: str, found: tuple[EstimatedContrast, ...]) -> str:
    """Return how many of an estimator's contrasts are told from zero, and to which side.

    A contrast is where the interval that holds for all of them at once excludes zero.
    """
    if len(found) == 1:
        (one,) = found
        if not one.is_established:
            return gettext("{label}: no difference in {outcome} is established.").format(
                label=label, outcome=outcome
            )
        side = gettext("higher") if one.estimate > 0.0 else gettext("lower")
        return gettext("{label}: {outcome} is {side} at {exposure_to} than at {exposure_from}.").format(
            label=label,
            outcome=outcome,
            side=side,
            exposure_to=one.place.exposure_to,
            exposure_from=one.place.exposure_from,
        )
    above = sum(one.is_established and one.estimate > 0.0 for one in found)
    below = sum(one.is_established and one.estimate < 0.0 for one in found)
    sides = [gettext("{number} above").format(number=number) for number in (above,) if number]
    sides += [gettext("{number} below").format(number=number) for number in (below,) if number]
    told = gettext("{sides} zero").format(sides=joined(sides)) if sides else gettext("none")
    return gettext("{label}: of {n_found} differences in {outcome}, established are {told}.").format(
        label=label, n_found=len(found), outcome=outcome, told=told
    )


def _heading(run: Run) -> str:
    study = run.manifest.study
    return gettext("Contrasts of {exposure}").format(exposure=study.label(study.exposure))


def contrast_groups(run: Run) -> Iterable[str]:
    """Return the names of the groups that contrasts are of."""
    return dict.fromkeys(row.group for row in contrast_rows(run) if row.group)


CONTRASTS_SECTION = Section(
    *("contrasts", marked("Contrasts"), 750, contrast_blocks, _heading, contrast_groups),
    tables=("contrasts",),
)
