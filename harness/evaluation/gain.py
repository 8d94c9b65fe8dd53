"""The gain of one estimator over another on the same rows, with its interval and its test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats, Ints
from harness.evaluation.resample import draw_counts


@dataclass(frozen=True)
class Gain:
    """1 - mse / mse_reference and how sure it is.

    Attributes
    ----------
    gain : fraction, at most 1; positive means better than the reference
    conf_low, conf_high : percentile limits over draws of whole entities, both estimators on the same draws
    p_value : two-sided test of equal mean squared error, from loss differences clustered by entity
    mse, mse_reference : squared outcome units
    n_entities : clusters that interval and test rest on

    Interval and test speak of new entities under the fits at hand: they hold the trained models fixed.
    """

    gain: float
    conf_low: float
    conf_high: float
    p_value: float
    mse: float
    mse_reference: float
    n_entities: int


@dataclass(frozen=True, eq=False)
class EntityLosses:
    """Squared errors of two estimators on the same rows, summed within entities.

    Attributes
    ----------
    loss, loss_reference : (n_entities,), sums of squared errors
    n_rows : (n_entities,), rows summed, >= 1
    """

    loss: Floats
    loss_reference: Floats
    n_rows: Floats


def entity_losses(loss: Floats, loss_reference: Floats, entities: Ints) -> EntityLosses:
    """Sum squared errors, (n_obs,) each, within the entities, (n_obs,) codes."""
    _, position = np.unique(entities, return_inverse=True)
    return EntityLosses(
        loss=np.bincount(position, weights=loss).astype(np.float64),
        loss_reference=np.bincount(position, weights=loss_reference).astype(np.float64),
        n_rows=np.bincount(position).astype(np.float64),
    )


def equal_accuracy_p_value(losses: EntityLosses) -> float:
    """Return the p-value of the hypothesis that both estimators have the same mean squared error.

    The mean loss difference over its cluster-robust standard error with the factor G / (G - 1), on the t
    distribution with G - 1 degrees of freedom, G entities: the test of Diebold and Mariano (1995) with
    entities in the place of the time series.
    """
    from scipy import stats

    n_entities = losses.n_rows.size
    if n_entities < 2:
        return float("nan")
    difference = losses.loss_reference - losses.loss
    mean = difference.sum() / losses.n_rows.sum()
    scores = difference - losses.n_rows * mean
    variance = n_entities / (n_entities - 1) * (scores**2).sum() / losses.n_rows.sum() ** 2
    if variance == 0:
        return 1.0 if mean == 0 else 0.0
    return float(2.0 * stats.t.sf(abs(mean) / np.sqrt(variance), n_entities - 1))


def gain_over(losses: EntityLosses, *, level: float, n_draws: int, rng: Generator) -> Gain:
    """Return the gain with a percentile interval from an entity bootstrap.

    Parameters
    ----------
    level : in (0, 1), nominal coverage
    n_draws : >= 1
    rng : equal streams give equal draws of entities, so the gains of a table are paired
    """
    counts = draw_counts(losses.n_rows.size, n_draws, rng).astype(np.float64)
    drawn = 1.0 - (counts @ losses.loss) / (counts @ losses.loss_reference)
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(drawn, [tail, 1.0 - tail])
    n_rows = losses.n_rows.sum()
    mse, mse_reference = losses.loss.sum() / n_rows, losses.loss_reference.sum() / n_rows
    return Gain(
        gain=float(1.0 - mse / mse_reference),
        conf_low=float(low),
        conf_high=float(high),
        p_value=equal_accuracy_p_value(losses),
        mse=float(mse),
        mse_reference=float(mse_reference),
        n_entities=losses.n_rows.size,
    )
