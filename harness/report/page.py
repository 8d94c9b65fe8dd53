"""The HTML report: a first screen, and one section after the other, folded; without a link outside."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from harness.findings.run import Run
from harness.language import closed_up, gettext
from harness.report.blocks import Phrase
from harness.report.front.front import Front
from harness.report.render.html import ShownTable
from harness.report.shown import ShownSection
from harness.report.table import ReportTable, TableCell, TableColumn, plain_rows
from harness.report.templating import environment, page_script, script_hash, style_sheet
from harness.tables.preparation import LEAK_CODE, METHOD_CODE, Note
from harness.text.plain_text import joined, sentences

LIFTED = frozenset({LEAK_CODE, METHOD_CODE})
"""Codes of notes that stand at the head of the report: they say what a reader must know of every number."""


NUMBERS = re.compile(r"\d[\d.,]*")
MOST_MESSAGES = 1
MOST_CELLS = 2
"""Messages of a code, and cells of a message; the table of warnings has all."""


@dataclass(frozen=True, eq=False)
class Page:
    """What the page itself tells, for its head and for sections to show.

    Attributes
    ----------
    cautions : what a reader must know of every number
    warnings : for each code its messages, each with the cells that it concerns
    contents : files of the run folder with what they hold
    """

    cautions: tuple[str, ...]
    warnings: tuple[tuple[str, tuple[tuple[str, tuple[str, ...]], ...]], ...]
    contents: tuple[tuple[str, str], ...]

    @property
    def contents_table(self) -> ReportTable:
        """The files of the run folder."""
        return ReportTable(
            caption=gettext("Files of the run folder"),
            columns=(TableColumn(gettext("File")), TableColumn(gettext("What it holds"), "text")),
            groups=plain_rows([(TableCell(Phrase(name, "code")), what) for name, what in self.contents]),
            most=0,
        )

    @property
    def below(self) -> tuple[tuple[str, tuple[tuple[str, tuple[str, ...]], ...]], ...]:
        """The warnings without those that stand at the head of the report."""
        return tuple((code, messages) for code, messages in self.warnings if code not in LIFTED)

    @property
    def n_things(self) -> int:
        """How many kinds of things a reader should know, in the list that the first screen leads to."""
        return len(self.below)


@dataclass
class Numbering:
    """Numbers sections, tables and figures as they are rendered, and knows what was said before."""

    _counts: Counter[str] = field(default_factory=Counter)
    _said: dict[str, int] = field(default_factory=dict)
    _places: dict[tuple[object, str], str] = field(default_factory=dict)
    _referred: dict[int, frozenset[int]] = field(default_factory=dict)
    tables: list[ReportTable] = field(default_factory=list)

    def take(self, table: ReportTable) -> ShownTable:
        """Return a table with the next number, and keep it as files have it."""
        shown = ShownTable(table, self.next("table"))
        self.tables.append(shown.whole)
        return shown

    def next(self, kind: str) -> int:
        """Return the next number of a kind, from 1."""
        self._counts[kind] += 1
        return self._counts[kind]

    def unsaid(self, text: str) -> str:
        """Return the sentences of a text that were not said before."""
        return " ".join(one for one in dict.fromkeys(sentences(text)) if one not in self._said)

    def say(self, text: str) -> str:
        """Return the same, and remember them."""
        first = self.unsaid(text)
        self._said |= dict.fromkeys(sentences(first), self._counts["figure"])
        return first

    def once(self, caption: str) -> str:
        """Return a caption without the sentences that an earlier figure has, and which figure that is."""
        earlier = [self._said[sentence] for sentence in sentences(caption) if sentence in self._said]
        first = self.say(caption)
        otherwise = []
        if earlier:
            words = gettext("Otherwise as figure {number}.") if first else gettext("As figure {number}.")
            otherwise.append(words.format(number=max(earlier)))
        return " ".join(filter(None, [first, *otherwise]))

    def otherwise(self, text: str, place: str, *, about: object = None) -> str:
        """Return a text without the sentences after its first that other places have, and which these are.

        Sentences are compared with those about the same thing alone.
        """
        first, *more = sentences(text)
        places = [self._places.setdefault((about, sentence), place) for sentence in more]
        new = [sentence for sentence, own in zip(more, places, strict=True) if own == place]
        others = joined(list(dict.fromkeys(own for own in places if own != place)))
        otherwise = [gettext("Otherwise as for {others}.").format(others=others)] if others else []
        return " ".join([first, *new, *otherwise])

    def earlier(self, note: str) -> int | None:
        """Return the table that the same note stands under already; None where it is said first."""
        table = self._counts["table"]
        first = self._said.setdefault(f"note: {note}", table)
        return None if first == table else first

    def refers(self, table: int) -> bool:
        """Return whether the present table has been referred to an earlier one, and remember that it is."""
        before = self._referred.get(self._counts["table"], frozenset())
        self._referred[self._counts["table"]] = before | {table}
        return table in before


def page_of(notes: Iterable[Note], contents: tuple[tuple[str, str], ...]) -> Page:
    """Return what the page itself tells.

    Parameters
    ----------
    notes : warnings of the run and of the report
    contents : files of the run folder with what they hold
    """
    warnings = sorted(set(notes))
    return Page(
        cautions=tuple(dict.fromkeys(note.message for note in warnings if note.code in LIFTED)),
        warnings=tuple(
            (code, _messages(same)) for code, same in groupby(warnings, key=lambda note: note.code)
        ),
        contents=contents,
    )


def _messages(notes: Iterable[Note]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return each message with the cells that it concerns; of those that differ in numbers the first."""
    alike: dict[str, list[Note]] = {}
    for note in notes:
        alike.setdefault(NUMBERS.sub("0", note.message), []).append(note)
    told = [(own[0].message, tuple(_places(own))) for own in alike.values()]
    left_out = len(told) - MOST_MESSAGES
    more = (
        [(gettext("{left_out} more in warnings.csv").format(left_out=left_out), ())] if left_out > 0 else []
    )
    return (*told[:MOST_MESSAGES], *more)


