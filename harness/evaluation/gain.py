"""The gain of one estimator over another on the same rows, with its interval and its tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.arrays import Floats
from harness.evaluation.losses import ClusterLosses, PeriodLosses, SplitGains
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


def two_way_difference(entities: ClusterLosses, periods: PeriodLosses) -> ClusteredMean:
    """Return the mean loss difference with an error clustered by entity and by period, squared units."""
    n_rows = entities.n_rows.sum()
    mean = float((entities.loss_reference - entities.loss).sum() / n_rows)
    error, df = _two_way_error(
        [
            (losses.loss_reference - losses.loss - losses.n_rows * mean) / n_rows
            for losses in (entities, periods.periods, periods.cells)
        ]
    )
    return ClusteredMean(mean, error, df)


def two_way_gain(entities: ClusterLosses, periods: PeriodLosses) -> ClusteredMean:
    """Return the gain, 1 - a ratio of sums, with the error of its linear part, clustered both ways."""
    total = entities.loss_reference.sum()
    gain = float(1.0 - entities.loss.sum() / total)
    error, df = _two_way_error(
        [
            ((1.0 - gain) * losses.loss_reference - losses.loss) / total
            for losses in (entities, periods.periods, periods.cells)
        ]
    )
    return ClusteredMean(gain, error, df)


def _two_way_error(scores: Sequence[Floats]) -> tuple[float, int]:
    """Return an error clustered by entity and period, and its degrees of freedom.

    Scores are summed within entities, periods and both. The variance is that of Cameron, Gelbach and Miller
    (2011, equation 2.11), each part with the factor G / (G - 1), but never below either one-way variance:
    with few periods the sum of three estimates can be far too small, even negative. The degrees of freedom
    are those of the fewer clusters.
    """
    entity, period, cell = (own.size / max(own.size - 1, 1) * float((own**2).sum()) for own in scores)
    return float(np.sqrt(max(entity + period - cell, entity, period))), min(
        scores[0].size, scores[1].size
    ) - 1


def corrected_t_p_value(splits: SplitGains) -> float:
    """Return the p-value of the corrected resampled t test (Nadeau and Bengio 2003, equation 21).

    The test is of the logarithms of the ratios of errors. The variance of their mean over J splits is taken
    as (1/J + n_test/n_train) times the variance between splits, since the splits share training rows; t
    distribution with J - 1 degrees of freedom. NaN for fewer than two splits, or where a split has no error.
    """
    from scipy import stats

    n_splits = splits.gain.size
    if n_splits < 2:
        return float("nan")
    ratios = splits.log_ratio
    if not np.isfinite(ratios).all():
        return float("nan")
    mean = float(ratios.mean())
    variance = (1.0 / n_splits + splits.test_to_train) * float(ratios.var(ddof=1))
    if variance == 0:
        return 1.0 if mean == 0 else 0.0
    return float(2.0 * stats.t.sf(abs(mean) / np.sqrt(variance), n_splits - 1))


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


def gain_over(
    losses: ClusterLosses,
    *,
    level: float,
    draws: EntityDraws,
    periods: PeriodLosses | None = None,
) -> Gain:
    """Return the gain with its interval and test.

    Whole entities are drawn for a percentile interval, and the test is clustered by entity. What is common
    to a period moves all rows of it together; where no tested period is trained on, five periods or more
    give an interval and a test clustered by entity and period, and fewer an interval given these periods and
    no test.

    Parameters
    ----------
    losses : summed within entities, in the order of their labels
    level : in (0, 1), nominal coverage
    draws : equal ones draw equally many entities alike, so the gains of an outcome are paired
    periods : the same losses by period; None where tested periods are trained on
    """
    mse, mse_reference = (
        float(total.sum() / losses.n_rows.sum()) for total in (losses.loss, losses.loss_reference)
    )
    inference = inference_of(periods)
    if periods is not None and inference == ENTITIES_AND_PERIODS:
        (low, high) = two_way_gain(losses, periods).interval(level)
        p_value = two_way_difference(losses, periods).p_value
    else:
        low, high = _entity_interval(losses, level=level, draws=draws)
        p_value = equal_accuracy_p_value(losses) if inference == ENTITIES else float("nan")
    return Gain(
        gain=1.0 - mse / mse_reference,
        conf_low=low,
        conf_high=high,
        p_value=p_value,
        mse=mse,
        mse_reference=mse_reference,
        n_entities=losses.n_rows.size,
        inference=inference,
    )


def inference_of(periods: PeriodLosses | None) -> Inference:
    """Return what interval and test can allow for, given the new periods that were tested."""
    if periods is None:
        return ENTITIES
    return ENTITIES_AND_PERIODS if periods.periods.n_rows.size >= MIN_PERIODS else GIVEN_PERIODS


def _entity_interval(losses: ClusterLosses, *, level: float, draws: EntityDraws) -> tuple[float, float]:
    loss, loss_reference = draws.sums(losses.loss, losses.loss_reference)
    tail = (1.0 - level) / 2.0
    # Where the reference has no error in a draw its gain has no bound, and a limit among such draws is NaN.
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = np.quantile(1.0 - loss / loss_reference, [tail, 1.0 - tail])
    return float(low), float(high)
