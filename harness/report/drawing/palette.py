"""How lines and marks look, told apart without colour as well (colours: Okabe and Ito 2008)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from harness.tables.decision import (
    ABOVE,
    BELOW,
    CONDITIONAL,
    NEGLIGIBLE,
    OPEN,
    SIGNIFICANT,
    UNTESTED,
    Decision,
)

Dash = tuple[float, tuple[float, ...]] | Literal["solid", "none"]

INK = "#333333"
GREY = "#5f6368"
BLUE, ORANGE, GREEN, PINK = "#0072b2", "#d55e00", "#009e73", "#cc79a7"
DARK_BLUE, PALE_BLUE, BROWN = "#00558c", "#bcd9ec", "#a84300"

COLOURS = ("#000000", BLUE, ORANGE, GREEN, PINK, "#e69f00", "#56b4e9")
DASHES: tuple[Dash, ...] = (
    "solid",
    (0, (5, 1.5)),
    (0, (1.2, 1.2)),
    (0, (6, 1.5, 1.2, 1.5)),
    (0, (9, 2.5)),
    (0, (3, 1.2, 1.2, 1.2, 1.2, 1.2)),
)


@dataclass(frozen=True)
class LineStyle:
    """How a line is drawn, as one estimator's curve is."""

    colour: str
    dash: Dash = "solid"
    width: float = 1.3


def line_style(position: int) -> LineStyle:
    """Return the style of the estimator at `position` in the study, from 0; 42 in a row differ."""
    return LineStyle(COLOURS[position % len(COLOURS)], DASHES[position % len(DASHES)])


@dataclass(frozen=True)
class MarkStyle:
    """How dots, boxes and bars are drawn: outline, filling, marker and hatch."""

    colour: str
    fill: str
    marker: str = "o"
    hatch: str = ""

    def decided(self, decision: Decision) -> MarkStyle:
        """Return the mark of an effect: filled where the decision on it is that it is significant."""
        return replace(self, fill=self.colour if decision in SIGNIFICANT else "white")


# Of a gain, by what was decided on it.
DECISION_STYLES: Mapping[Decision, MarkStyle] = {
    ABOVE: MarkStyle(BLUE, BLUE, "^"),
    CONDITIONAL: MarkStyle(GREY, "white", "^"),
    NEGLIGIBLE: MarkStyle(GREY, GREY, "o"),
    BELOW: MarkStyle(ORANGE, ORANGE, "v"),
    OPEN: MarkStyle(GREY, "white", "o"),
    UNTESTED: MarkStyle(GREY, "white", ""),
}

# One model for all groups, and a model for each.
MODE_STYLES = {"pooled": MarkStyle(DARK_BLUE, PALE_BLUE), "refit": MarkStyle(BROWN, "#fbe3cf", "D", "////")}

# Of the methods that debias an effect, and of coefficients, which none of them gave.
METHOD_STYLES = {
    "first_differences": MarkStyle(BLUE, BLUE, "o"),
    "correlated_random_effects": MarkStyle(ORANGE, ORANGE, "D"),
    "instrumented": MarkStyle(GREEN, GREEN, "s"),
}
PLAIN_STYLE = MarkStyle(GREY, "white")


@dataclass(frozen=True)
class Whisker:
    """One number of a forest with its interval.

    Attributes
    ----------
    wide : limits of a wider interval around it; NaN without one
    truth : NaN where it is not known
    note : replaces a number where there is none
    """

    label: str
    estimate: float
    low: float
    high: float
    style: MarkStyle = PLAIN_STYLE
    wide: tuple[float, float] = (math.nan, math.nan)
    truth: float = math.nan
    note: str = ""

    @property
    def numbers(self) -> tuple[float, float, float]:
        """The number with the limits of its interval."""
        return self.estimate, self.low, self.high

    def in_percent(self) -> Whisker:
        """Return a fraction with its interval in per cent."""
        estimate, low, high = (100.0 * number for number in self.numbers)
        return replace(self, estimate=estimate, low=low, high=high)


# Levels on a surface: equal steps look equal, in grey and without colour vision too.
SURFACE_MAP = "viridis"
# Deviations from a mean, white at zero.
DEVIATION_MAP = "PuOr_r"
# The moderator value at which an effect changes its sign; cased in white on a coloured ground.
THRESHOLD_COLOUR = "#c43c00"
# A published number across a figure; dashed as well.
PUBLISHED_COLOUR = "#7a1f5c"
