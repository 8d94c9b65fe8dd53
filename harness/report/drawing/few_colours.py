"""PNG files in few colours, for pages that carry many."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import chain

import numpy as np
from PIL import Image, ImageColor

COLOURS = 128
"""Of the PNG, which is a third of the size of one in full colour."""


def with_few_colours(png: bytes, *, kept: Sequence[str]) -> bytes:
    """Return a PNG with few colours, chosen for it, and those that are kept.

    Parameters
    ----------
    kept : colours that stay as they are, as ``#rrggbb``
    """
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        whole = image.convert("RGB")
    few = whole.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    places, pixels = np.array(few), np.asarray(whole)
    exact = [ImageColor.getrgb(colour) for colour in kept]
    for at, colour in enumerate(exact, start=COLOURS):
        places[(pixels == colour).all(axis=2)] = at
    shown = Image.fromarray(places)
    chosen = [*(few.getpalette() or []), *[0] * 3 * COLOURS][: 3 * COLOURS]
    shown.putpalette([*chosen, *chain(*exact)])
    shown.save(buffer, format="png")
    return buffer.getvalue()
