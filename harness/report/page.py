"""The pages of the report, each one HTML document without a link outside; every name in them is escaped."""

from __future__ import annotations

import re
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path
from string import ascii_lowercase
from types import MappingProxyType

from harness.errors import HarnessError
from harness.findings.run import Gains, Run
from harness.language import pgettext, rendered, topic
from harness.registry.plugin import faulty_member
from harness.report import blocks as parts
from harness.report.drawing.canvas import finish, house_style
from harness.report.front import Front
from harness.report.render.html import ShownTable, from_template
from harness.report.sections.section import ReportFile, Section
from harness.study.spec.study import ReportFormat
from harness.tables.gain import GainRow
from harness.tables.preparation import Note
from harness.text.gains import SYMBOLS, WORDS, gain_cell, limits_text
from harness.text.plain_text import file_slug
from harness.text.render import localised
from harness.text.screen import first_screen, labelled

gettext = topic("report.page")

# How files of the figures of the first screen begin, and what they show, in the order of a notebook.
FRONT = "figures/front-"
FRONT_KINDS = ("gains", "curve", "effects")


@dataclass(frozen=True, eq=False)
class PageSection:
    """A section of a page.

    Attributes
    ----------
    name : anchor
    heading : above it
    blocks : what it shows in the report, or why it failed
    title : what the table of contents calls it
    appendix : what it shows in the appendix
    files : that it adds to the run folder, in the formats that are requested
    drawn_names : names from the data that its figures show
    """

    name: str
    heading: str
    blocks: tuple[parts.ReportBlock, ...]
    title: str = ""
    appendix: tuple[parts.ReportBlock, ...] = ()
    files: tuple[ReportFile, ...] = ()
    drawn_names: tuple[str, ...] = ()

    @property
    def figures(self) -> tuple[parts.ReportFigure, ...]:
        """Its figures in their order."""
        return tuple(figures_in((*self.blocks, *self.appendix)))


def figures_in(blocks: Iterable[parts.ReportBlock]) -> Iterator[parts.ReportFigure]:
    """Yield the figures among blocks, those on tabs and of the appendix too, in their order."""
    for block in blocks:
        if isinstance(block, parts.ReportFigure):
            yield block
        elif isinstance(block, parts.Tabs):
            yield from figures_in(own for _, tab in block.tabs for own in tab)
        elif isinstance(block, parts.Appendix):
            yield from figures_in(block.blocks)


def parted(
    blocks: Iterable[parts.ReportBlock],
) -> tuple[tuple[parts.ReportBlock, ...], tuple[parts.ReportBlock, ...]]:
    """Return the blocks of the report, and those of the appendix; tabs are in each that has any of them."""
    report: list[parts.ReportBlock] = []
    appendix: list[parts.ReportBlock] = []
    for block in blocks:
        if isinstance(block, parts.Appendix):
            appendix += block.blocks
        elif isinstance(block, parts.Tabs):
            halves = [(label, parted(own)) for label, own in block.tabs]
            report += _tabs(((label, own) for label, (own, _) in halves), n_tabs=len(halves))
            appendix += _tabs(((label, own) for label, (_, own) in halves), n_tabs=len(halves))
        else:
            report.append(block)
    return tuple(report), tuple(appendix)


def _tabs(
    given: Iterable[tuple[str, tuple[parts.ReportBlock, ...]]], *, n_tabs: int
) -> tuple[parts.ReportBlock, ...]:
    """Return the tabs with any blocks; of several the only one as these under a heading."""
    tabs = tuple((label, own) for label, own in given if own)
    if len(tabs) == 1 < n_tabs:
        ((label, blocks),) = tabs
        return (parts.Heading(label), *blocks)
    return (parts.Tabs(tabs),) if tabs else ()


def assembled(
    run: Run,
    sections: Sequence[Section],
    formats: Sequence[ReportFormat],
    *,
    pictures: Sequence[parts.Picture] = (),
) -> tuple[PageSection, ...]:
    """Return the sections that are present in a run, in their order, all figures printed.

    One that fails, or has a figure that does, stands there with the reason and takes no other with it; a run
    folder that lacks what is needed fails as a whole.

    Parameters
    ----------
    pictures : kinds of files of every figure next to the SVG

    Raises
    ------
    ArtifactError
        Where a table lacks what a section needs.
    """
    ordered = sorted(sections, key=lambda section: (section.place, section.name))
    with house_style():
        made = [_made(run, section, formats, pictures) for section in ordered]
    return tuple(section for section in made if section is not None)


