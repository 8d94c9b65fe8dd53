"""Average ranks of estimators over panels, with Friedman's test and Nemenyi's critical difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.arrays import Floats
from harness.suite.panels import PanelResult


@dataclass(frozen=True, eq=False)
class Ranking:
    """How estimators stand over panels (Demsar 2006, section 3.2.2).

    Attributes
    ----------
    estimators : in the order of the columns
    ranks : (n_panels, n_estimators), 1 is the least error; ties share their mean rank
    level : of the comparisons
    """

    estimators: tuple[str, ...]
    ranks: Floats
    level: float

    @property
    def n_panels(self) -> int:
        """Panels that were ranked on."""
        return len(self.ranks)

    @property
    def average(self) -> Floats:
        """Average ranks, (n_estimators,)."""
        return np.asarray(self.ranks.mean(axis=0))

    @property
    def std_error(self) -> float:
        """Standard deviation of the difference of two average ranks where all estimators are alike."""
        n_estimators = len(self.estimators)
        return float(np.sqrt(n_estimators * (n_estimators + 1) / (6.0 * self.n_panels)))

    @property
    def friedman(self) -> tuple[float, float]:
        """Friedman's statistic, corrected for ties, and its p-value; NaN for fewer than three estimators."""
        from scipy.stats import friedmanchisquare

        if len(self.estimators) < 3 or self.n_panels < 2:
            return float("nan"), float("nan")
        found = friedmanchisquare(*self.ranks.T)
        return float(found.statistic), float(found.pvalue)

    @property
    def critical_difference(self) -> float:
        """Difference of average ranks from which on two estimators differ (Nemenyi 1963)."""
        from scipy.stats import studentized_range

        quantile = studentized_range.ppf(self.level, len(self.estimators), np.inf)
        return float(quantile / np.sqrt(2.0) * self.std_error)

    @property
    def p_values(self) -> Floats:
        """Nemenyi's p-values of all pairs, (n_estimators, n_estimators)."""
        from scipy.stats import studentized_range

        apart = np.abs(self.average[:, None] - self.average)
        statistic = apart / self.std_error * np.sqrt(2.0)
        return np.asarray(studentized_range.sf(statistic, len(self.estimators), np.inf))

    @property
    def tied_with_best(self) -> tuple[str, ...]:
        """The estimators whose average rank lies within the critical difference of the best, best first."""
        order = np.argsort(self.average, kind="stable")
        best = self.average[order[0]]
        return tuple(
            self.estimators[at] for at in order if self.average[at] - best < self.critical_difference
        )


def ranking(results: Sequence[PanelResult], estimators: Sequence[str], *, level: float) -> Ranking:
    """Rank estimators by their error on every panel; one that refuses a panel is last there.

    Errors that are alike to ten digits are ties: such differences are of the machine, not of estimators.

    Parameters
    ----------
    results : of one protocol, a panel each
    level : in (0, 1), of the comparisons
    """
    from scipy.stats import rankdata

    errors = np.array([[_rounded(result.mse.get(name, np.inf)) for name in estimators] for result in results])
    return Ranking(tuple(estimators), rankdata(errors, axis=1), level)


def _rounded(error: float) -> float:
    """Return an error with the digits that count."""
    return float(f"{error:.10g}")
