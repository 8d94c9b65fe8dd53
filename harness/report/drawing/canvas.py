"""Figures from an empty sheet to bytes: one style, its fonts, no global state, the same bytes each time."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import logging
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findSystemFonts, fontManager, get_font
from matplotlib.ticker import ScalarFormatter
from mpl_toolkits.mplot3d import Axes3D

from harness.language import pgettext, topic
from harness.report.blocks import Picture, Prints, ReportFigure
from harness.report.drawing.layout import PlainFigure, lay_out
from harness.report.drawing.palette import INK
from harness.report.drawing.stack import stack_panels
from harness.report.drawing.svg import DPI, POINTS_INCH, SvgCanvas, SvgRenderer, drawn
from harness.tables.preparation import Note
from harness.text.plain_text import axis_lines, printable, wrapped

gettext = topic("report.canvas")


# Width of a figure in one column of a journal, and across its page, inches.
SINGLE_COLUMN, DOUBLE_COLUMN = 3.5, 7.0

MARK_COLOUR = "#a84300"
# Inches at the right edge that the mark of simulated data takes.
MARK_WIDTH = 0.17
# What files say of themselves, without the time at which they are written.
UNDATED: Mapping[Picture, dict[str, None]] = {"png": {}, "pdf": {"CreationDate": None}}

# Size of all letters, in print at the size of a journal's page: no smaller ones.
POINTS = 8.0

STYLE: Mapping[Any, object] = {
    **dict.fromkeys(("font.size", "axes.labelsize", "axes.titlesize", "figure.labelsize"), POINTS),
    **dict.fromkeys(("xtick.labelsize", "ytick.labelsize", "legend.fontsize"), POINTS),
    **dict.fromkeys(("axes.linewidth", "xtick.major.width", "ytick.major.width"), 0.6),
    **dict.fromkeys(("axes.spines.top", "axes.spines.right", "legend.frameon", "text.parse_math"), False),
    "axes.titlelocation": "left",
    "axes.edgecolor": "#333333",
    "axes.axisbelow": True,
    # Where a title stands is known: no axes has ticks above it. matplotlib would look for them at every step.
    "axes.titley": 1.0,
    "axes.unicode_minus": True,
    "legend.handlelength": 3.2,
    "lines.linewidth": 1.3,
    "grid.color": "#e8e8e8",
    "grid.linewidth": 0.5,
    "hatch.linewidth": 0.4,
    # Letters of a PDF stay letters.
    "pdf.fonttype": 42,
}

# From the first on numbers are counted in thousands, millions or billions; below the second in powers of ten.
LARGE, SMALL = 1e5, 1e-3


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in the style of the report; matplotlib's settings are as before afterwards."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        mpl.rcParams["font.family"] = list(families())
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure, in inches, that no global list holds."""
    figure = PlainFigure(figsize=(width, height), dpi=POINTS_INCH)
    # Axes have the whole of it between them until they are laid out.
    figure.subplots_adjust(left=0.0, bottom=0.0, right=1.0, top=1.0, wspace=0.0, hspace=0.0)
    SvgCanvas(figure)
    return figure


