"""Figures as pixels without loss: as files, and in few colours for pages that carry many."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageColor, features

FORMAT = "webp" if features.check("webp") else "png"
"""WebP without loss is two thirds of the size of PNG."""

QUALITY, METHOD = 80, 2
"""Effort of the encoder; more takes many times as long for a twentieth of the size."""

COLOURS = 200
"""Of a figure as pixels, so spread that each of its colours is near one of them."""


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
