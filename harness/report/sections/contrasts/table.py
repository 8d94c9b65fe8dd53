"""The table of contrasts of one question: every estimator, every place, with both intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.language import gettext
from harness.report.model.run import Run
from harness.report.sections.contrasts.rows import (
    ContrastQuestion,
    EstimatedContrast,
    contrast_reason,
    contrasts_of,
)
from harness.report.text.footnotes import Footnotes
from harness.report.text.numbers import EstimateText, count, estimate, estimated, plain, significant
from harness.report.text.plain_text import joined


@dataclass(frozen=True)
class ContrastTableRow:
    """One contrast in words; `mark` is of the footnote that says why an estimator has none."""

    label: str
    pair: str
    place: str
    n_from: str
    n_to: str
    contrast: EstimateText
    all_interval: str
    is_established: bool
    truth: str
    mark: str


@dataclass(frozen=True)
class ContrastBlock:
    """One outcome."""

    heading: str
    rows: tuple[ContrastTableRow, ...]


@dataclass(frozen=True)
class ContrastTable:
    """One question.

    Attributes
    ----------
    about : the groups or the moderator in words; empty where it is about all rows
    has_truth : whether any truth is known
    sentences : how many contrasts are told from zero, an estimator each
    """

    about: str
    blocks: tuple[ContrastBlock, ...]
    has_truth: bool
    sentences: tuple[str, ...]
    footnotes: tuple[tuple[str, str], ...]


def contrast_table(run: Run, question: ContrastQuestion) -> ContrastTable:
    """Return the table of one question, of every outcome and estimator."""
    study, footnotes = run.manifest.study, Footnotes()
    blocks, sentences, has_truth = [], [], False
    for outcome in study.outcomes:
        rows: list[ContrastTableRow] = []
        for entry in study.estimators:
            found = contrasts_of(run, question, outcome, entry.id)
            reason = contrast_reason(run, question, outcome, entry.id)
            if reason:
                rows.append(_without(entry.label, footnotes.mark(reason)))
            rows += [_row(entry.label, one) for one in found]
            has_truth = has_truth or any(math.isfinite(one.truth) for one in found)
            if found:
                sentences.append(established_text(entry.label, study.label(outcome), found))
        if rows:
            blocks.append(ContrastBlock(study.axis_label(outcome), tuple(rows)))
    about = study.label(question.by or question.moderator) if question.by or question.moderator else ""
    return ContrastTable(about, tuple(blocks), has_truth, tuple(sentences), footnotes.listed())


def _without(label: str, mark: str) -> ContrastTableRow:
    return ContrastTableRow(label, "", "", "", "", EstimateText("", ""), "", False, "", mark)


def _row(label: str, one: EstimatedContrast) -> ContrastTableRow:
    place = one.place
    return ContrastTableRow(
        label=label,
        pair=place.pair,
        place=place.group or ("" if math.isnan(place.moderator_at) else plain(place.moderator_at)),
        n_from=count(one.n_from),
        n_to=count(one.n_to),
        contrast=estimated(one.estimate, one.low, one.high),
        all_interval=estimate(one.estimate, one.all_low, one.all_high)[1],
        is_established=one.is_established,
        truth=significant(one.truth, 3) if math.isfinite(one.truth) else "",
        mark="",
    )


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
