"""A number that describes a fit, and the table ``details/statistics`` of such numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Statistic:
    """A number that describes a fit.

    Attributes
    ----------
    name : such as ``r2_within``
    value : in the unit that `definition` says
    definition : how it is computed, in one line
    """

    name: str
    value: float
    definition: str


def statistic_columns(statistics: Sequence[Statistic]) -> Mapping[str, Sequence[object]]:
    """Return statistics as a tidy table by columns."""
    return {
        "statistic": [statistic.name for statistic in statistics],
        "value": [statistic.value for statistic in statistics],
        "definition": [statistic.definition for statistic in statistics],
    }
