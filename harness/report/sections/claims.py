"""The sections of published numbers, figure by figure, on the page and as Markdown, and of expected ones."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from harness.findings.run import Run
from harness.language import marked, pgettext, rendered, spaced, topic
from harness.record.manifest import StudyRecord
from harness.report import blocks
from harness.report import blocks as parts
from harness.report.render.text import markdown_table, plain_markdown
from harness.report.sections import published
from harness.report.sections.published import conclusion_table
from harness.report.sections.section import ReportFile, Section
from harness.tables.claims import ASSUMING, CLAIMS, EXPECTATIONS, IF_ROUNDED, ClaimRow, ExpectationRow
from harness.tables.findings import FINDINGS
from harness.text.numbers import MISSING, count, fixed, significant
from harness.text.plain_text import capitalised, footnote_marks, in_turn, listed

if TYPE_CHECKING:
    from harness.study.spec.study import ReportFormat

gettext = topic("report.claims")


MARKDOWN = "tables/figure_by_figure.md"

# By status of a claim: how it looks, and what says the same as the word next to it.
LOOKS = {
    marked("inconsistent"): ("contradiction", "✗"),
    IF_ROUNDED: ("open", "?"),
    ASSUMING: ("open", "?"),
    marked("differs"): ("worse", "≠"),
    marked("reproduced"): ("better", "="),
    marked("consistent"): ("better", "✓"),
    marked("not comparable"): ("open", ""),
}
MEANINGS = {
    "inconsistent": marked("cannot be right together with the other published numbers, by arithmetic"),
    IF_ROUNDED: marked("cannot be right if these were rounded, and can if digits were cut off"),
    ASSUMING: marked("cannot be right together with them if what is named there is assumed"),
    "differs": marked("this run gives another number than the published one, beyond its rounding"),
    "reproduced": marked(
        "this run's number rounds to the published one, or lies within the declared tolerance"
    ),
    "consistent": marked("follows from the other published numbers, as far as they were printed"),
    "not comparable": marked("these data are not the published ones, or this run gives no such number"),
}


def claim_blocks(run: Run) -> Iterator[blocks.ReportBlock]:
    """Yield how published numbers and conclusions stand; in the appendix every number, and why it differs."""
    study, claims = run.manifest.study, run.rows(CLAIMS)
    figures = published.published_figures(run)
    n_of = Counter(row.status for row in claims)
    present = [status for status in LOOKS if n_of[status]]
    counts = listed(f"{rendered(status)} {count(n_of[status])}" for status in present)
    declared = gettext("The spec declares {n_claims} published numbers:").format(n_claims=count(len(claims)))
    yield blocks.Paragraph(f"{declared} {counts}" + pgettext("text.end", "."))
    for judged in run.rows(FINDINGS, finding="claims"):
        yield blocks.Paragraph(judged.text)
    wrong, wrong_if = _wrong(published.contradictions(study, claims))
    if wrong:
        yield blocks.Heading(gettext("Published numbers that cannot be right"))
        yield blocks.Definitions(wrong)
    if study.conclusions:
        yield conclusion_table(run)
    yield blocks.Appendix((*_assumed(wrong_if), *_details(run, figures), _meanings(present)))


def _meanings(present: Iterable[str]) -> blocks.Paragraph:
    """Return what statuses mean."""
    meanings: list[str | blocks.Phrase] = []
    for status in present:
        meanings += [in_turn(["", ""])] if meanings else []
        meaning = pgettext("text.between", ": ") + rendered(MEANINGS[status])
        meanings += [blocks.Phrase(rendered(status), "em"), meaning]
    return blocks.Paragraph((*meanings, pgettext("text.end", ".")), "note")


Defined = tuple[tuple[blocks.Words, blocks.Words], ...]


def _wrong(found: Sequence[published.Contradiction]) -> tuple[Defined, Defined]:
    """Return what cannot be right, by arithmetic and by assumptions."""
    end = pgettext("text.end", ".")
    wrong: list[tuple[blocks.Words, blocks.Words]] = []
    wrong_if: list[tuple[blocks.Words, blocks.Words]] = []
    for one in found:
        if one.assumption:
            assumption = blocks.Phrase(capitalised(rendered(one.assumption)) + end, "em")
            wrong_if.append(((assumption, f" {one.reason}"), one.claims + end))
        else:
            wrong.append((one.reason, one.claims + end))
    return tuple(wrong), tuple(wrong_if)


def _assumed(wrong_if: Defined) -> Iterator[blocks.ReportBlock]:
    if wrong_if:
        yield blocks.Heading(gettext("Published numbers that cannot be right under an assumption"))
        text = gettext("Where the assumption does not hold, there is no contradiction.")
        yield blocks.Paragraph(text)
        yield blocks.Definitions(wrong_if)


def _details(run: Run, figures: Sequence[published.PublishedFigure]) -> Iterator[blocks.ReportBlock]:
    """Yield every number, and why the run's numbers differ from those published."""
    here = gettext(
        "As published: by the estimator and protocol that stand for the published ones, on the rows of this "
        "run. Corrected: by their counterparts."
    )
    simulated = gettext("The rows are simulated; numbers may differ for that reason alone.")
    yield blocks.Paragraph(f"{here} {simulated}" if run.manifest.data.simulated else here)
    yield claim_table(run.manifest.study, figures)
    yield from (figure.errors for figure in figures if figure.errors is not None)
    differing = tuple(dict.fromkeys(text for figure in figures for text in figure.estimators))
    if differing:
        yield blocks.Bullets(tuple(map(_with_code, differing)))
    words = gettext("Here: {taken}")
    left_open = {
        one.question: words.format(taken=one.taken) for figure in figures for one in figure.left_open
    }
    if left_open:
        yield blocks.Heading(gettext("Not stated in the publication"))
        yield blocks.Definitions(tuple((_with_code(one), _with_code(two)) for one, two in left_open.items()))


