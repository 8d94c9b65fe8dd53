"""Tables and figures of a publication in the order of the spec, and how each of their numbers stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.findings.run import Run
from harness.language import gettext, marked
from harness.record.study import OpenQuestionRecord, StudyRecord
from harness.report.sections.claims.errors import error_table
from harness.report.sections.claims.why import differing_estimators, differing_protocols
from harness.report.table import ReportTable
from harness.tables.claims import CLAIMS, ClaimRow
from harness.text.plain_text import in_turn, listed

NO_SOURCE = marked("no source given")

SYMBOLS = {
    "inconsistent": "✗",
    "inconsistent under assumption": "?",
    "differs": "≠",
    "reproduced": "=",
    "consistent": "✓",
    "not comparable": "",
}
"""What says the same as the word beside it."""

MEANINGS = (
    (
        marked("inconsistent"),
        marked("cannot be right together with the other published numbers, by arithmetic"),
    ),
    (
        marked("inconsistent under assumption"),
        marked("cannot be right together with them if what is named there is assumed"),
    ),
    (marked("differs"), marked("this run gives another number than the published one, beyond its rounding")),
    (
        marked("reproduced"),
        marked("this run's number rounds to the published one, or lies within the declared tolerance"),
    ),
    (marked("consistent"), marked("follows from the other published numbers, as far as they were printed")),
    (
        marked("not comparable"),
        marked("these data are not the published ones, or this run gives no such number"),
    ),
)


@dataclass(frozen=True)
class PublishedFigure:
    """One table or figure of a publication.

    Attributes
    ----------
    claims : its numbers
    published, counterpart : by which estimators these are here
    errors : on all samples, of a table of errors
    estimators, protocols : in what those of the two differ, a sentence each
    left_open : what the publication does not say of it
    """

    source: str
    claims: tuple[ClaimRow, ...]
    published: str
    counterpart: str
    errors: ReportTable | None
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

    def about(self, study: StudyRecord, row: ClaimRow) -> str:
        """Return what a number is, with its estimator where the figure is of several."""
        if len({own.estimator for own in self.claims}) == 1:
            return row.about
        return listed([row.about, study.estimator_label(row.estimator)])


def published_figures(run: Run) -> tuple[PublishedFigure, ...]:
    """Return the tables and figures that claims name, in the order of the spec."""
    claims = run.rows(CLAIMS)
    return tuple(
        _figure(run, source, tuple(row for row in claims if row.source == source))
        for source in dict.fromkeys(row.source for row in claims)
    )


def _figure(run: Run, source: str, claims: tuple[ClaimRow, ...]) -> PublishedFigure:
    study = run.manifest.study
    counterparts = [
        (row.counterpart_estimator, row.counterpart_protocol) for row in claims if row.counterpart_estimator
    ]
    title = source or gettext(NO_SOURCE)
    return PublishedFigure(
        source=title,
        claims=claims,
        published=_by(study, [(row.estimator, row.protocol) for row in claims]),
        counterpart=_by(study, counterparts),
        errors=error_table(run, title, claims),
        estimators=differing_estimators(study, claims),
        protocols=differing_protocols(study, claims),
        left_open=tuple(one for one in study.left_open if source in one.sources),
    )


def _by(study: StudyRecord, cells: Sequence[tuple[str, str]]) -> str:
    """Return the estimators, and protocols where there are any, that numbers are by."""
    labels = dict.fromkeys(study.estimator_label(estimator) for estimator, _ in cells)
    titles = dict.fromkeys(study.protocol_title(protocol) for _, protocol in cells if protocol)
    return in_turn(filter(None, (listed(labels), listed(titles))))
