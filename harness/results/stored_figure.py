"""A figure of a run as a notebook shows it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MOST_SVG = 150_000
"""Bytes above which a notebook keeps the PNG, since it stores what it shows."""


@dataclass(frozen=True)
class StoredFigure:
    """One figure.

    Attributes
    ----------
    svg, png : its files
    """

    svg: Path
    png: Path

    def _repr_mimebundle_(
        self,
        include: object = None,
        exclude: object = None,
    ) -> dict[str, str | bytes]:
        if self.svg.stat().st_size <= MOST_SVG:
            return {"image/svg+xml": self.svg.read_text(encoding="utf-8")}
        return {"image/png": self.png.read_bytes()}
