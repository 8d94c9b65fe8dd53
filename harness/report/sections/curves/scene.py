"""What a figure of net effect curves shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.arrays import Floats
from harness.findings.lines import TruthLine
from harness.report.drawing.series import Series

MOST_BANDS = 2
"""Most lines whose bands can be told apart in the same axes; with more each has a panel of its own."""


@dataclass(frozen=True)
class SupportedShare:
    """The share of rows that have others near them, within the support.

    Attributes
    ----------
    least, most : in [0, 1]
    least_at : exposure at which it is least
    is_leading : whether the curve over such rows leads, since elsewhere most rows extrapolate
    """

    least: float
    most: float
    least_at: float
    is_leading: bool


@dataclass(frozen=True, eq=False)
class CurveScene:
    """What one figure of curves shows.

    Attributes
    ----------
    series : at least one, in the order of the legend
    rug : quantiles of the exposure as observed, its unit
    unsupported : stretches of the exposure that the data do not reach
    x_label, y_label : of the axes, with units
    beside : the same estimators' curves over other rows, in thin dots; empty where there are none
    share : of the rows that have others near them; None where that is not known
    truth : the true curve of simulated data, over the rows of `series`; None for other data
    true_turns : where the true curve over all rows turns, the exposure's unit
    has_zero : whether a line at zero means something, as for slopes
    level : in (0, 1), nominal coverage of bands that do not tell their own
    """

    series: Sequence[Series]
    rug: Floats
    unsupported: Sequence[tuple[float, float]]
    x_label: str
    y_label: str
    has_zero: bool
    level: float
    truth: TruthLine | None
    beside: Sequence[Series] = ()
    share: SupportedShare | None = None
    true_turns: Sequence[float] = ()
