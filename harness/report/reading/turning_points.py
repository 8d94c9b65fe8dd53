"""Turning points of the net effect curves."""

from __future__ import annotations

from dataclasses import dataclass

from harness.report.reading.rows import Cell

NONE = "none"
"""Kind of a row that says: no interior turning point."""


@dataclass(frozen=True)
class TurningPointRow(Cell):
    """One turning point of one curve, or the finding that there is none.

    `at` has its interval over the draws that have the turning point, which are `share_of_draws` of all;
    `estimate` is the curve there, outcome units.
    """

    outcome: str
    estimator: str
    kind: str
    at: float
    conf_low: float
    conf_high: float
    share_of_draws: float
    status: str
    reason: str
    estimate: float = float("nan")
    scenario: str = ""
