"""The section as Markdown, for a page of documentation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from harness.language import closed_up, gettext, marked
from harness.record.study import StudyRecord
from harness.report.blocks import plain_words
from harness.report.render.text import markdown_table, plain_markdown
from harness.report.sections.claims.published import PublishedFigure
from harness.report.sections.claims.rows import claim_number, published_text
from harness.report.table import ReportTable
from harness.text.plain_text import Footnotes, listed

HEAD = (
    marked("what"),
    marked("outcome"),
    marked("printed"),
    marked("as published, here"),
    marked("as it should be, here"),
)


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
    yield (
        gettext("{by} As it should be: {counterpart}.").format(
            by=by, counterpart=plain_markdown(figure.counterpart)
        )
        if figure.counterpart
        else by
    )
    rows = [
        (
            figure.about(study, row),
            study.label(row.outcome),
            published_text(row),
            claim_number(row, row.this_run)
            + _marked(footnotes.mark("" if math.isfinite(row.this_run) else row.reason)),
            claim_number(row, row.counterpart) + _marked(footnotes.mark(row.counterpart_reason)),
        )
        for row in figure.claims
    ]
    yield markdown_table([gettext(head) for head in HEAD], rows)
    if figure.errors is not None:
        yield _errors(study, figure.errors)
    if figure.estimators or figure.protocols:
        yield gettext("Why they differ:") + "\n\n" + _list([*figure.estimators, *figure.protocols])
    if figure.left_open:
        told = [
            gettext("{question}. Here: {taken}").format(question=one.question.rstrip("."), taken=one.taken)
            for one in figure.left_open
        ]
        yield gettext("Not said in the publication:") + "\n\n" + _list(told)


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


def _marked(mark: str) -> str:
    return f" ({mark})" if mark else ""


def _list(sentences: Iterable[str]) -> str:
    return "\n".join(f"- {plain_markdown(sentence)}" for sentence in sentences)
