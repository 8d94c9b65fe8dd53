"""One line style an estimator, told apart without colour as well (colours: Okabe and Ito 2008)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.tables.gain import GainStatus

Dash = tuple[float, tuple[float, ...]] | Literal["solid"]

COLOURS = ("#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
DASHES: tuple[Dash, ...] = (
    "solid",
    (0, (5, 1.5)),
    (0, (1.2, 1.2)),
    (0, (6, 1.5, 1.2, 1.5)),
    (0, (9, 2.5)),
    (0, (3, 1.2, 1.2, 1.2, 1.2, 1.2)),
)

STATUS_COLOURS = {
    GainStatus.BETTER: "#0072b2",
    GainStatus.BETTER_ONCE: "#5f6368",
    GainStatus.WORSE: "#d55e00",
    GainStatus.OPEN: "#5f6368",
    GainStatus.MISSING: "#5f6368",
}
STATUS_MARKERS = {
    GainStatus.BETTER: "^",
    GainStatus.BETTER_ONCE: "^",
    GainStatus.WORSE: "v",
    GainStatus.OPEN: "o",
    GainStatus.MISSING: "",
}


@dataclass(frozen=True)
class LineStyle:
    """How one estimator's curve is drawn."""

    colour: str
    dash: Dash


def line_style(place: int) -> LineStyle:
    """Return the style of the estimator at `place` in the study, from 0; 42 in a row differ."""
    return LineStyle(COLOURS[place % len(COLOURS)], DASHES[place % len(DASHES)])


@dataclass(frozen=True)
class ModeStyle:
    """How a group's answer under one mode is drawn: outline, filling, hatch and marker."""

    colour: str
    fill: str
    hatch: str
    marker: str


MODE_STYLES = {
    "pooled": ModeStyle("#00558c", "#bcd9ec", "", "o"),
    "refit": ModeStyle("#a84300", "#fbe3cf", "////", "D"),
}
"""One model for all groups, and a model for each: told apart by hatch and marker as well."""


METHOD_COLOURS = {
    "first_differences": COLOURS[1],
    "correlated_random_effects": COLOURS[2],
    "instrumented": COLOURS[3],
}
METHOD_MARKERS = {"first_differences": "o", "correlated_random_effects": "D", "instrumented": "s"}
"""Of the methods that debias an effect."""


@dataclass(frozen=True)
class PartStyle:
    """How one part of a gain is drawn: outline, filling and hatch."""

    colour: str
    fill: str
    hatch: str


PART_STYLES = {
    "rows at hand": PartStyle("#a84300", "#f3b98b", "...."),
    "other rows, selected on": PartStyle("#a84300", "#fbe3cf", "////"),
    "other rows of the same entities": PartStyle("#00558c", "#bcd9ec", ""),
    "later periods": PartStyle("#00558c", "#bcd9ec", ""),
    "entities never seen": PartStyle("#00558c", "#0072b2", ""),
    "entities never seen, later periods": PartStyle("#00558c", "#0072b2", ""),
}
"""Entities never seen are dark, known entities pale; hatched where the rows compared on took part."""

SURFACE_MAP = "viridis"
"""Colours of levels on a surface: equal steps look equal, in grey and without colour vision too."""

DEVIATION_MAP = "PuOr_r"
"""Colours of deviations from a mean, white at zero."""

THRESHOLD_COLOUR = "#c43c00"
"""Of the moderator value at which an effect changes its sign; cased in white on a coloured ground."""

PUBLISHED_COLOUR = "#7a1f5c"
"""Of a published number across a figure; dashed as well."""
