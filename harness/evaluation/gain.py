"""The gain of one estimator over another on the same rows, with its interval and its test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from harness.evaluation.gain_tests import equal_accuracy_p_value
from harness.evaluation.losses import EntityLosses
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
