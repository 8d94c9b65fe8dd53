"""Columns and outcome of a regression with mean zero and variance one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.plugin import Floats, Mask, Panel

_ROUNDING = 64.0 * float(np.finfo(np.float64).eps)
"""What varies by less than this share of a column's size is rounding."""


@dataclass(frozen=True, eq=False)
class Standardised:
    """Columns, the outcome last, so that neither their level nor their unit costs digits.

    Attributes
    ----------
    columns : (n_obs, n_columns + 1), in Fortran order; zero for a column that does not vary
    scales : (n_columns + 1,), weighted standard deviations
    varies : (n_columns + 1,), whether a column varies by more than rounding
    """

    columns: Floats
    scales: Floats
    varies: Mask

    @classmethod
    def of(cls, panel: Panel, weights: Floats) -> Standardised:
        """Return columns and outcome of a panel under weights, (n_obs,), > 0."""
        n_columns = panel.X.shape[1] + 1
        values = np.empty((panel.n_obs, n_columns), order="F")
        values[:, :-1], values[:, -1] = panel.X, panel.observed
        shares = weights / weights.sum()
        scales, varies = np.empty(n_columns), np.empty(n_columns, dtype=np.bool_)
        for at, column in enumerate(values.T):
            low, high = column.min(), column.max()
            varies[at] = high - low > _ROUNDING * max(abs(low), abs(high))
            column -= shares @ column
            # Rounding of a large mean leaves every row off by the same amount, which a second pass finds.
            column -= shares @ column
            scales[at] = np.sqrt(shares @ column**2)
            column *= 1.0 / scales[at] if varies[at] else 0.0
        return cls(values, scales, varies)