def _places(alike: Sequence[Note]) -> Iterator[str]:
    """Yield the first cells of the first message, and how many more there are, with other numbers or not."""
    cells = [note.where for note in alike if note.message == alike[0].message and note.where]
    yield from cells[:MOST_CELLS]
    if len(cells) > MOST_CELLS:
        yield gettext("{n_cells} more in warnings.csv").format(n_cells=len(cells) - MOST_CELLS)
    n_others = sum(note.message != alike[0].message for note in alike)
    if n_others:
        yield gettext("{n_others} with other numbers in warnings.csv").format(n_others=n_others)


def render_brief(run: Run, page: Page, front: Front) -> str:
    """Return the first screen and what to know of it as one HTML document for print."""
    template = environment().get_template("brief.html.j2")
    study, data = run.manifest.study, run.manifest.data
    html = template.render(study=study, data=data, page=page, front=front, style=style_sheet())
    return closed_up(html)


@dataclass(frozen=True, eq=False)
class RenderedPage:
    """The report as one HTML document, and its tables whole."""

    html: str
    tables: tuple[ReportTable, ...]


def render_page(run: Run, page: Page, front: Front, sections: Sequence[ShownSection]) -> RenderedPage:
    """Return the report; every name in it is escaped."""
    numbers, script = Numbering(), page_script()
    html = (
        environment()
        .get_template("report.html.j2")
        .render(
            page=page,
            study=run.manifest.study,
            data=run.manifest.data,
            numbers=numbers,
            front=front,
            sections=sections,
            style=style_sheet(),
            script=script,
            script_hash=script_hash(script),
        )
    )
    return RenderedPage(closed_up(html), tuple(numbers.tables))
