"""Figures as SVG in few characters: letters as outlines, each defined once, and so each style and clip.

What matplotlib itself writes is several times as long and as slow, and has to be read again to be made short.
"""

from __future__ import annotations

import base64
import functools
import io
import warnings
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import numpy as np
from matplotlib.backend_bases import FigureCanvasBase, GraphicsContextBase, RendererBase
from matplotlib.backends.backend_mixed import MixedModeRenderer
from matplotlib.colors import to_hex, to_rgba
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, fontManager, get_font
from matplotlib.ft2font import FT2Font
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.textpath import text_to_path
from matplotlib.transforms import Affine2D, Transform
from matplotlib.typing import ColorType
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from harness.arrays import Floats

# Points of an inch, and dots of one where something is drawn as pixels.
POINTS_INCH, DPI = 72.0, 200.0

# Of coordinates in points, and of opacities.
DECIMALS = 2
# Units of an outline to the size of its letter.
UNITS = 1000.0

STOP, MOVE, LINE, CLOSE = int(Path.STOP), int(Path.MOVETO), int(Path.LINETO), int(Path.CLOSEPOLY)
COMMANDS = {MOVE: "M", LINE: "L", int(Path.CURVE3): "Q", int(Path.CURVE4): "C"}
# Side of the square that a hatch repeats, points.
HATCH = 72.0
# Of the strokes of a hatch, as matplotlib has them.
DENSITY = 6.0
CAPS = {"butt": "butt", "round": "round", "projecting": "square"}

Rgba = tuple[float, float, float, float]

# Vertices and codes of the letters drawn so far, by the names that matplotlib gives them.
GLYPHS: OrderedDict[str, tuple[Floats, NDArray[np.uint8]]] = OrderedDict()

XMLNS = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


class Letter(NamedTuple):
    """A letter of a text: its outline, and how far it stands from the start of the text, in `UNITS`."""

    outline: str
    x: float


@functools.cache
def letters_of(text: str, font: FontProperties) -> tuple[Letter, ...]:
    """Return the letters of a line of text; those without an outline, as blanks are, are left out."""
    found = _files_of(font)
    found.set_size(text_to_path.FONT_SCALE, text_to_path.DPI)
    places, _, _ = text_to_path.get_glyphs_with_font(found, text, glyph_map=GLYPHS)
    scale = UNITS / text_to_path.FONT_SCALE
    return tuple(Letter(own, x * scale) for name, x, _, _ in places if (own := _outline(name, scale)))


@functools.cache
def _outline(glyph: str, scale: float) -> str:
    vertices, codes = GLYPHS[glyph]
    return commands(Path(vertices * scale, codes).cleaned(curves=True), decimals=0)


def _files_of(font: FontProperties) -> FT2Font:
    """Return what draws the letters of a font, one of its families after the other."""
    families = [
        FontProperties(family=[name], style=font.get_style(), weight=font.get_weight())
        for name in font.get_family()
    ]
    return get_font([fontManager.findfont(one) for one in families])


@functools.cache
def heights_of(font: FontProperties) -> tuple[float, float, float] | tuple[None, None, None]:
    """Return what matplotlib takes a line to rise, to fall and to be apart from the next, in points."""
    found = _files_of(font)
    table = found.get_sfnt_table("OS/2")
    if table is None:
        return None, None, None
    scale = 1 / found.units_per_EM * font.get_size_in_points()
    return (table["sTypoAscender"] * scale, -table["sTypoDescender"] * scale, table["sTypoLineGap"] * scale)


