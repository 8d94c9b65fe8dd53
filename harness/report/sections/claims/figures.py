"""Tables and figures of a publication in the order of the spec: each number as printed and as found here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.language import gettext, marked
from harness.record.study import OpenQuestionRecord, StudyRecord
from harness.report.model.run import Run
from harness.report.sections.claims.contradictions import Contradiction, contradictions
from harness.report.sections.claims.differences import differing_estimators, differing_protocols
from harness.report.sections.claims.errors import ErrorTable, error_table
from harness.report.sections.claims.rows import allowed_range, claim_number, claim_rows, published_text
from harness.report.sections.claims.standing import MEANINGS, SYMBOLS
from harness.report.text.plain_text import in_turn, listed
from harness.tables.claims import ClaimRow

NO_SOURCE = marked("no source given")


@dataclass(frozen=True)
class FigureRow:
    """One published number.

    Attributes
    ----------
    note : what the spec says of it
    recomputed, recomputed_range : from the other published numbers, and what their rounding allows it to be
    published, counterpart : what this run gives as published, and as it should be
    missing, counterpart_missing : why it gives none; empty where it does
    status, symbol, reason : how the published number stands, and why
    """

    about: str
    note: str
    outcome: str
    printed: str
    recomputed: str
    recomputed_range: str
    published: str
    missing: str
    counterpart: str
    counterpart_missing: str
    status: str
    symbol: str
    reason: str


@dataclass(frozen=True)
class PublishedFigure:
    """One table or figure of a publication.

    Attributes
    ----------
    published, counterpart : by which estimators its numbers are here
    errors : on all samples, of a table of errors
    estimators, protocols : in what those of the two differ, a sentence each
    left_open : what the publication does not say of it
    """

    source: str
    published: str
    counterpart: str
    rows: tuple[FigureRow, ...]
    errors: ErrorTable | None
    estimators: tuple[str, ...]
    protocols: tuple[str, ...]
    left_open: tuple[OpenQuestionRecord, ...]

    @property
    def by(self) -> str:
        """By which estimators its numbers are here, both as published and as it should be."""
        if not self.counterpart:
            return self.published
        return gettext("{published}; as it should be {counterpart}").format(
            published=self.published, counterpart=self.counterpart
        )


@dataclass(frozen=True)
class PublishedFigures:
    """All of them.

    Attributes
    ----------
    counts : status and number of claims, of those statuses that occur
    meanings : of the statuses that occur
    """

    counts: tuple[tuple[str, int], ...]
    meanings: tuple[tuple[str, str], ...]
    contradictions: tuple[Contradiction, ...]
    figures: tuple[PublishedFigure, ...]

    @property
    def estimators(self) -> tuple[str, ...]:
        """In what estimators as published and as they should be differ, each sentence once."""
        return tuple(dict.fromkeys(text for figure in self.figures for text in figure.estimators))

    @property
    def has_two_protocols(self) -> bool:
        """Whether some number as it should be is under another protocol than the published one."""
        return any(figure.protocols for figure in self.figures)

    @property
    def left_open(self) -> tuple[OpenQuestionRecord, ...]:
        """What the publication does not say, each question once."""
        questions = {one.question: one for figure in self.figures for one in figure.left_open}
        return tuple(questions.values())

    @property
    def n_claims(self) -> int:
        """How many published numbers there are."""
        return sum(number for _, number in self.counts)


def published_figures(run: Run) -> PublishedFigures:
    """Return the tables and figures that claims name, in the order of the spec."""
    claims = claim_rows(run)
    sources = dict.fromkeys(row.source for row in claims)
    figures = tuple(
        _figure(run, source, [row for row in claims if row.source == source]) for source in sources
    )
    counts = {status: sum(row.status == status for row in claims) for status, _ in MEANINGS}
    return PublishedFigures(
        counts=tuple((status, number) for status, number in counts.items() if number),
        meanings=tuple((status, gettext(meaning)) for status, meaning in MEANINGS if counts[status]),
        contradictions=contradictions(run.manifest.study, claims),
        figures=figures,
    )


def _figure(run: Run, source: str, claims: Sequence[ClaimRow]) -> PublishedFigure:
    study = run.manifest.study
    is_of_several = len({row.estimator for row in claims}) > 1
    return PublishedFigure(
        source=source or gettext(NO_SOURCE),
        published=_by(study, [(row.estimator, row.protocol) for row in claims]),
        counterpart=_by(
            study,
            [
                (row.counterpart_estimator, row.counterpart_protocol)
                for row in claims
                if row.counterpart_estimator
            ],
        ),
        rows=tuple(_row(study, row, is_named=is_of_several) for row in claims),
        errors=error_table(run, claims),
        estimators=differing_estimators(study, claims),
        protocols=differing_protocols(study, claims),
        left_open=tuple(one for one in study.left_open if source in one.sources),
    )


def _by(study: StudyRecord, cells: Sequence[tuple[str, str]]) -> str:
    """Return the estimators, and protocols where there are any, that numbers are by."""
    labels = dict.fromkeys(study.estimator_label(estimator) for estimator, _ in cells)
    titles = dict.fromkeys(study.protocol_title(protocol) for _, protocol in cells if protocol)
    return in_turn(filter(None, (listed(labels), listed(titles))))


def _row(study: StudyRecord, row: ClaimRow, *, is_named: bool) -> FigureRow:
    return FigureRow(
        about=listed([row.about, study.estimator_label(row.estimator)]) if is_named else row.about,
        note=row.note,
        outcome=study.label(row.outcome),
        printed=published_text(row),
        recomputed=claim_number(row, row.recomputed),
        recomputed_range=allowed_range(row),
        published=claim_number(row, row.this_run),
        missing="" if math.isfinite(row.this_run) else row.reason,
        counterpart=claim_number(row, row.counterpart),
        counterpart_missing=row.counterpart_reason,
        status=row.status,
        symbol=SYMBOLS.get(row.status, ""),
        reason=row.reason,
    )