def _made(
    run: Run, section: Section, formats: Sequence[ReportFormat], pictures: Sequence[parts.Picture]
) -> PageSection | None:
    """Return what a section shows; None where it has nothing to show of the run."""
    title = rendered(section.title)
    try:
        blocks = tuple(map(_block, section.blocks(run)))
        for figure in figures_in(blocks):
            finish(figure, is_simulated=run.manifest.data.simulated, pictures=pictures)
        if not blocks:
            return None
        files = tuple(file for one in formats for file in section.files(run, one))
        names = tuple(section.drawn_names(run))
        report, appendix = parted(blocks)
        return PageSection(section.name, section.headed(run), report, title, appendix, files, names)
    except HarnessError:
        raise
    except Exception as error:  # noqa: BLE001 - a section of a plugin may raise anything
        reasons = filter(None, (faulty_member(error), type(error).__name__, str(error)))
        text = gettext("This section could not be made: {reason}.").format(reason=": ".join(reasons))
        return PageSection(section.name, title, (parts.Paragraph(text, "worse"),), title)


def _block(given: object) -> parts.ReportBlock:
    if not isinstance(given, parts.ReportBlock):
        raise TypeError(f"`content` gave a {type(given).__name__}, which is no block")
    return given


# What pages are called in the run folder; anchors on a page, and links to one on the same page.
REPORT, APPENDIX = "report.html", "appendix.html"
ANCHOR, LINK = re.compile(r' id="([^"]+)"'), re.compile(r'href="#(?P<anchor>[^"]+)"')
NUMBERS = re.compile(r"\d[\d.,]*")
# Messages of a code, and cells of a message; the table of warnings has all.
MOST_MESSAGES, MOST_CELLS = 1, 2


@dataclass(frozen=True, eq=False)
class Page:
    """What the page itself knows, for sections to show.

    Attributes
    ----------
    notes : warnings of the run and of the report
    contents : files of the run folder with what they hold
    """

    notes: Sequence[Note]
    contents: parts.ReportTable | None = None

    def warnings(self) -> tuple[parts.ReportBlock, ...]:
        """Return the messages of each code with the cells that they concern."""
        blocks = [
            block
            for code, same in groupby(sorted(set(self.notes)), key=lambda note: note.code)
            for block in (parts.Heading(code, rank=4), parts.Bullets(tuple(_messages(same))))
        ]
        return tuple(blocks) or (parts.Paragraph(gettext("None."), "soft"),)


def _messages(notes: Iterable[Note]) -> Iterator[parts.Words]:
    """Yield each message with the cells that it concerns; of those that differ in numbers the first."""
    alike: dict[str, list[Note]] = {}
    for note in notes:
        alike.setdefault(NUMBERS.sub("0", note.message), []).append(note)
    for own in list(alike.values())[:MOST_MESSAGES]:
        cells = pgettext("text.list", "; ").join(_cells(own))
        yield (own[0].message, " ", parts.Phrase(f"({cells})", look="soft")) if cells else own[0].message
    left_out = len(alike) - MOST_MESSAGES
    if left_out > 0:
        yield gettext("{left_out} more in warnings.csv").format(left_out=left_out)


def _cells(alike: Sequence[Note]) -> Iterator[str]:
    """Yield the first cells of the first message, and how many more there are, with other numbers or not."""
    cells = [note.where for note in alike if note.message == alike[0].message and note.where]
    yield from cells[:MOST_CELLS]
    if len(cells) > MOST_CELLS:
        yield gettext("{n_cells} more in warnings.csv").format(n_cells=len(cells) - MOST_CELLS)
    n_others = sum(note.message != alike[0].message for note in alike)
    if n_others:
        yield gettext("{n_others} with other numbers in warnings.csv").format(n_others=n_others)


@dataclass
class Numbering:
    """Numbers sections, tables and figures as they are rendered.

    Attributes
    ----------
    prefix : of every number
    tables : that were numbered, whole
    """

    prefix: str = ""
    tables: list[parts.ReportTable] = field(default_factory=list)
    _counts: Counter[str] = field(default_factory=Counter)
    _before: Counter[str] | None = None
    _most: Counter[str] = field(default_factory=Counter)
    _letter: str = ""

    def tab(self, position: int) -> str:
        """Begin a tab, from 1: what is in each is numbered from the same number on, with a letter.

        One tab is seen at a time, and numbers that one sees follow one another. Returns no text.
        """
        self._before = Counter(self._counts) if self._before is None else self._before
        self._most |= self._counts
        self._counts = Counter(self._before)
        n_before, letter = divmod(position - 1, len(ascii_lowercase))
        self._letter = ascii_lowercase[letter] * (n_before + 1)
        return ""

    def end_tabs(self) -> str:
        """Go on with the number after that of the tab with the most tables or figures. Returns no text."""
        self._counts |= self._most
        self._before, self._letter = None, ""
        return ""

    def take(self, table: parts.ReportTable) -> ShownTable:
        """Return a table with the next number, and keep it as files have it."""
        shown = ShownTable(table, self.next("table"))
        self.tables.append(shown.whole)
        return shown

    def next(self, kind: str) -> str:
        """Return the next number of a kind, from 1."""
        self._counts[kind] += 1
        return f"{self.prefix}{self._counts[kind]}{self._letter}"


