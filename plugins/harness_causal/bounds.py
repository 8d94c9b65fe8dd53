"""The average effect where trends are not parallel, by the size of violations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from harness.plugin import EstimationError, Floats, marked
from harness_causal.event_study import REFERENCE, EventStudy, require_leads


@dataclass(frozen=True)
class TrendBounds:
    """The average effect under violations of one size.

    Attributes
    ----------
    m_bar : greatest change of a violation from one period to the next, in units of that before the start
    set_low, set_high : identified set at the estimates, outcome units
    conf_low, conf_high : confidence interval of the effect
    """

    m_bar: float
    set_low: float
    set_high: float
    conf_low: float
    conf_high: float


@dataclass(frozen=True, eq=False)
class RelativeMagnitudes:
    """Relative magnitudes (Rambachan & Roth 2023, section 2.4.1).

    A violation changes from one period to the next by at most `m_bar` times its greatest change before the
    start. So the average effect lies within `m_bar` times `reach` times that change around its estimate,
    where `reach` sums weights times periods since the reference. The limits are those of a maximum over the
    changes before the start and their signs: each has an interval of the normal model, and the interval is
    their union, which holds whichever is the greatest (section 3.1 there; each interval here neglects the
    restriction on the other changes, so that it is wider than their conditional one, and in closed form).

    Attributes
    ----------
    average : estimate, outcome units
    changes : (n_changes,), of the estimates before the start
    variance : of the average
    covariances, variances : (n_changes,), of the changes with the average, and their own
    reach : periods, >= 1
    critical : quantile that limits are standard errors away
    """

    average: float
    changes: Floats
    variance: float
    covariances: Floats
    variances: Floats
    reach: float
    critical: float

    @classmethod
    def of(cls, study: EventStudy, *, window: int, level: float) -> RelativeMagnitudes:
        """Return those of an event study whose effects share one reference period.

        Raises
        ------
        EstimationError
            Where they do not, or are not of consecutive periods around the start.
        """
        from scipy.stats import t

        if not study.is_joint:
            what = marked("its effects before the start are of another kind than those after it (Roth 2024)")
            raise EstimationError.at("", what)
        times = study.event_time
        leads = np.flatnonzero((times < 0) & (times >= -window))
        require_leads(leads.size)
        if np.any(np.diff(np.sort(np.r_[times[leads[0] :], REFERENCE])) != 1):
            raise EstimationError.at("", marked("effects of some periods around the start are missing"))
        ahead = np.eye(times.size)[leads]
        steps = np.diff(np.vstack([ahead, np.zeros(times.size)]), axis=0)
        covariance, weights = study.covariance, study.weights
        return cls(
            float(weights @ study.estimate),
            steps @ study.estimate,
            float(weights @ covariance @ weights),
            np.asarray(steps @ covariance @ weights),
            np.diag(steps @ covariance @ steps.T),
            float(weights @ (times - REFERENCE)),
            float(t.ppf((1.0 + level) / 2.0, study.df)),
        )

    def at(self, m_bar: float) -> TrendBounds:
        """Return the bounds under violations of a size."""
        size = m_bar * self.reach
        most = size * float(np.abs(self.changes).max())
        lows, highs = zip(*(self._limits(sign * size) for sign in (-1.0, 1.0)), strict=True)
        return TrendBounds(m_bar, self.average - most, self.average + most, min(lows), max(highs))

    def _limits(self, size: float) -> tuple[float, float]:
        middle = self.average + size * self.changes
        variance = self.variance + 2.0 * size * self.covariances + size**2 * self.variances
        half = self.critical * np.sqrt(variance)
        return float((middle - half).min()), float((middle + half).max())

    @property
    def breakdown(self) -> float:
        """The least `m_bar` at which the interval includes zero; zero where it does without violations."""
        return min(self._roots(), default=np.inf) if self._excludes_zero else 0.0

    @property
    def _excludes_zero(self) -> bool:
        return abs(self.average) > self.critical * float(np.sqrt(self.variance))

    def _roots(self) -> Iterator[float]:
        """Yield where a limit of one change crosses zero: where its t statistic is the critical value."""
        square = self.critical**2
        for change, covariance, variance in zip(self.changes, self.covariances, self.variances, strict=True):
            for sign in (-1.0, 1.0):
                quadratic = (
                    change**2 - square * variance,
                    2.0 * sign * (self.average * change - square * covariance),
                    self.average**2 - square * self.variance,
                )
                roots = np.roots(quadratic)
                yield from (float(root.real) / self.reach for root in roots if root.imag == 0.0 < root.real)