def claim_table(study: StudyRecord, figures: Sequence[published.PublishedFigure]) -> parts.ReportTable:
    """Return every published number, as published and corrected, here."""
    number, words, known = published.claim_number, gettext("{source}: {by}"), set[str]()
    groups = []
    for figure in figures:
        heading = figure.source if figure.by in known else words.format(source=figure.source, by=figure.by)
        known.add(figure.by)
        groups.append((heading, [(figure, row) for row in figure.claims]))
    return parts.record_table(
        gettext("Published numbers, as published and corrected, here"),
        groups,
        (gettext("What"), lambda one: _what(study, *one)),
        (parts.text_column(gettext("Outcome")), lambda one: study.label(one[1].outcome)),
        (gettext("Printed"), lambda one: published.published_text(one[1])),
        (parts.file_column(gettext("Recomputed")), lambda one: number(one[1], one[1].recomputed)),
        (parts.file_column(gettext("Within rounding")), lambda one: _within(one[1])),
        (gettext("As published"), lambda one: number(one[1], one[1].this_run)),
        (gettext("Corrected"), lambda one: number(one[1], one[1].counterpart)),
        *(_judged_columns() if any(published.is_judged(one.claims) for one in figures) else ()),
        (parts.text_column(gettext("Status")), lambda one: _status(one[1])),
        (parts.file_column(gettext("Reason")), lambda one: one[1].reason),
        (parts.file_column(gettext("Why it has no counterpart")), lambda one: one[1].counterpart_reason),
    )


def _what(study: StudyRecord, figure: published.PublishedFigure, row: ClaimRow) -> parts.TableCell:
    return parts.TableCell(figure.about(study, row), (row.note,) if row.note else ())


