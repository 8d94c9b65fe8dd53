"""Figures within a page: as SVG in few characters, or without loss as pixels in few colours; and as files."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageColor, features

# WebP without loss is two thirds of the size of PNG.
FORMAT = "webp" if features.check("webp") else "png"

# Effort of the encoder; more takes many times as long for a twentieth of the size.
QUALITY, METHOD = 80, 2

# Of a figure as pixels, so spread that each of its colours is near one of them.
COLOURS = 200


def drawn_pixels(figure: Figure) -> Image.Image:
    """Return a figure as matplotlib draws it, opaque, at the resolution that it has."""
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3]))


def png_bytes(whole: Image.Image, *, dpi: float) -> bytes:
    """Return pixels as PNG.

    Parameters
    ----------
    dpi : pixels an inch, which programs that print it go by
    """
    buffer = io.BytesIO()
    whole.save(buffer, format="png", dpi=(dpi, dpi))
    return buffer.getvalue()


def small_pixels(whole: Image.Image, *, kept: Sequence[str]) -> bytes:
    """Return pixels in `FORMAT`, in few colours that are chosen for them, and those that are kept.

    Parameters
    ----------
    kept : colours that stay as they are, as ``#rrggbb``
    """
    buffer = io.BytesIO()
    _in_few_colours(whole, kept).save(buffer, format=FORMAT, lossless=True, quality=QUALITY, method=METHOD)
    return buffer.getvalue()


def _in_few_colours(whole: Image.Image, kept: Sequence[str]) -> Image.Image:
    few = whole.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    places, pixels = np.array(few), _as_numbers(np.asarray(whole))
    exact = [ImageColor.getrgb(colour) for colour in kept]
    for at, colour in enumerate(exact, start=COLOURS):
        places[pixels == _as_numbers(np.array(colour, dtype=np.uint8))] = at
    shown = Image.fromarray(places)
    chosen = [*(few.getpalette() or []), *[0] * 3 * COLOURS][: 3 * COLOURS]
    shown.putpalette([*chosen, *chain(*exact)])
    return shown.convert("RGB")


def _as_numbers(colours: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    """Return colours, (..., 3), as one number each, which is compared far faster."""
    red, green, blue = np.moveaxis(colours.astype(np.uint32), -1, 0)
    numbers: npt.NDArray[np.uint32] = (red << 16) | (green << 8) | blue
    return numbers


NAMESPACE = "http://www.w3.org/2000/svg"
UNDRAWN = frozenset({"metadata", "title"})
# Of coordinates in points.
DECIMALS = 2

COMMAND = re.compile(r"\s*([A-Za-z])\s*")
SPACES = re.compile(r"\s+")
LONG = re.compile(r"-?\d+\.\d{3,}")
REFERENCE = re.compile(r"#([\w.-]+)(?=\))")
TRANSLATED = re.compile(r"translate\((\S+) (\S+)\)")
COORDINATES = frozenset({"d", "points", "x", "y", "width", "height"})
# Signs that may stand in an address within double quotes.
UNCHANGED = " !$'()*+,-./;=?@_~"


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