@functools.cache
def extent_of(text: str, font: FontProperties) -> tuple[float, float, float]:
    """Return width, height and depth of a line of text, in points."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # browsers have the fonts that a machine may lack
        return text_to_path.get_text_width_height_descent(text, font, ismath=False)


def commands(path: Path, *, decimals: int = DECIMALS) -> str:
    """Return a path in the letters and numbers of SVG.

    Parameters
    ----------
    path : cleaned
    """
    numbers = (np.round(np.asarray(path.vertices), decimals) + 0.0).tolist()
    codes: list[int] = np.asarray(path.codes).tolist()
    parts, before = [], STOP
    for (x, y), code in zip(numbers, codes, strict=True):
        if code == STOP:
            continue
        if code == CLOSE:
            parts.append("z")
        else:
            parts.append(f"{',' if code == before else COMMANDS[code]}{x:g},{y:g}")
        # What follows a start is a line unless a letter says otherwise.
        before = LINE if code == MOVE else code
    return "".join(parts)


def number(value: float) -> str:
    """Return a coordinate or an opacity with few decimals."""
    return f"{round(value, DECIMALS) + 0.0:g}"


class SvgRenderer(RendererBase):
    """What a figure draws on, at 72 dots an inch.

    Parameters
    ----------
    width, height : points
    """

    def __init__(self, width: float, height: float) -> None:
        super().__init__()
        self.width, self.height = width, height
        self._drawn: list[str] = []
        self._named: dict[tuple[str, str, str], str] = {}
        self._styles: dict[str, str] = {}

    def document(self) -> str:
        """Return what was drawn, on one line."""
        width, height = number(self.width), number(self.height)
        size = f'width="{width}pt" height="{height}pt" viewBox="0 0 {width} {height}"'
        styles = "".join(f".{name}{{{style}}}" for style, name in self._styles.items())
        named = "".join(
            f'<{tag} id="{name}"{attributes}>{within}</{tag}>'
            if within
            else f'<{tag} id="{name}"{attributes}/>'
            for (tag, attributes, within), name in self._named.items()
        )
        sheet = f"<style>*{{stroke-linejoin:round}}{styles}</style>"
        return f"<svg {XMLNS} {size}>{sheet}<defs>{named}</defs>{''.join(self._drawn)}</svg>"

    def _name(self, tag: str, attributes: str, within: str = "") -> str:
        """Return the name of an element that is used elsewhere; it stands in the drawing once."""
        return self._named.setdefault((tag, attributes, within), f"n{len(self._named)}")

    def _class(self, style: str) -> str:
        return self._styles.setdefault(style, f"s{len(self._styles)}") if style else ""

    def draw_path(
        self, gc: GraphicsContextBase, path: Path, transform: Transform, rgbFace: ColorType | None = None
    ) -> None:
        """Draw a path; a line is made of as few points as look the same."""
        is_line = rgbFace is None and gc.get_hatch_path() is None
        drawn = self._commands(path, transform, is_line=is_line)
        if drawn:
            self._drawn.append(f'<path{self._looks(gc, rgbFace)} d="{drawn}"/>')

    def draw_markers(
        self,
        gc: GraphicsContextBase,
        marker_path: Path,
        marker_trans: Transform,
        path: Path,
        trans: Transform,
        rgbFace: ColorType | None = None,
    ) -> None:
        """Draw a marker at every vertex of a path."""
        shape = marker_path.cleaned(marker_trans + Affine2D().scale(1.0, -1.0), curves=True)
        name = self._name("path", f' d="{commands(shape)}"')
        cleaned = path.cleaned(trans, remove_nans=True)
        places = np.asarray(cleaned.vertices)[np.asarray(cleaned.codes) != STOP]
        uses = [
            f'<use xlink:href="#{name}" x="{number(x)}" y="{number(self.height - y)}"/>'
            for x, y in places.tolist()
        ]
        self._drawn.append(f"<g{self._looks(gc, rgbFace)}>{''.join(uses)}</g>")

    def draw_image(
        self, gc: GraphicsContextBase, x: float, y: float, im: ArrayLike, transform: Transform | None = None
    ) -> None:
        """Draw pixels, (height, width, 4), the lowest row first."""
        pixels = np.asarray(im, dtype=np.uint8)
        n_rows, n_columns = pixels.shape[:2]
        if not n_rows or not n_columns:
            return
        buffer = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(pixels[::-1])).save(buffer, format="png")
        width, height = (POINTS_INCH / DPI * size for size in (n_columns, n_rows))
        at = _place(x, self.height - y - height, width, height)
        content = base64.b64encode(buffer.getvalue()).decode("ascii")
        self._drawn.append(f'<image{self._clip(gc)} {at} xlink:href="data:image/png;base64,{content}"/>')

    def draw_text(
        self,
        gc: GraphicsContextBase,
        x: float,
        y: float,
        s: str,
        prop: FontProperties,
        angle: float,
        ismath: bool | Literal["TeX"] = False,
        mtext: Text | None = None,
    ) -> None:
        """Draw a line of text in outlines, from its left end on."""
        scale = prop.get_size_in_points() / UNITS
        turn = f"rotate({number(-angle)})" if angle else ""
        place = f"translate({number(x)} {number(y)}){turn}scale({scale:g} {-scale:g})"
        letters = [(self._name("path", f' d="{one.outline}"'), one.x) for one in letters_of(s, prop.copy())]
        uses = [f'<use xlink:href="#{name}" x="{along:.0f}"/>' for name, along in letters]
        text = f'<g{self._coloured(gc)} transform="{place}">{"".join(uses)}</g>'
        clip = self._clip(gc)
        self._drawn.append(f"<g{clip}>{text}</g>" if clip else text)

    def get_text_width_height_descent(
        self, s: str, prop: FontProperties, ismath: bool | Literal["TeX"]
    ) -> tuple[float, float, float]:
        """Return the extent of a line of text, in points."""
        return extent_of(s, prop.copy())

    def _get_font_height_metrics(
        self, prop: FontProperties
    ) -> tuple[float, float, float] | tuple[None, None, None]:
        # matplotlib would look for the file of the font for every text.
        return heights_of(prop.copy())

    def get_canvas_width_height(self) -> tuple[float, float]:
        """Return the size of the drawing, in points."""
        return self.width, self.height

    def get_image_magnification(self) -> float:
        """Return how many pixels an image has a point."""
        return DPI / POINTS_INCH

    def _commands(self, path: Path, transform: Transform, *, is_line: bool = False) -> str:
        """Return a path within the drawing, whose vertical axis goes down."""
        cleaned = path.cleaned(
            transform + Affine2D().scale(1.0, -1.0).translate(0.0, self.height),
            remove_nans=True,
            clip=(0.0, 0.0, self.width, self.height) if is_line else None,
            simplify=is_line and path.should_simplify,
            curves=True,
        )
        return commands(cleaned)

    def _looks(self, gc: GraphicsContextBase, face: ColorType | None) -> str:
        """Return the attributes of the style and the clip of a shape."""
        ground = None if face is None else _rgba(face)
        hatch = f"url(#{self._hatch(gc, ground)})" if gc.get_hatch() is not None else ""
        start, dashes = gc.get_dashes()
        style = style_of(
            ground,
            gc.get_rgb() if gc.get_linewidth() else None,
            gc.get_alpha() if gc.get_forced_alpha() else None,
            gc.get_linewidth(),
            (start, *np.atleast_1d(dashes).tolist()) if dashes is not None else (),
            (gc.get_joinstyle(), gc.get_capstyle()),
            hatch,
        )
        return f' class="{self._class(style)}"{self._clip(gc)}'

    def _coloured(self, gc: GraphicsContextBase) -> str:
        """Return the attribute of the colour of a text; black is what letters have without one."""
        colour = gc.get_rgb()
        style = [f"fill:{to_hex(colour)}"] if colour[:3] != (0.0, 0.0, 0.0) else []
        style += _opacity("opacity", gc.get_alpha() if gc.get_forced_alpha() else colour[3])
        return f' class="{self._class(";".join(style))}"' if style else ""

    def _clip(self, gc: GraphicsContextBase) -> str:
        """Return the attribute of what a shape is cut at."""
        cut: tuple[Any, Any] = gc.get_clip_path()
        path, transform = cut
        rectangle = gc.get_clip_rectangle()
        if path is not None:
            within = f'<path d="{self._commands(path, transform)}"/>'
        elif rectangle is not None:
            within = _rectangle(rectangle.bounds, self.height)
        else:
            return ""
        return f' clip-path="url(#{self._name("clipPath", "", within)})"'

    def _hatch(self, gc: GraphicsContextBase, ground: Rgba | None) -> str:
        """Return the name of a hatch on its ground."""
        strokes = hatch_of(gc.get_hatch() or "")
        colour, below = to_hex(gc.get_hatch_color()), "none" if ground is None else to_hex(ground)
        return self._name(
            "pattern",
            f' patternUnits="userSpaceOnUse" width="{HATCH:g}" height="{HATCH:g}"',
            f'<rect width="{HATCH + 1:g}" height="{HATCH + 1:g}" fill="{below}"/>'
            f'<path d="{strokes}" fill="{colour}" stroke="{colour}" '
            f'stroke-width="{number(gc.get_hatch_linewidth())}" stroke-linejoin="miter"/>',
        )


@functools.cache
def hatch_of(signs: str) -> str:
    """Return the strokes of a hatch within its square."""
    turned = Affine2D().scale(HATCH, -HATCH).translate(0.0, HATCH)
    return commands(Path.hatch(signs, DENSITY).cleaned(turned, remove_nans=True, curves=True))


@functools.cache
def style_of(
    ground: Rgba | None,
    stroke: Rgba | None,
    opacity: float | None,
    width: float,
    dashes: tuple[float, ...],
    ends: tuple[str, str],
    hatch: str,
) -> str:
    """Return the style of a shape.

    Parameters
    ----------
    opacity : of the whole; None where each colour has its own
    dashes : where they start, then their lengths in points; empty for a solid line
    ends : how parts of a line join, and how a line ends
    hatch : instead of the ground, where there is one
    """
    style = [f"fill:{hatch or (to_hex(ground) if ground else 'none')}"]
    if opacity is not None:
        style += _opacity("opacity", opacity)
    elif ground:
        style += _opacity("fill-opacity", ground[3])
    if stroke:
        style.append(f"stroke:{to_hex(stroke)}")
        style += _opacity("stroke-opacity", stroke[3] if opacity is None else 1.0)
        style.append(f"stroke-width:{number(width)}")
        if dashes:
            style.append(f"stroke-dasharray:{' '.join(map(number, dashes[1:]))}")
            style += [f"stroke-dashoffset:{number(dashes[0])}"] if dashes[0] else []
        join, cap = ends
        style += [f"stroke-linejoin:{join}"] if join != "round" else []
        style += [f"stroke-linecap:{CAPS[cap]}"] if cap != "butt" else []
    return ";".join(style)


def _rgba(face: ColorType) -> Rgba:
    """Return a colour with its opacity; artists give most as numbers."""
    return face if isinstance(face, tuple) and len(face) == 4 else to_rgba(face)


@functools.cache
def _rectangle(bounds: tuple[float, float, float, float], total: float) -> str:
    x, y, width, height = bounds
    return f"<rect {_place(x, total - y - height, width, height)}/>"


def _place(x: float, y: float, width: float, height: float) -> str:
    return f'x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"'


def _opacity(name: str, share: float) -> Iterator[str]:
    if share != 1.0:
        yield f"{name}:{number(share)}"


class SvgCanvas(FigureCanvasBase):
    """The canvas of a figure that is drawn as SVG, by whose renderer texts are measured while it is made."""

    def get_renderer(self) -> RendererBase:
        """Return what measures texts."""
        return SvgRenderer(*self.figure.bbox.size)


def drawn(figure: Figure) -> str:
    """Return a figure, whose resolution is 72 dots an inch, as SVG on one line."""
    size = figure.get_size_inches().tolist()
    renderer = SvgRenderer(*(POINTS_INCH * inches for inches in size))
    # What is to be pixels it draws as such; matplotlib gives it no types.
    mixed: Any = MixedModeRenderer
    has_pixels = any(own.get_rasterized() for axes in figure.axes for own in axes.get_children())
    figure.draw(mixed(figure, *size, DPI, renderer) if has_pixels else renderer)
    return renderer.document()