def _judged_columns() -> Iterator[parts.Column[tuple[published.PublishedFigure, ClaimRow]]]:
    """Yield the columns of the truth behind simulated data, and of what the methods do with it."""
    yield gettext("Truth"), lambda one: published.claim_number(one[1], one[1].truth)
    yield parts.text_column(gettext("The method")), lambda one: _verdict(one[1].verdict)
    words = gettext("The corrected method")
    yield parts.text_column(words), lambda one: _verdict(one[1].counterpart_verdict)


def _verdict(verdict: str) -> str:
    return rendered(verdict) if verdict else MISSING


def _within(row: ClaimRow) -> str:
    limits = (row.recomputed_low, row.recomputed_high)
    low, high = (published.claim_number(row, limit) for limit in limits)
    words = gettext("{low} to\u00a0{high}")
    return words.format(low=low, high=high) if all(map(math.isfinite, limits)) else ""


def _status(row: ClaimRow) -> parts.TableCell:
    look, symbol = LOOKS.get(row.status, ("open", ""))
    return parts.TableCell(rendered(row.status), look=f"status {look}", symbol=symbol)


def claim_files(run: Run, report_format: ReportFormat) -> Iterator[ReportFile]:
    """Yield the section as Markdown."""
    if report_format == "markdown":
        text = markdown(run.manifest.study, published.published_figures(run))
        yield ReportFile(MARKDOWN, text, gettext("the publication figure by figure, as Markdown"))


def markdown(study: StudyRecord, figures: Sequence[published.PublishedFigure]) -> str:
    """Return a heading and a table for every published table and figure, and the notes below."""
    rows = [row for figure in figures for row in figure.claims]
    marks = footnote_marks(reason for row in rows for reason in _reasons(row))
    parts = [part for figure in figures for part in _figure(study, figure, marks)]
    notes = "\n".join(f"- ({mark}) {plain_markdown(reason)}" for reason, mark in marks.items())
    if notes:
        head = gettext("Where a number is missing")
        parts += [f"## {head}", notes]
    return spaced("\n\n".join(parts) + "\n")


def _reasons(row: ClaimRow) -> tuple[str, str]:
    """Return why this run lacks a number, and why its counterpart does; empty for one that is there."""
    return "" if math.isfinite(row.this_run) else row.reason, row.counterpart_reason


def _figure(study: StudyRecord, figure: published.PublishedFigure, marks: Mapping[str, str]) -> Iterator[str]:
    yield f"## {plain_markdown(figure.source)}"
    by = gettext("As published: {published}.").format(published=plain_markdown(figure.published))
    both = gettext("{by} Corrected: {counterpart}.")
    yield both.format(by=by, counterpart=plain_markdown(figure.counterpart)) if figure.counterpart else by
    judged = published.is_judged(figure.claims)
    head = (
        *(gettext("what"), gettext("outcome"), gettext("printed"), gettext("as published, here")),
        gettext("corrected, here"),
        *((gettext("truth"), gettext("the method")) if judged else ()),
    )

    def numbers(row: ClaimRow) -> Iterator[str]:
        for value, reason in zip((row.this_run, row.counterpart), _reasons(row), strict=True):
            yield published.claim_number(row, value) + (f" ({marks[reason]})" if reason else "")
        if judged:
            yield published.claim_number(row, row.truth)
            yield _verdict(row.verdict)

    rows = [
        (figure.about(study, row), study.label(row.outcome), published.published_text(row), *numbers(row))
        for row in figure.claims
    ]
    yield markdown_table(head, rows)
    if figure.errors is not None:
        yield _errors(study, figure.errors)
    if figure.estimators or figure.protocols:
        reasons = _list([*figure.estimators, *figure.protocols])
        yield gettext("Why they differ:") + "\n\n" + reasons
    if figure.left_open:
        words = gettext("{question}. Here: {taken}")
        pairs = ((one.question.rstrip(".。"), one.taken) for one in figure.left_open)
        asked = (words.format(question=question, taken=taken) for question, taken in pairs)
        yield gettext("Not stated in the publication:") + "\n\n" + _list(asked)


