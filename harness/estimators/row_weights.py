"""Analytic weights: the error variance of a row is in proportion to one over its weight."""

from __future__ import annotations

import numpy as np

from harness.arrays import Floats
from harness.data.panel import Panel
from harness.errors import EstimationError, Problem


def row_weights(panel: Panel, *, weighted: bool) -> Floats:
    """Return the weights of least squares, (n_obs,), > 0: those of the panel, or ones.

    Raises
    ------
    EstimationError
        Where `weighted` asks for weights that the panel lacks, or that are not positive numbers.
    """
    if not weighted:
        return np.ones(panel.n_obs)
    if panel.weights is None:
        raise EstimationError(
            Problem(
                where="weights",
                what="the panel has none",
                hint="name their column as roles.weights, or leave `weighted` out",
            )
        )
    n_bad = int(np.count_nonzero(~(np.isfinite(panel.weights) & (panel.weights > 0.0))))
    if n_bad:
        raise EstimationError(
            Problem(
                where="weights",
                what=f"{n_bad} of {panel.n_obs} are zero, negative or no numbers",
                expected="finite numbers above zero",
                hint="leave such rows out",
            )
        )
    return panel.weights
