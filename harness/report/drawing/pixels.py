"""Figures as pixels without loss, for pages that carry many; large ones in few colours."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageColor, features

FORMAT = "webp" if features.check("webp") else "png"
"""WebP without loss is two thirds of the size of PNG."""

QUALITY, METHOD = 80, 2
"""Effort of the encoder; more takes many times as long for a twentieth of the size."""

COLOURS = 200
"""Of a figure as pixels, so spread that each of its colours is near one of them."""


def small_pixels(png: bytes, *, kept: Sequence[str]) -> bytes:
    """Return a figure in `FORMAT`, in few colours that are chosen for it, and those that are kept.

    Parameters
    ----------
    kept : colours that stay as they are, as ``#rrggbb``
    """
    with Image.open(io.BytesIO(png)) as image:
        whole = image.convert("RGB")
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
