"""The gain of one estimator over another on the same rows, with its interval and its tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.arrays import Floats
from harness.evaluation.losses import ClusterLosses
from harness.evaluation.resample import EntityDraws
from harness.tables.gain import ENTITIES, ENTITIES_AND_PERIODS, GIVEN_PERIODS, Inference


def equal_accuracy_p_value(losses: ClusterLosses) -> float:
    """Return the p-value of the hypothesis that both estimators have the same mean squared error.

    The mean loss difference over its cluster-robust standard error with the factor G / (G - 1), on the t
    distribution with G - 1 degrees of freedom, G entities: the test of Diebold and Mariano (1995) with
    entities in the place of the time series.
    """
    n_entities = losses.n_rows.size
    difference = losses.loss_reference - losses.loss
    mean = float(difference.sum() / losses.n_rows.sum())
    scores = difference - losses.n_rows * mean
    variance = n_entities / max(n_entities - 1, 1) * (scores**2).sum() / losses.n_rows.sum() ** 2
    return ClusteredMean(mean, float(np.sqrt(variance)), n_entities - 1).p_value


@dataclass(frozen=True)
class ClusteredMean:
    """A mean that is tested against zero.

    Attributes
    ----------
    std_error : of the mean
    df : degrees of freedom of its t distribution
    """

    mean: float
    std_error: float
    df: int

    @property
    def p_value(self) -> float:
        """Two-sided p-value of a mean of zero; NaN without a degree of freedom."""
        from scipy import stats

        if self.df < 1:
            return float("nan")
        if self.std_error == 0:
            return 1.0 if self.mean == 0 else 0.0
        return float(2.0 * stats.t.sf(abs(self.mean) / self.std_error, self.df))

    def interval(self, level: float) -> tuple[float, float]:
        """Return the limits of the interval of coverage `level` around the mean."""
        from scipy import stats

        reach = float(stats.t.ppf((1.0 + level) / 2.0, self.df)) * self.std_error
        return self.mean - reach, self.mean + reach


def two_way_difference(*clusters: ClusterLosses) -> ClusteredMean:
    """Return the mean loss difference with an error clustered by entity and by period, squared units.

    Parameters
    ----------
    clusters : losses summed within entities, within periods and within both together
    """
    n_rows = clusters[0].n_rows.sum()
    mean = float((clusters[0].loss_reference - clusters[0].loss).sum() / n_rows)
    scores = [(own.loss_reference - own.loss - own.n_rows * mean) / n_rows for own in clusters]
    return _two_way(mean, *scores)


def two_way_gain(*clusters: ClusterLosses) -> ClusteredMean:
    """Return the gain, 1 - a ratio of sums, with the error of its linear part, clustered both ways."""
    total = clusters[0].loss_reference.sum()
    gain = float(1.0 - clusters[0].loss.sum() / total)
    return _two_way(gain, *(((1.0 - gain) * own.loss_reference - own.loss) / total for own in clusters))


def _two_way(mean: float, *scores: Floats) -> ClusteredMean:
    """Return a mean with an error clustered by entity and period.

    Scores are summed within entities, periods and both. The variance is that of Cameron, Gelbach and Miller
    (2011, equation 2.11), each part with the factor G / (G - 1), but never below either one-way variance:
    with few periods the sum of three estimates can be far too small, even negative. The degrees of freedom
    are those of the fewer clusters.
    """
    entity, period, cell = (own.size / max(own.size - 1, 1) * float((own**2).sum()) for own in scores)
    error = float(np.sqrt(max(entity + period - cell, entity, period)))
    return ClusteredMean(mean, error, min(scores[0].size, scores[1].size) - 1)


def corrected_t_p_value(gains: Floats, *, test_to_train: float) -> float:
    """Return the p-value of the corrected resampled t test (Nadeau and Bengio 2003, equation 21).

    The test is of the logarithms of the ratios of errors: losses have no bound where gains end at one, and
    three splits of -500, -950 and -1,600 % agree as well on a loss as 50, 55 and 63 % do on a gain. The
    variance of their mean over J splits is taken as (1/J + n_test/n_train) times the variance between splits,
    since the splits share training rows; t distribution with J - 1 degrees of freedom.

    Parameters
    ----------
    gains : (n_splits,), fractions of the error that the reference has in the split, so that splits that are
        hard for both weigh no more than others
    test_to_train : test rows over training rows, the mean over splits

    Returns
    -------
    NaN for fewer than two splits, or where a split has no error.
    """
    with np.errstate(divide="ignore"):
        ratios = np.log1p(-gains)
    if gains.size < 2 or not np.isfinite(ratios).all():
        return float("nan")
    variance = (1.0 / gains.size + test_to_train) * float(ratios.var(ddof=1))
    return ClusteredMean(float(ratios.mean()), float(np.sqrt(variance)), gains.size - 1).p_value


def holm_adjusted(p_values: Floats) -> Floats:
    """Return p-values adjusted by Holm (1979) over the table, (n_tests,); a missing one stays missing."""
    adjusted = np.full(p_values.shape, np.nan)
    known = np.flatnonzero(np.isfinite(p_values))
    order = known[np.argsort(p_values[known])]
    n_left = np.arange(order.size, 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(n_left * p_values[order]), 1.0)
    return adjusted


def max_t_p_values(difference: Floats, n_rows: Floats, *, draws: EntityDraws) -> Floats:
    """Return p-values of equal accuracy that allow for picking the best of all estimators, (n_estimators,).

    The largest studentised mean loss difference over the estimators is compared with its distribution over
    draws of whole entities around the observed means: the reality check of White (2000), studentised as in
    Hansen (2005), two-sided, in one step, so that the chance of any false finding among the estimators is
    held.

    Parameters
    ----------
    difference : (n_estimators, n_entities), loss of the reference less own loss, summed within entities
    n_rows : (n_entities,), rows summed
    draws : of entities
    """
    n_entities = n_rows.size
    if n_entities < 2:
        return np.full(len(difference), np.nan)
    mean = difference.sum(axis=1) / n_rows.sum()
    scores = difference - mean[:, None] * n_rows
    error = np.sqrt(n_entities / (n_entities - 1) * (scores**2).sum(axis=1)) / n_rows.sum()
    drawn_difference, drawn_rows = draws.sums(difference.T, n_rows)
    drawn = drawn_difference / drawn_rows[:, None] - mean
    known = error > 0
    largest = (np.abs(drawn[:, known]) / error[known]).max(axis=1, initial=0.0)
    statistic = np.divide(np.abs(mean), error, out=np.zeros_like(mean), where=known)
    p_values = (1.0 + (largest[:, None] >= statistic).sum(axis=0)) / (1.0 + draws.n_draws)
    return np.where(known | (mean == 0), p_values, 0.0)


# Fewest new periods from which a p-value can be had; with fewer, time was seen once.
MIN_PERIODS = 5


@dataclass(frozen=True)
class Gain:
    """1 - mse / mse_reference and how sure it is.

    Attributes
    ----------
    gain : fraction, at most 1; positive means better than the reference
    conf_low, conf_high : limits of the interval
    p_value : two-sided test of equal mean squared error; NaN where too few periods were tested
    mse, mse_reference : squared outcome units
    n_entities : tested
    inference : what interval and test allow for

    Interval and test hold the trained models fixed. They speak of new entities and, where the inference is
    by entities and periods, of new periods.
    """

    gain: float
    conf_low: float
    conf_high: float
    p_value: float
    mse: float
    mse_reference: float
    n_entities: int
    inference: Inference


def gain_over(losses: ClusterLosses, *periods: ClusterLosses, level: float, draws: EntityDraws) -> Gain:
    """Return the gain with its interval and test.

    Whole entities are drawn for a percentile interval, and the test is clustered by entity. What is common
    to a period moves all rows of it together; where no tested period is trained on, five periods or more
    give an interval and a test clustered by entity and period, and fewer an interval given these periods and
    no test.

    Parameters
    ----------
    losses : summed within entities, in the order of their labels
    periods : the same within periods, and within both together; none where tested periods are trained on
    level : in (0, 1), nominal coverage
    draws : equal ones draw equally many entities alike, so the gains of an outcome are paired
    """
    n_rows = losses.n_rows.sum()
    mse, mse_reference = (float(own.sum() / n_rows) for own in (losses.loss, losses.loss_reference))
    inference: Inference = ENTITIES
    if periods:
        inference = ENTITIES_AND_PERIODS if periods[0].n_rows.size >= MIN_PERIODS else GIVEN_PERIODS
    if inference == ENTITIES_AND_PERIODS:
        low, high = two_way_gain(losses, *periods).interval(level)
        p_value = two_way_difference(losses, *periods).p_value
    else:
        low, high = _entity_interval(losses, level=level, draws=draws)
        p_value = equal_accuracy_p_value(losses) if inference == ENTITIES else float("nan")
    gain = 1.0 - mse / mse_reference
    return Gain(gain, low, high, p_value, mse, mse_reference, losses.n_rows.size, inference)


def _entity_interval(losses: ClusterLosses, *, level: float, draws: EntityDraws) -> tuple[float, float]:
    loss, loss_reference = draws.sums(losses.loss, losses.loss_reference)
    tail = (1.0 - level) / 2.0
    # Where the reference has no error in a draw its gain has no bound, and a limit among such draws is NaN.
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = np.quantile(1.0 - loss / loss_reference, [tail, 1.0 - tail])
    return float(low), float(high)