def render_pages(
    run: Run, page: Page, front: Front, sections: Sequence[PageSection]
) -> tuple[Mapping[str, str], list[parts.ReportTable]]:
    """Return the report and its appendix, each one HTML document by the name of its file; all tables whole.

    The report has a first screen, and one section after the other, folded; the appendix has what sections
    put there, and there is none where that is nothing.
    """
    manifest = run.manifest
    own = {REPORT: Numbering(), **({APPENDIX: Numbering("A")} if has_appendix(sections) else {})}
    pages = {
        name: from_template(
            f"{name}.j2",
            page=page,
            study=manifest.study,
            data=manifest.data,
            numbers=numbers,
            front=front,
            sections=sections,
        )
        for name, numbers in own.items()
    }
    return interlinked(pages), [table for numbers in own.values() for table in numbers.tables]


def has_appendix(sections: Iterable[PageSection]) -> bool:
    """Return whether any section puts something into the appendix."""
    return any(shown.appendix for shown in sections)


def interlinked(pages: Mapping[str, str]) -> Mapping[str, str]:
    """Return pages whose links to an anchor that another page alone has lead there."""
    anchors = {name: frozenset(ANCHOR.findall(html)) for name, html in pages.items()}

    def linked(own: str, link: re.Match[str]) -> str:
        others = (name for name in pages if link["anchor"] in anchors[name])
        where = "" if link["anchor"] in anchors[own] else next(others, "")
        return f'href="{where}#{link["anchor"]}"'

    return {name: LINK.sub(partial(linked, name), html) for name, html in pages.items()}


def render_brief(run: Run, page: Page, front: Front) -> str:
    """Return the first screen and what to know of it as one HTML document for print."""
    study, data = run.manifest.study, run.manifest.data
    return from_template("brief.html.j2", study=study, data=data, page=page, front=front, numbers=Numbering())


def render_document(
    title: str, head: Sequence[parts.ReportBlock], sections: Sequence[PageSection], *, language: str
) -> str:
    """Return a page of sections under a title, such as that of a suite."""
    return from_template(
        "document.html.j2",
        title=title,
        head=head,
        sections=sections,
        language=language,
        numbers=Numbering(),
        page=Page(()),
    )


def digest(
    run: Run,
    *,
    report: str,
    pictures: Mapping[str, bytes] = MappingProxyType({}),
    messages: Sequence[Path] = (),
) -> str:
    """Return a run in a few lines of HTML, for a notebook: what it says, its figures, and the gains.

    Parameters
    ----------
    report : where the report is
    pictures : SVG files of the first screen by their names in the run folder
    messages : folders of the plugins' catalogs
    """
    with localised(run, messages=messages) as own:
        study, gains = own.manifest.study, Gains(own)

        def figures(outcome: str) -> list[tuple[str, str]]:
            names = {kind: f"{FRONT}{kind}-{file_slug(outcome)}.svg" for kind in FRONT_KINDS}
            there = {kind: b64encode(pictures[name]) for kind, name in names.items() if name in pictures}
            return [
                (f"{kind}: {study.label(outcome)}", f"data:image/svg+xml;base64,{content.decode()}")
                for kind, content in there.items()
            ]

        def cells(outcome: str) -> list[tuple[str, list[GainRow]]]:
            protocols = study.honest_first
            return [
                (entry.label, [gains.row(outcome, entry.id, one.id) for one in protocols])
                for entry in study.estimators
            ]

        outcomes = [
            (study.label(one.outcome), labelled(one, study), figures(one.outcome), cells(one.outcome))
            for one in first_screen(own).outcomes
        ]
        data = own.manifest.data
        return from_template(
            "digest.html.j2",
            study=study,
            data=data,
            outcomes=outcomes,
            words=WORDS,
            symbols=SYMBOLS,
            gain_cell=gain_cell,
            limits_text=limits_text,
            report=report,
        )
