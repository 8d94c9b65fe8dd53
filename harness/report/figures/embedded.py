"""Figures within a page: as SVG, or as a small PNG where the SVG is large."""

from __future__ import annotations

import base64
import io

from PIL import Image

from harness.report.figures.canvas import Drawing

MOST_SVG = 150_000
"""Bytes of a figure as SVG above which a page carries it as PNG; both are in the run folder."""

COLOURS = 128
"""Of the PNG, which is a third of the size of one in full colour."""


def data_uri(drawing: Drawing) -> str:
    """Return a figure as an address that carries it."""
    kind, content = ("svg+xml", drawing.svg) if len(drawing.svg) <= MOST_SVG else ("png", _small(drawing.png))
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _small(png: bytes) -> bytes:
    """Return a PNG with few colours, chosen for the figure."""
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        few = image.convert("RGB").quantize(
            COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
        )
        few.save(buffer, format="png")
    return buffer.getvalue()