def _errors(study: StudyRecord, table: parts.ReportTable) -> str:
    labels = [study.estimator_label(name) for name in study.references]
    gains = [published.gain_over(label) for label in labels]
    halves = [
        published.of_which(what, blocks.plain_words(cell.words))
        for cell in table.over[1:]
        for what in (gettext("MSE"), *gains)
    ]
    head = (gettext("outcome"), gettext("sample"), gettext("estimator"), *halves)
    return markdown_table(head, [texts for texts, _ in table.body_rows])


def _with_code(text: str) -> blocks.Words:
    """Return a text in which ```code``` stands out, whatever braces it has."""
    return blocks.rich(text.replace("{", "{{").replace("}", "}}"))


def _list(sentences: Iterable[str]) -> str:
    """Return a list of sentences; ```code``` in them is code."""
    return "\n".join(f"- {plain_markdown(sentence)}" for sentence in sentences).replace("\\`", "`")


CLAIMS_SECTION = Section(
    *("claims", marked("Published numbers"), 1000, claim_blocks, marked("Published numbers and conclusions")),
    files=claim_files,
    tables=(CLAIMS.name,),
)


# Source of numbers that nobody published.
PINNED = marked("pinned from a run")
STATUSES = (marked("reproduced"), marked("explained"), marked("differs"), marked("missing"))


def expectation_blocks(run: Run) -> Iterator[blocks.ReportBlock]:
    """Yield how many numbers the run reproduces and those that it does not; in the appendix all."""
    rows = run.rows(EXPECTATIONS)
    failed = tuple(row for row in rows if row.status != "reproduced")
    text = gettext(
        "The spec names {n_all} numbers that a run must reproduce; this run reproduces {n_reproduced}."
    ).format(n_all=count(len(rows)), n_reproduced=count(len(rows) - len(failed)))
    if failed:
        yield blocks.Paragraph(text)
        yield expectation_table(failed)
        yield blocks.Appendix((expectation_table(rows),))
    else:
        yield blocks.Appendix((blocks.Paragraph(text), expectation_table(rows)))


def expectation_table(rows: tuple[ExpectationRow, ...]) -> parts.ReportTable:
    """Return expected numbers by source, those that the run does not reproduce first."""
    by_source: dict[str, list[ExpectationRow]] = {}
    for row in sorted(rows, key=lambda row: row.status == "reproduced"):
        by_source.setdefault(row.source if row.origin == "publication" else rendered(PINNED), []).append(row)
    return parts.record_table(
        gettext("Expected numbers of the spec next to those of this run"),
        by_source.items(),
        (gettext("Cell"), lambda row: parts.code_cell(f"{row.table}: {row.where}, {row.column}")),
        (gettext("Expected"), _expected),
        (gettext("Obtained"), lambda row: _seven_digits(row.obtained)),
        (gettext("Difference"), lambda row: _two_digits(row.difference)),
        (gettext("Tolerance"), lambda row: _two_digits(row.tolerance)),
        (parts.text_column(gettext("Status")), _reproduced),
    )


def _reproduced(row: ExpectationRow) -> parts.TableCell:
    look = "status better" if row.status == "reproduced" else "status worse"
    return parts.TableCell(rendered(row.status), look=look, reason=row.reason)


def _expected(row: ExpectationRow) -> str:
    return (
        _seven_digits(row.expected) if row.digits is None else fixed(float(row.expected), max(row.digits, 0))
    )


def _seven_digits(held: str) -> str:
    """Return a number with seven digits, a text as it is, and a dash for nothing."""
    try:
        return significant(float(held), 7)
    except ValueError:
        return held or MISSING


def _two_digits(value: float) -> str:
    return significant(value, 2) if math.isfinite(value) else ""


EXPECTATIONS_SECTION = Section(
    "expectations", marked("Expected numbers"), 1100, expectation_blocks, tables=(EXPECTATIONS.name,)
)
