"""The section of published numbers: a publication figure by figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from harness.findings.run import Run
from harness.language import gettext, marked, pgettext
from harness.record.study import StudyRecord
from harness.report.blocks import Bullets, Definitions, Heading, Paragraph, Phrase, ReportBlock, Words, rich
from harness.report.sections.claims.markdown import markdown
from harness.report.sections.claims.published import MEANINGS, SYMBOLS, PublishedFigure, published_figures
from harness.report.sections.claims.rows import allowed_range, claim_number, published_text
from harness.report.sections.claims.why import Contradiction, contradictions
from harness.report.sections.section import ReportFile, Section
from harness.report.table import ReportTable, RowGroup, TableCell, TableColumn, TableRow
from harness.tables.claims import CLAIMS, ClaimRow
from harness.text.numbers import count
from harness.text.plain_text import capitalised, in_turn, listed

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer
    from harness.study.spec.study import ReportFormat

MARKDOWN = "tables/figure_by_figure.md"
LOOKS = {"inconsistent": "contradiction", "differs": "worse", "reproduced": "better", "consistent": "better"}
"""How the status of a claim looks; any other is open."""

MANY = 50
"""With more claims the page shows one of each figure, with fewer two."""


def claim_blocks(run: Run, _renderer: FigureRenderer) -> Iterator[ReportBlock]:
    """Yield how the published numbers stand, what cannot be right, their tables, and why they differ."""
    study, claims = run.manifest.study, run.rows(CLAIMS)
    figures = published_figures(run)
    n_of = Counter(row.status for row in claims)
    counts = listed(f"{gettext(status)} {count(n_of[status])}" for status, _ in MEANINGS if n_of[status])
    declared = gettext("The spec declares {n_claims} published numbers:").format(n_claims=count(len(claims)))
    yield Paragraph(f"{declared} {counts}" + pgettext("end", "."))
    found = contradictions(study, claims)
    yield from _wrong([one for one in found if not one.assumption])
    yield from _wrong_if([one for one in found if one.assumption])
    yield Paragraph(_how(is_simulated=run.manifest.data.simulated))
    yield claim_table(study, figures)
    yield from (figure.errors for figure in figures if figure.errors is not None)
    if any(figure.protocols for figure in figures):
        under = gettext("As published and as it should be are under different [protocols](#protocols).")
        yield Paragraph(rich(under))
    differing = tuple(dict.fromkeys(text for figure in figures for text in figure.estimators))
    if differing:
        yield Bullets(differing)
    left_open = {one.question: one.taken for figure in figures for one in figure.left_open}
    if left_open:
        yield Paragraph(gettext("Not said in the publication:"))
        here = gettext("Here: {taken}")
        yield Definitions(tuple((asked, here.format(taken=taken)) for asked, taken in left_open.items()))
    yield Paragraph(_meanings([status for status, _ in MEANINGS if n_of[status]]), "note")


def _wrong(found: Sequence[Contradiction]) -> Iterator[ReportBlock]:
    if found:
        yield Heading(gettext("What cannot be right"))
        yield Definitions(tuple((one.reason, one.claims + pgettext("end", ".")) for one in found))


def _wrong_if(found: Sequence[Contradiction]) -> Iterator[ReportBlock]:
    if found:
        yield Heading(gettext("What cannot be right if something is assumed"))
        yield Paragraph(
            gettext(
                "The publication does not say whether these assumptions hold; where they do not, there is no "
                "contradiction."
            )
        )
        yield Definitions(
            tuple(
                (
                    (Phrase(capitalised(one.assumption) + pgettext("end", "."), "em"), f" {one.reason}"),
                    one.claims + pgettext("end", "."),
                )
                for one in found
            )
        )


def _how(*, is_simulated: bool) -> str:
    parts = [
        gettext(
            "Each number as it is printed; as published, by the estimator and protocol that stand for the "
            "published ones, on the rows of this run; and as it should be, by their counterparts."
        )
    ]
    if is_simulated:
        parts.append(
            gettext(
                "The rows are simulated, so a printed number and one of this run may differ for that reason "
                "alone."
            )
        )
    parts.append(
        gettext(
            "The CSV has all, what follows from the other published numbers and their rounding, and the "
            "reason for each status and dash."
        )
    )
    return " ".join(parts)


def claim_table(study: StudyRecord, figures: Sequence[PublishedFigure]) -> ReportTable:
    """Return every published number, as published here, and as it should be."""
    groups, said = [], set[str]()
    for figure in figures:
        heading = figure.source
        if figure.by not in said:
            heading = gettext("{source}: {by}").format(source=figure.source, by=figure.by)
        said.add(figure.by)
        groups.append(RowGroup(tuple(_row(study, figure, row) for row in figure.claims), heading))
    return ReportTable(
        caption=gettext("Published numbers, as published here, and as they should be"),
        columns=(
            *(
                TableColumn(gettext("What")),
                TableColumn(gettext("Outcome"), "text"),
                TableColumn(gettext("Printed")),
            ),
            TableColumn(gettext("Recomputed"), is_for_files=True),
            TableColumn(gettext("Within rounding"), is_for_files=True),
            *(TableColumn(gettext("As published")), TableColumn(gettext("As it should be"))),
            TableColumn(gettext("Status"), "text"),
            TableColumn(gettext("Reason"), is_for_files=True),
            TableColumn(gettext("Why it has no counterpart"), is_for_files=True),
        ),
        groups=tuple(groups),
        most=1 if sum(len(figure.claims) for figure in figures) > MANY else 2,
        is_most_of_each=True,
    )


def _row(study: StudyRecord, figure: PublishedFigure, row: ClaimRow) -> TableRow:
    return TableRow(
        (
            TableCell(figure.about(study, row), (row.note,) if row.note else ()),
            *(study.label(row.outcome), published_text(row)),
            *(claim_number(row, row.recomputed), allowed_range(row)),
            *(claim_number(row, row.this_run), claim_number(row, row.counterpart)),
            TableCell(
                gettext(row.status),
                look=f"status {LOOKS.get(row.status, 'open')}",
                symbol=SYMBOLS.get(row.status, ""),
            ),
            *(row.reason, row.counterpart_reason),
        )
    )


def _meanings(statuses: Sequence[str]) -> Words:
    """Return what the statuses that occur mean."""
    meanings = dict(MEANINGS)
    parts: list[str | Phrase] = []
    for status in statuses:
        parts += [in_turn(["", ""]) if parts else "", Phrase(gettext(status), "em")]
        parts.append(pgettext("between", ": ") + gettext(meanings[status]))
    return (*(part for part in parts if part), pgettext("end", "."))


def claim_files(run: Run, report_format: ReportFormat) -> Iterator[ReportFile]:
    """Yield the section as Markdown."""
    if report_format == "markdown":
        text = markdown(run.manifest.study, published_figures(run))
        yield ReportFile(MARKDOWN, text, gettext("the publication figure by figure, as Markdown"))


CLAIMS_SECTION = Section(
    name="claims",
    title=marked("Published numbers"),
    place=1000,
    content=claim_blocks,
    heading=marked("Published numbers, figure by figure"),
    files=claim_files,
    tables=(CLAIMS.name,),
)
