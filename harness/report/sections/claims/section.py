"""The section of published numbers: a publication figure by figure, on the page and as Markdown."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from harness.findings.run import Run
from harness.language import closed_up, gettext, marked, pgettext
from harness.record.study import StudyRecord
from harness.report.blocks import (
    Bullets,
    Definitions,
    Heading,
    Paragraph,
    Phrase,
    ReportBlock,
    Words,
    plain_words,
    rich,
)
from harness.report.render.text import markdown_table, plain_markdown
from harness.report.sections.claims.published import (
    Contradiction,
    PublishedFigure,
    claim_number,
    contradictions,
    published_figures,
    published_text,
)
from harness.report.sections.section import ReportFile, Section
from harness.report.table import ReportTable, RowGroup, TableCell, TableColumn, TableRow
from harness.tables.claims import CLAIMS, ClaimRow
from harness.text.numbers import count
from harness.text.plain_text import Footnotes, capitalised, in_turn, listed

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer
    from harness.study.spec.study import ReportFormat

MARKDOWN = "tables/figure_by_figure.md"

# By status of a claim: how it looks, what says the same as the word next to it, and what it means.
STATUSES = {
    "inconsistent": (
        *("contradiction", "✗"),
        marked("cannot be right together with the other published numbers, by arithmetic"),
    ),
    "inconsistent under assumption": (
        *("open", "?"),
        marked("cannot be right together with them if what is named there is assumed"),
    ),
    "differs": (
        *("worse", "≠"),
        marked("this run gives another number than the published one, beyond its rounding"),
    ),
    "reproduced": (
        *("better", "="),
        marked("this run's number rounds to the published one, or lies within the declared tolerance"),
    ),
    "consistent": (
        *("better", "✓"),
        marked("follows from the other published numbers, as far as they were printed"),
    ),
    "not comparable": (
        *("open", ""),
        marked("these data are not the published ones, or this run gives no such number"),
    ),
}

# The statuses are words of tables.
WORDS = (
    *(marked("inconsistent"), marked("differs"), marked("reproduced"), marked("consistent")),
    marked("not comparable"),
)

# With more claims the page shows one of each figure, with fewer two.
MANY = 50


def claim_blocks(run: Run, _renderer: FigureRenderer) -> Iterator[ReportBlock]:
    """Yield how the published numbers stand, what cannot be right, their tables, and why they differ."""
    study, claims = run.manifest.study, run.rows(CLAIMS)
    figures = published_figures(run)
    n_of = Counter(row.status for row in claims)
    present = [status for status in STATUSES if n_of[status]]
    counts = listed(f"{gettext(status)} {count(n_of[status])}" for status in present)
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
    meanings: list[str | Phrase] = []
    for status in present:
        meanings += [in_turn(["", ""])] if meanings else []
        meaning = pgettext("between", ": ") + gettext(STATUSES[status][2])
        meanings += [Phrase(gettext(status), "em"), meaning]
    yield Paragraph((*meanings, pgettext("end", ".")), "note")


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
        pairs: list[tuple[Words, Words]] = []
        for one in found:
            assumption = Phrase(capitalised(one.assumption) + pgettext("end", "."), "em")
            pairs.append(((assumption, f" {one.reason}"), one.claims + pgettext("end", ".")))
        yield Definitions(tuple(pairs))


def _how(*, is_simulated: bool) -> str:
    numbers = gettext(
        "Each number as it is printed; as published, by the estimator and protocol that stand for the "
        "published ones, on the rows of this run; and as it should be, by their counterparts."
    )
    simulated = gettext(
        "The rows are simulated, so a printed number and one of this run may differ for that reason alone."
    )
    files = gettext(
        "The CSV has all, what follows from the other published numbers and their rounding, and the reason "
        "for each status and dash."
    )
    return " ".join([numbers, *([simulated] if is_simulated else []), files])


def claim_table(study: StudyRecord, figures: Sequence[PublishedFigure]) -> ReportTable:
    """Return every published number, as published here, and as it should be."""
    groups, known = [], set[str]()
    words = gettext("{source}: {by}")
    for figure in figures:
        is_new = figure.by not in known
        known.add(figure.by)
        heading = words.format(source=figure.source, by=figure.by) if is_new else figure.source
        groups.append(RowGroup(tuple(_row(study, figure, row) for row in figure.claims), heading))
    return ReportTable(
        caption=gettext("Published numbers, as published here, and as they should be"),
        columns=(
            *(TableColumn(gettext("What")), TableColumn(gettext("Outcome"), "text")),
            TableColumn(gettext("Printed")),
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
    look, symbol, _ = STATUSES.get(row.status, ("open", "", ""))
    low, high = (claim_number(row, limit) for limit in (row.recomputed_low, row.recomputed_high))
    is_bounded = math.isfinite(row.recomputed_low) and math.isfinite(row.recomputed_high)
    words = gettext("{low} to\u00a0{high}")
    return TableRow(
        (
            TableCell(figure.about(study, row), (row.note,) if row.note else ()),
            *(study.label(row.outcome), published_text(row), claim_number(row, row.recomputed)),
            words.format(low=low, high=high) if is_bounded else "",
            *(claim_number(row, row.this_run), claim_number(row, row.counterpart)),
            TableCell(gettext(row.status), look=f"status {look}", symbol=symbol),
            *(row.reason, row.counterpart_reason),
        )
    )


def claim_files(run: Run, report_format: ReportFormat) -> Iterator[ReportFile]:
    """Yield the section as Markdown."""
    if report_format == "markdown":
        text = markdown(run.manifest.study, published_figures(run))
        yield ReportFile(MARKDOWN, text, gettext("the publication figure by figure, as Markdown"))


def markdown(study: StudyRecord, figures: Sequence[PublishedFigure]) -> str:
    """Return a heading and a table for every published table and figure, and the notes below."""
    footnotes = Footnotes()
    parts = [part for figure in figures for part in _figure(study, figure, footnotes)]
    notes = "\n".join(f"- ({mark}) {plain_markdown(reason)}" for mark, reason in footnotes.listed())
    if notes:
        head = gettext("Where a number is missing")
        parts += [f"## {head}", notes]
    return closed_up("\n\n".join(parts) + "\n")


def _figure(study: StudyRecord, figure: PublishedFigure, footnotes: Footnotes) -> Iterator[str]:
    yield f"## {plain_markdown(figure.source)}"
    by = gettext("As published: {published}.").format(published=plain_markdown(figure.published))
    both = gettext("{by} As it should be: {counterpart}.").format(
        by=by, counterpart=plain_markdown(figure.counterpart)
    )
    yield both if figure.counterpart else by
    head = (
        *(gettext("what"), gettext("outcome"), gettext("printed"), gettext("as published, here")),
        gettext("as it should be, here"),
    )
    rows = []
    for row in figure.claims:
        here = footnotes.mark("" if math.isfinite(row.this_run) else row.reason)
        other = footnotes.mark(row.counterpart_reason)
        rows.append(
            (
                *(figure.about(study, row), study.label(row.outcome), published_text(row)),
                claim_number(row, row.this_run) + (f" ({here})" if here else ""),
                claim_number(row, row.counterpart) + (f" ({other})" if other else ""),
            )
        )
    yield markdown_table(head, rows)
    if figure.errors is not None:
        yield _errors(study, figure.errors)
    if figure.estimators or figure.protocols:
        yield gettext("Why they differ:") + "\n\n" + _list([*figure.estimators, *figure.protocols])
    if figure.left_open:
        words = gettext("{question}. Here: {taken}")
        questions = [
            words.format(question=one.question.rstrip("."), taken=one.taken) for one in figure.left_open
        ]
        yield gettext("Not said in the publication:") + "\n\n" + _list(questions)


def _errors(study: StudyRecord, table: ReportTable) -> str:
    labels = [study.estimator_label(name) for name in study.references]
    gains = [gettext("gain over {label}").format(label=label) for label in labels]
    halves = [
        listed([what, plain_words(cell.words)])
        for cell in table.over[1:]
        for what in (gettext("MSE"), *gains)
    ]
    head = (gettext("outcome"), gettext("sample"), gettext("estimator"), *halves)
    return markdown_table(head, [texts for texts, _ in table.body_rows])


def _list(sentences: Iterable[str]) -> str:
    return "\n".join(f"- {plain_markdown(sentence)}" for sentence in sentences)


CLAIMS_SECTION = Section(
    name="claims",
    title=marked("Published numbers"),
    place=1000,
    content=claim_blocks,
    heading=marked("Published numbers, figure by figure"),
    files=claim_files,
    tables=(CLAIMS.name,),
)
