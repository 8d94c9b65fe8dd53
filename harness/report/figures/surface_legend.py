"""What the marks of a figure of surfaces mean: an entry for each kind that it shows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from matplotlib.artist import Artist
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from harness.report.figures.contour import changes_sign, established_signs
from harness.report.figures.palette import THRESHOLD_COLOUR
from harness.report.reading.conditional import NONE, ThresholdRow
from harness.report.reading.surfaces import Surface

SIGN_NAMES = {"^": "effect above zero, its interval too", "v": "effect below zero, its interval too"}


def surface_handles(surfaces: Iterable[Surface], thresholds: Iterable[ThresholdRow]) -> Iterator[Artist]:
    """Yield the entries of a legend for what any of the surfaces shows."""
    shown = list(surfaces)
    if any(not one.supported.all() for one in shown):
        yield Patch(
            facecolor="white", edgecolor="#9a9a9a", hatch="/////", linewidth=0, label="few entities near"
        )
    for marker, name in SIGN_NAMES.items():
        if any(established_signs(one)[marker].any() for one in shown):
            yield Line2D(
                [],
                [],
                linestyle="none",
                marker=marker,
                markersize=3.5,
                markerfacecolor="white",
                markeredgecolor="black",
                markeredgewidth=0.5,
                label=name,
            )
    if any(changes_sign(one) for one in shown):
        yield Line2D([], [], color="black", linestyle="dashed", linewidth=0.9, label="effect of zero")
    known = [one for one in thresholds if one.kind != NONE]
    if known:
        label = "average effect changes sign"
        if any(math.isfinite(one.conf_low) for one in known):
            label += ", with interval (dashed)"
        yield Line2D([], [], color=THRESHOLD_COLOUR, linewidth=1.3, label=label)
