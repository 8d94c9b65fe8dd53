"""Effects by periods since the start, their average and its bounds, and the test of none before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from harness.plugin import Attempt, EstimationError, Floats, Ints, marked

# Period before the start, which the others are compared with.
REFERENCE = -1

# Draws of the greatest t statistic.
N_DRAWS = 20_000


@dataclass(frozen=True)
class PreTrend:
    """A joint test that there is no effect before the start: an F statistic, its degrees of freedom, p.

    Attributes
    ----------
    least_trend : by how much trends have to part in a period for the test to find it with a chance of four in
        five (Roth 2022), outcome units; NaN where the covariance of effects before the start is not known
    bias : what such a trend adds to the average
    """

    statistic: float
    df1: int
    df2: int
    p_value: float
    least_trend: float = np.nan
    bias: float = np.nan


# Size of the test, and the chance with which it finds what is called least.
SIZE, POWER = 0.05, 0.8


def least_trend(line: Floats, covariance: Floats, df: int) -> float:
    """Return the least slope of a line before the start that the joint test finds with a chance of `POWER`.

    Parameters
    ----------
    line : (n_leads,), periods from the reference
    covariance : (n_leads, n_leads), of the effects before the start
    """
    from scipy.optimize import brentq
    from scipy.stats import f, ncf

    critical, n_leads = f.isf(SIZE, line.size, df), line.size
    needed = brentq(lambda size: ncf.sf(critical, n_leads, df, size) - POWER, 1e-6, 1e6)
    return float(np.sqrt(needed / (line @ np.linalg.pinv(covariance, hermitian=True) @ line)))


@dataclass(frozen=True)
class CohortEffect:
    """The effect on entities whose treatment starts in a period, at a time since; NaN of a collinear cell."""

    start: str
    event_time: int
    n_treated: int
    estimate: float
    std_error: float


@dataclass(frozen=True, eq=False)
class EventStudy:
    """What one method finds.

    Attributes
    ----------
    event_time : (n_times,), periods since the start, ascending, without the one before it, which others are
        compared with
    estimate : (n_times,), outcome units
    covariance : (n_times, n_times); diagonal where the library has no more, NaN where it has none
    incomparable : why effects before the start say nothing of those after it; empty where they do
    n_treated : (n_times,), rows of entities that are treated at some time
    average, std_error : mean effect over the treated rows, and its error
    n_entities : clusters
    df : degrees of freedom of t and F statistics, those of the smaller side of a comparison; infinite of
        normal ones
    pre_trend : test of the leads, or why there is none
    cohorts : effects by start and time since, of methods that have them
    """

    event_time: Ints
    estimate: Floats
    covariance: Floats
    incomparable: str
    n_treated: Ints
    average: float
    std_error: float
    n_entities: int
    df: float
    pre_trend: Attempt[PreTrend]
    cohorts: tuple[CohortEffect, ...] = ()

    @property
    def errors(self) -> Floats:
        """Standard errors, (n_times,)."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))

    @property
    def weights(self) -> Floats:
        """Shares of the treated rows, (n_times,), zero before the start; `average` weighs effects by them."""
        counts = np.where(self.event_time >= 0, self.n_treated, 0)
        return np.asarray(counts / counts.sum())

    def greatest(self, rng: Generator) -> Floats:
        """Return draws of the greatest t statistic, (n_draws,), were there no effect at any time.

        Their quantile is how many standard errors simultaneous limits are away (Montiel Olea &
        Plagborg-Moller 2019); from a diagonal covariance it is valid and rather wide (Sidak 1967). NaN
        without errors.
        """
        if np.isnan(self.errors).all():
            return np.full(N_DRAWS, np.nan)
        correlation = self.covariance / np.outer(self.errors, self.errors)
        normal = rng.multivariate_normal(np.zeros(self.errors.size), correlation, N_DRAWS, method="eigh")
        scale = np.sqrt(rng.chisquare(self.df, N_DRAWS) / self.df)
        return np.asarray(np.abs(normal).max(axis=1) / scale)


