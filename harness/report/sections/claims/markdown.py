"""The section as Markdown, for a page of documentation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harness.language import closed_up, gettext, marked
from harness.report.sections.claims.errors import ErrorTable
from harness.report.sections.claims.figures import PublishedFigure, PublishedFigures
from harness.report.text.footnotes import Footnotes
from harness.report.text.plain_text import listed

HEAD = (
    marked("what"),
    marked("outcome"),
    marked("printed"),
    marked("as published, here"),
    marked("as it should be, here"),
)


def markdown(shown: PublishedFigures) -> str:
    """Return a heading and a table for every published table and figure, and the notes below."""
    footnotes = Footnotes()
    parts = [part for figure in shown.figures for part in _figure(figure, footnotes)]
    notes = "\n".join(f"- ({mark}) {_plain(reason)}" for mark, reason in footnotes.listed())
    if notes:
        head = gettext("Where a number is missing")
        parts += [f"## {head}", notes]
    return closed_up("\n\n".join(parts) + "\n")


def _figure(figure: PublishedFigure, footnotes: Footnotes) -> Iterator[str]:
    yield f"## {_plain(figure.source)}"
    by = gettext("As published: {published}.").format(published=_plain(figure.published))
    yield (
        gettext("{by} As it should be: {counterpart}.").format(by=by, counterpart=_plain(figure.counterpart))
        if figure.counterpart
        else by
    )
    rows = [
        (
            row.about,
            row.outcome,
            row.printed,
            row.published + _marked(footnotes.mark(row.missing)),
            row.counterpart + _marked(footnotes.mark(row.counterpart_missing)),
        )
        for row in figure.rows
    ]
    yield _table([gettext(head) for head in HEAD], rows)
    if figure.errors is not None:
        yield _errors(figure.errors)
    if figure.estimators or figure.protocols:
        yield gettext("Why they differ:") + "\n\n" + _list([*figure.estimators, *figure.protocols])
    if figure.left_open:
        told = [
            gettext("{question}. Here: {taken}").format(question=one.question.rstrip("."), taken=one.taken)
            for one in figure.left_open
        ]
        yield gettext("Not said in the publication:") + "\n\n" + _list(told)


def _errors(errors: ErrorTable) -> str:
    gains = [gettext("gain over {label}").format(label=label) for label in errors.references]
    halves = [
        listed([what, title])
        for title in (errors.published, errors.counterpart)
        for what in (gettext("MSE"), *gains)
    ]
    rows = [
        (
            *(row.outcome, row.sample, row.estimator),
            *(row.published.mse, *row.published.gains, row.counterpart.mse, *row.counterpart.gains),
        )
        for row in errors.rows
    ]
    return _table((gettext("outcome"), gettext("sample"), gettext("estimator"), *halves), rows)


def _marked(mark: str) -> str:
    return f" ({mark})" if mark else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_plain(cell) for cell in line) + " |" for line in lines)


def _list(sentences: Iterable[str]) -> str:
    return "\n".join(f"- {_plain(sentence)}" for sentence in sentences)


def _plain(text: str) -> str:
    """Return text on one line without characters that Markdown or HTML would read."""
    escaped = text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "\\`")
    return " ".join(escaped.replace("*", "\\*").replace("[", "\\[").split())
