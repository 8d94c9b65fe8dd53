"""Figures as SVG within a page: as text, which is shorter than base 64, with short names and numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

NAMESPACE = "http://www.w3.org/2000/svg"
UNDRAWN = frozenset({"metadata", "title"})
DECIMALS = 2
"""Of coordinates in points."""

COMMAND = re.compile(r"\s*([A-Za-z])\s*")
SPACES = re.compile(r"\s+")
LONG = re.compile(r"-?\d+\.\d{3,}")
REFERENCE = re.compile(r"#([\w.-]+)(?=\))")
TRANSLATED = re.compile(r"translate\((\S+) (\S+)\)")
COORDINATES = frozenset({"d", "points", "x", "y", "width", "height"})
UNCHANGED = " !$'()*+,-./;=?@_~"
"""Signs that may stand in an address within double quotes."""


def svg_text(svg: bytes) -> str:
    """Return an SVG drawing as an address carries it: on one line, percent-encoded where it must be.

    Identifiers are short, styles that are alike are written once, groups without attributes are left out,
    and coordinates have two decimals.

    Parameters
    ----------
    svg : as matplotlib writes it, letters as outlines
    """
    whole = ElementTree.fromstring(svg)  # noqa: S314 - a drawing of matplotlib
    short = Shortened()
    (root,) = short.element(whole)
    root.set("xmlns", NAMESPACE)
    root.insert(0, short.sheet())
    drawn = ElementTree.tostring(root, encoding="unicode").replace(" />", "/>")
    return quote(drawn if "'" in drawn else drawn.replace('"', "'"), safe=UNCHANGED)


@dataclass
class Shortened:
    """Writes the elements of one drawing anew, and remembers their identifiers and styles."""

    _names: dict[str, str] = field(default_factory=dict)
    _styles: dict[str, str] = field(default_factory=dict)

    def element(self, whole: Element) -> Iterator[Element]:
        """Yield the element with all within it; what is within where it is a group and nothing more."""
        tag = whole.tag.rpartition("}")[2]
        if tag in UNDRAWN:
            return
        attributes = dict(self._attributes(tag, whole))
        within = [short for one in whole for short in self.element(one)]
        if tag == "g" and not attributes:
            yield from within
            return
        if tag in {"g", "defs"} and not within:
            return
        own = Element(tag, attributes)
        if tag == "style":
            own.text = whole.text
        own.extend(within)
        yield own

    def sheet(self) -> Element:
        """Return the styles of all elements."""
        sheet = Element("style")
        sheet.text = "".join(f".{name}{{{style}}}" for style, name in self._styles.items())
        return sheet

    def _attributes(self, tag: str, whole: Element) -> Iterator[tuple[str, str]]:
        for name, value in whole.attrib.items():
            local = name.rpartition("}")[2]
            if local == "id":
                # Groups are named for readers of the file; what is drawn again elsewhere has a path.
                if tag != "g":
                    yield local, self._name(value)
            elif local == "href" and value.startswith("#"):
                yield local, f"#{self._name(value[1:])}"
            elif local == "style":
                yield "class", self._style(value)
            elif local == "transform" and tag == "use" and (moved := TRANSLATED.fullmatch(value)):
                places = zip(("x", "y"), map(_rounded, moved.groups()), strict=True)
                yield from (place for place in places if place[1] != "0")
            elif local in COORDINATES:
                yield local, COMMAND.sub(r"\1", _rounded(value)).strip()
            else:
                yield local, REFERENCE.sub(lambda found: f"#{self._name(found[1])}", value)

    def _name(self, name: str) -> str:
        return self._names.setdefault(name, f"i{len(self._names)}")

    def _style(self, style: str) -> str:
        own = REFERENCE.sub(lambda found: f"#{self._name(found[1])}", style)
        return self._styles.setdefault(own.replace(": ", ":").replace("; ", ";"), f"s{len(self._styles)}")


def _rounded(text: str) -> str:
    """Return a text of numbers with no more decimals than are seen, on one line."""
    return LONG.sub(
        lambda found: f"{float(found[0]):.{DECIMALS}f}".rstrip("0").rstrip("."), SPACES.sub(" ", text)
    )
