"""The gain of one estimator over another on the same rows, with its interval and its test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.evaluation.gain_status import ENTITIES, ENTITIES_AND_PERIODS, GIVEN_PERIODS, Inference
from harness.evaluation.gain_tests import equal_accuracy_p_value, two_way_difference, two_way_gain
from harness.evaluation.losses import ClusterLosses, PeriodLosses
from harness.evaluation.resample import EntityDraws

MIN_PERIODS = 5
"""Fewest new periods from which a p-value can be had; with fewer, time was seen once."""


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
