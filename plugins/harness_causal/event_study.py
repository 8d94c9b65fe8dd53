"""Effects by periods since the start, their average, and the test that there is none before."""

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
    """A joint test that there is no effect before the start: an F statistic, its degrees of freedom, p."""

    statistic: float
    df1: int
    df2: int
    p_value: float


@dataclass(frozen=True, eq=False)
class EventStudy:
    """What one method finds.

    Attributes
    ----------
    event_time : (n_times,), periods since the start, ascending, without the one before it, which others are
        compared with
    estimate : (n_times,), outcome units
    covariance : (n_times, n_times); diagonal where the library has no more
    is_joint : whether it has, and effects before and after the start are of one kind
    n_treated : (n_times,), rows of entities that are treated at some time
    average, std_error : mean effect over the treated rows, and its error
    n_entities : clusters
    df : degrees of freedom of t and F statistics, those of the smaller side of a comparison
    pre_trend : test of the leads, or why there is none
    """

    event_time: Ints
    estimate: Floats
    covariance: Floats
    is_joint: bool
    n_treated: Ints
    average: float
    std_error: float
    n_entities: int
    df: int
    pre_trend: Attempt[PreTrend]

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
        Plagborg-Moller 2019); from a diagonal covariance it is valid and rather wide (Sidak 1967).
        """
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