def leads_of(event_time: Ints, window: int) -> Ints:
    """Return the positions of periods before the start, at most so many, without the reference.

    Raises
    ------
    EstimationError
        Where there are none.
    """
    leads = np.flatnonzero((event_time < REFERENCE) & (event_time >= -window))
    if leads.size == 0:
        what = marked("no cohort has two periods before its start: pre-trends cannot be tested")
        raise EstimationError.at("", what)
    return leads


@dataclass(frozen=True, eq=False)
class RelativeMagnitudes:
    """Relative magnitudes (Rambachan & Roth 2023, section 2.4.1).

    A violation changes from one period to the next by at most `m_bar` times its greatest change before the
    start. So the average effect lies within `m_bar` times `mean_time` times that change around its estimate.
    The limits are those of a maximum over the changes before the start and their signs: each has an interval
    of the normal model, and the interval is their union, which holds whichever is the greatest (section 3.1
    there; each interval here neglects the restriction on the other changes, so that it may be wider than
    their conditional one, and in closed form).

    Attributes
    ----------
    average : estimate, outcome units
    changes : (n_changes,), of the estimates before the start
    variance : of the average
    covariances, variances : (n_changes,), of the changes with the average, and their own
    mean_time : periods since the reference, the mean by weights of the effects, >= 1
    critical : quantile that limits are standard errors away
    """

    average: float
    changes: Floats
    variance: float
    covariances: Floats
    variances: Floats
    mean_time: float
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

        if study.incomparable:
            raise EstimationError.at("", study.incomparable)
        times, leads = study.event_time, leads_of(study.event_time, window)
        if np.any(np.diff(np.sort(np.r_[times[leads[0] :], REFERENCE])) != 1):
            raise EstimationError.at("", marked("effects of some periods around the start are missing"))
        steps = np.diff(np.vstack([np.eye(times.size)[leads], np.zeros(times.size)]), axis=0)
        covariance, weights = study.covariance, study.weights
        return cls(
            average=float(weights @ study.estimate),
            changes=steps @ study.estimate,
            variance=float(weights @ covariance @ weights),
            covariances=np.asarray(steps @ covariance @ weights),
            variances=np.diag(steps @ covariance @ steps.T),
            mean_time=float(weights @ (times - REFERENCE)),
            critical=float(t.ppf((1.0 + level) / 2.0, study.df)),
        )

    def at(self, m_bar: float) -> dict[str, float]:
        """Return the identified set at the estimates, and the confidence interval, as a row of a table."""
        sizes = m_bar * self.mean_time * np.array([[-1.0], [1.0]])
        middle = self.average + sizes * self.changes
        variance = self.variance + 2.0 * sizes * self.covariances + sizes**2 * self.variances
        half = self.critical * np.sqrt(variance)
        low, high = middle - half, middle + half
        limits = {"set_low": middle.min(), "set_high": middle.max()}
        limits |= {"conf_low": low.min(), "conf_high": high.max()}
        return {"m_bar": m_bar} | {name: float(limit) for name, limit in limits.items()}

    @property
    def breakdown(self) -> float:
        """The least `m_bar` at which the interval includes zero; zero where it does without violations.

        That is where the t statistic of a limit first is the critical value.
        """
        square = self.critical**2
        if self.average**2 <= square * self.variance:
            return 0.0
        constant, found = self.average**2 - square * self.variance, [np.inf]
        for change, covariance, variance in zip(self.changes, self.covariances, self.variances, strict=True):
            slope = 2.0 * (self.average * change - square * covariance)
            for sign in (-1.0, 1.0):
                roots = np.roots((change**2 - square * variance, sign * slope, constant))
                found += [float(root.real) for root in roots if root.imag == 0.0 < root.real]
        return min(found) / self.mean_time
