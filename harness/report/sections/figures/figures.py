"""The published tables and figures in the order of the spec: printed, as published, as it should be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.report.model.run import Run
from harness.report.sections.claims.table import ClaimRow, claim_number, claim_rows, published_text
from harness.report.sections.figures.differences import differences
from harness.report.sections.figures.errors import ErrorTable, error_table
from harness.report.text.footnotes import Footnotes
from harness.store.study_record import OpenQuestionRecord, StudyRecord

NO_SOURCE = "no source given"


@dataclass(frozen=True)
class FigureRow:
    """One published number; marks are of footnotes with the reason why there is none."""

    about: str
    outcome: str
    printed: str
    published: str
    published_mark: str
    counterpart: str
    counterpart_mark: str


@dataclass(frozen=True)
class PublishedFigure:
    """One table or figure of a publication.

    Attributes
    ----------
    published, counterpart : by which estimators its numbers are here
    errors : on all samples, of a table of errors
    differences : why the two differ, a sentence each
    left_open : what the publication does not say of it
    """

    source: str
    published: str
    counterpart: str
    rows: tuple[FigureRow, ...]
    errors: ErrorTable | None
    differences: tuple[str, ...]
    left_open: tuple[OpenQuestionRecord, ...]


@dataclass(frozen=True)
class PublishedFigures:
    """All of them."""

    figures: tuple[PublishedFigure, ...]
    footnotes: tuple[tuple[str, str], ...]


def published_figures(run: Run) -> PublishedFigures:
    """Return the tables and figures that claims name, in the order of the spec."""
    claims, footnotes = claim_rows(run), Footnotes()
    sources = dict.fromkeys(row.source for row in claims)
    figures = tuple(
        _figure(run, source, [row for row in claims if row.source == source], footnotes) for source in sources
    )
    return PublishedFigures(figures, footnotes.listed())


def _figure(run: Run, source: str, claims: Sequence[ClaimRow], footnotes: Footnotes) -> PublishedFigure:
    study = run.manifest.study
    is_of_several = len({row.estimator for row in claims}) > 1
    return PublishedFigure(
        source=source or NO_SOURCE,
        published=_by(study, [(row.estimator, row.protocol) for row in claims]),
        counterpart=_by(
            study,
            [
                (row.counterpart_estimator, row.counterpart_protocol)
                for row in claims
                if row.counterpart_estimator
            ],
        ),
        rows=tuple(_row(study, row, footnotes, is_named=is_of_several) for row in claims),
        errors=error_table(run, claims),
        differences=differences(study, claims),
        left_open=tuple(one for one in study.left_open if source in one.sources),
    )


def _by(study: StudyRecord, cells: Sequence[tuple[str, str]]) -> str:
    """Return the estimators, and protocols where there are any, that numbers are by."""
    labels = dict.fromkeys(study.estimator_label(estimator) for estimator, _ in cells)
    titles = dict.fromkeys(study.protocol_title(protocol) for _, protocol in cells if protocol)
    return "; ".join(filter(None, (", ".join(labels), ", ".join(titles))))


def _row(study: StudyRecord, row: ClaimRow, footnotes: Footnotes, *, is_named: bool) -> FigureRow:
    return FigureRow(
        about=f"{row.about}, {study.estimator_label(row.estimator)}" if is_named else row.about,
        outcome=study.label(row.outcome),
        printed=published_text(row),
        published=claim_number(row, row.this_run),
        published_mark="" if math.isfinite(row.this_run) else footnotes.mark(row.reason),
        counterpart=claim_number(row, row.counterpart),
        counterpart_mark=footnotes.mark(row.counterpart_reason),
    )
