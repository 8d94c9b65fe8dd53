"""What a section of the report shows: blocks, one after the other, and words with emphasis and links."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# As Markdown has them: code, emphasis and links; ``.look`` also replaces where a link leads.
MARKS = re.compile(r"`(?P<code>[^`]+)`|\*\*(?P<strong>.+?)\*\*|\[(?P<text>[^\]]+)\]\((?P<target>[^)\s]+)\)")


@dataclass(frozen=True)
class Phrase:
    """Words that stand out.

    Attributes
    ----------
    element : of HTML
    look : class of the style sheet
    href : where a link leads
    """

    text: str
    element: Literal["span", "strong", "em", "code", "a"] = "span"
    look: str = ""
    href: str = ""


# A text, or its parts; a line break within a text is one on the page.
Words = str | Phrase | tuple[str | Phrase, ...]


def parts_of(words: Words) -> tuple[str | Phrase, ...]:
    """Return the parts of words, one where they are a text alone."""
    return words if isinstance(words, tuple) else (words,)


def plain_words(words: Words) -> str:
    """Return words as one line of text."""
    text = "".join(part if isinstance(part, str) else part.text for part in parts_of(words))
    return " ".join(text.split(" ")).replace("\n", " ")


def rich(message: str, values: Mapping[str, str] | None = None) -> Words:
    """Return a message in words: ```code```, ``**emphasis**`` and ``[link](#anchor)`` in it stand out.

    Parameters
    ----------
    message : in the language in use
    values : for its named places; marks in these are plain characters
    """
    known = values or {}
    parts: list[str | Phrase] = []
    end = 0
    for found in MARKS.finditer(message):
        parts += [message[end : found.start()].format_map(known), _span(found, known)]
        end = found.end()
    parts.append(message[end:].format_map(known))
    return tuple(part for part in parts if part)


def _span(found: re.Match[str], values: Mapping[str, str]) -> Phrase:
    if found["code"]:
        return Phrase(found["code"].format_map(values), "code")
    if found["strong"]:
        return Phrase(found["strong"].format_map(values), "strong")
    text, target = found["text"].format_map(values), found["target"]
    return Phrase(text, look=target[1:]) if target.startswith(".") else Phrase(text, "a", href=target)


class ReportBlock:
    """Anything that a section shows."""

    @property
    def kind(self) -> str:
        """Name of its class, by which the template of the page chooses how to write it."""
        return type(self).__name__


@dataclass(frozen=True)
class Paragraph(ReportBlock):
    """A paragraph; `look` is a class of the style sheet, such as ``note`` or ``soft``."""

    words: Words
    look: str = ""


@dataclass(frozen=True)
class SmallPrint(ReportBlock):
    """A note beneath a table or figure."""

    words: Words


@dataclass(frozen=True)
class Heading(ReportBlock):
    """A heading within a section; `rank` is that of HTML."""

    text: str
    anchor: str = ""
    rank: Literal[3, 4] = 3


@dataclass(frozen=True)
class Bullets(ReportBlock):
    """A list of points."""

    points: tuple[Words, ...]


@dataclass(frozen=True)
class Definitions(ReportBlock):
    """Terms, each with what is said of it."""

    pairs: tuple[tuple[Words, Words], ...]


@dataclass(frozen=True, eq=False)
class Tabs(ReportBlock):
    """Blocks of which one tab at a time is shown; the blocks alone where there is only one tab."""

    tabs: tuple[tuple[str, tuple[ReportBlock, ...]], ...]


@dataclass(frozen=True, eq=False)
class Appendix(ReportBlock):
    """Blocks that stand on a page of their own, ``appendix.html``, under the heading of their section.

    The section links to them; a section without other blocks is on that page alone.
    """

    blocks: tuple[ReportBlock, ...]


@dataclass(frozen=True)
class PagePart(ReportBlock):
    """What the page itself knows: the warnings of the run, or the table of the files of its folder."""

    part: Literal["warnings", "contents"]


# Kinds of files that a figure has on request, next to the SVG.
Picture = Literal["png", "pdf"]


@dataclass(frozen=True)
class Prints:
    """The files of a figure.

    Attributes
    ----------
    svg : the drawing, on one line
    is_narrow : whether it fits one column of a journal
    pictures : other files of the same, by kind
    """

    svg: str
    is_narrow: bool
    pictures: Mapping[Picture, bytes] = field(default_factory=dict)


@dataclass(eq=False)
class ReportFigure(ReportBlock):
    """A figure.

    Attributes
    ----------
    name : of its files, without their endings
    content : the figure itself until it is printed; then its files
    alt : what it shows, for those who cannot see it
    caption : the sentences beneath it
    """

    name: str
    content: Figure | Prints
    alt: str
    caption: str

    @property
    def prints(self) -> Prints:
        """Its files.

        Raises
        ------
        TypeError
            Where it was not printed.
        """
        if not isinstance(self.content, Prints):
            raise TypeError(f"figure {self.name} was not printed")
        return self.content


def tabs_of(tabs: Iterable[tuple[str, Iterable[ReportBlock]]]) -> Tabs:
    """Return tabs, each with its label and its blocks."""
    return Tabs(tuple((label, tuple(blocks)) for label, blocks in tabs))