def axes_over_zero(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a figure, in inches, and its only axes, with a grid of levels and a line at zero."""
    figure = new_figure(width, height)
    axes: Axes = figure.subplots()
    axes.grid(axis="y")
    axes.axhline(0.0, color=INK, linewidth=0.7)
    return figure, axes


def mark_simulated(figure: Figure) -> None:
    """Write along the right edge that the data are simulated."""
    words, x = gettext("SIMULATED DATA"), 1.0 - MARK_WIDTH / 3.0 / figure.get_figwidth()
    figure.text(x, 0.5, words, rotation=90, ha="right", va="center", color=MARK_COLOUR)


def panel_grid(
    n_panels: int,
    *,
    most_columns: int,
    height: float,
    head: float,
    width: float | None = None,
    shared: Literal["both", "x", "y", "none"] = "both",
) -> tuple[Figure, list[Axes]]:
    """Return a figure of panels side by side and one beneath the other, few places of the grid empty.

    Where panels share their horizontal axis, its numbers stand beneath the lowest of each column.

    Parameters
    ----------
    n_panels : at least one
    height, head : inches of a row of panels, and of what stands above and below all of them
    width : inches; one column of a journal for panels one beneath the other, otherwise two
    shared : axes that all panels have in common
    """
    n_rows = math.ceil(n_panels / most_columns)
    n_columns = math.ceil(n_panels / n_rows)
    figure = new_figure(width or (SINGLE_COLUMN if n_columns == 1 else DOUBLE_COLUMN), head + height * n_rows)
    share_x, share_y = shared in {"both", "x"}, shared in {"both", "y"}
    grid = figure.subplots(n_rows, n_columns, sharex=share_x, sharey=share_y, squeeze=False)
    panels = grid.ravel().tolist()
    for axes in panels[n_panels:]:
        axes.set_axis_off()
    for axes in panels[:n_panels][-n_columns:]:
        axes.tick_params(axis="x", labelbottom=True)
    return figure, panels[:n_panels]


def printed(figure: Figure, pictures: Sequence[Picture] = ()) -> Prints:
    """Lay a figure out and return its files.

    Parameters
    ----------
    pictures : kinds of files next to the SVG
    """
    lay_out(figure, SvgRenderer(*figure.bbox.size))
    svg, files = drawn(figure), {}
    for kind in pictures:
        buffer = io.BytesIO()
        figure.savefig(buffer, format=kind, dpi=DPI, metadata=UNDATED[kind])
        files[kind] = buffer.getvalue()
    is_narrow, stacked = figure.get_figwidth() <= SINGLE_COLUMN, ""
    if not is_narrow and stack_panels(figure, width=SINGLE_COLUMN):
        lay_out(figure, SvgRenderer(*figure.bbox.size))
        stacked = drawn(figure)
    return Prints(svg, is_narrow, files, stacked)


class ShortNumbers(ScalarFormatter):
    """Numbers each complete in itself: no power of ten or offset stands beside the axis."""

    def __init__(self) -> None:
        super().__init__(useOffset=False)
        self.set_scientific(False)
        self._largest = 0.0
        # What large numbers are counted in, the largest first; each language has its own.
        units = pgettext("language.facts", "1e9 bn, 1e6 M, 1e3 k")
        pairs = (unit.split() for unit in units.split(", "))
        self._units = tuple((float(size), name) for size, name in pairs)

    def set_locs(self, locs: Iterable[float]) -> None:
        """Take the ticks, whose largest tells how all are written."""
        places = [float(place) for place in locs]
        self._largest = max(map(abs, places), default=0.0)
        super().set_locs(places)

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Return a tick's number, such as ``250k``."""
        if x == 0.0:
            return "0"
        if self._largest >= LARGE:
            unit, suffix = next(((size, name) for size, name in self._units if abs(x) >= size), (1.0, ""))
            return self.fix_minus(f"{x / unit:.4g}{suffix}")
        if self._largest < SMALL:
            return self.fix_minus(f"{x:.3g}")
        return super().__call__(x, pos)


def finish(figure: ReportFigure, *, is_simulated: bool, pictures: Sequence[Picture] = ()) -> ReportFigure:
    """Print a figure, with short numbers next to its axes, and where its data are simulated with these words.

    Parameters
    ----------
    pictures : kinds of files next to the SVG
    """
    if isinstance(figure.content, Figure):
        for axes in figure.content.axes:
            own: tuple[Axis, ...] = (axes.xaxis, axes.yaxis)
            for axis in (*own, axes.zaxis) if isinstance(axes, Axes3D) else own:
                if type(axis.get_major_formatter()) is ScalarFormatter:
                    axis.set_major_formatter(ShortNumbers())
        if is_simulated:
            mark_simulated(figure.content)
        figure.content = printed(figure.content, pictures)
    return figure


# A family without bold letters is drawn in the weight that it has; matplotlib would tell every reader so.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)

BASE = "DejaVu Sans"

# Code of the warning that a name has characters of no installed font.
FONT_CODE = "W-FONT"

# Families that cover Chinese, preferred ones first.
CJK = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "SimHei",
    "Noto Sans CJK JP",
    "Droid Sans Fallback",
    "Arial Unicode MS",
)

# Hexadecimal digits that stand for letters without a font.
DIGITS = 4


@functools.cache
def families() -> tuple[str, ...]:
    """Return the base family and the first installed one that covers Chinese.

    matplotlib looks every family up for every text that it draws, and further ones add hardly a character.
    The list that it keeps is made once: it may be older than a font, or know one that is gone.
    """
    installed = _installed()
    if installed.isdisjoint(CJK):
        _take_in_new_fonts()
        installed = _installed()
    return (BASE, *[name for name in CJK if name in installed][:1])


def _installed() -> frozenset[str]:
    return frozenset(font.name for font in fontManager.ttflist if Path(font.fname).is_file())


def _take_in_new_fonts() -> None:
    """Tell matplotlib of the font files that it does not know; files that hold no font are left out."""
    known = {font.fname for font in fontManager.ttflist}
    for path in sorted(set(findSystemFonts()) - known):
        with contextlib.suppress(OSError, RuntimeError):
            fontManager.addfont(path)


@functools.cache
def _covered() -> frozenset[int]:
    paths = (fontManager.findfont(FontProperties(family=[name])) for name in families())
    return frozenset().union(*(get_font(path).get_charmap() for path in paths))


def drawable(text: str) -> str:
    """Return printable `text` with every stretch of characters that no font has replaced by a short code.

    The code is made of the characters, ``[3f0a]``, so that different names stay different.
    """
    covered = _covered()
    parts = groupby(printable(text), key=lambda letter: ord(letter) in covered)
    return "".join("".join(letters) if has_font else _code("".join(letters)) for has_font, letters in parts)


def _code(letters: str) -> str:
    return f"[{hashlib.sha256(letters.encode()).hexdigest()[:DIGITS]}]"


def drawable_lines(text: str, width: int, *, lines: int = 2) -> str:
    """Return `text` on at most so many lines of `width` characters, as the fonts can show it."""
    return "\n".join(drawable(line) for line in wrapped(text, width, lines=lines).split("\n"))


def drawable_label(label: str, width: int, *, lines: int = 2) -> str:
    """Return the label of an axis on lines of `width` characters, as the fonts can show it."""
    return "\n".join(drawable(line) for line in axis_lines(label, width, lines=lines).split("\n"))


def font_notes(texts: Iterable[str]) -> tuple[Note, ...]:
    """Return a warning for each text that the figures cannot show as it is."""
    return tuple(
        Note(
            FONT_CODE,
            text,
            gettext("No installed font has every character of this name; figures show “{shown}”.").format(
                shown=drawable(text)
            ),
        )
        for text in dict.fromkeys(printable(name) for name in texts)
        if drawable(text) != text
    )
