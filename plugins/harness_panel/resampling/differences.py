"""Differences of adjacent periods within entities."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from harness import EstimationError, Floats, Ints, Panel, Problem
from harness_panel.resampling.collinearity import ROUNDING


@dataclass(frozen=True, eq=False)
class Pairs:
    """Rows of one entity in adjacent periods.

    Attributes
    ----------
    later, earlier : (n_pairs,), positions of the rows
    """

    later: Ints
    earlier: Ints

    def difference(self, values: Floats) -> Floats:
        """Return later less earlier, (n_pairs, n_columns), of values, (n_obs, n_columns).

        Differences of a column that are alike up to the rounding of its level are made equal, so that a
        steady trend is one.
        """
        difference = values[self.later] - values[self.earlier]
        is_steady = np.ptp(difference, axis=0) <= ROUNDING * np.abs(values).max(axis=0)
        steady: Floats = np.where(is_steady, difference[0], difference)
        return steady

    def weights(self, of_rows: Floats) -> Floats:
        """Return the weights of differences, (n_pairs,), from those of rows, (n_obs,), > 0.

        A row's error has a variance of one over its weight, so that of a difference is the sum of both.
        """
        return 1.0 / (1.0 / of_rows[self.later] + 1.0 / of_rows[self.earlier])


def adjacent_pairs(panel: Panel) -> Pairs:
    """Return the rows that have a row of the same entity one period before.

    Raises
    ------
    EstimationError
        Where no row has one.
    """
    order = np.lexsort((panel.period, panel.entity.codes))
    is_pair = (np.diff(panel.entity.codes[order]) == 0) & (np.diff(panel.period[order]) == 1)
    if not is_pair.any():
        raise EstimationError(
            Problem(
                where="first differences",
                what="no entity has rows in two adjacent periods",
                hint="choose another estimator, or a coarser time step",
            )
        )
    at = np.flatnonzero(is_pair)
    return Pairs(later=order[at + 1], earlier=order[at])


def differenced(panel: Panel, pairs: Pairs) -> Panel:
    """Return the panel of differences, each in its later period."""
    values = pairs.difference(np.column_stack([panel.X, panel.observed]))
    later = panel.take(pairs.later)
    return replace(later, X=values[:, :-1], observed=values[:, -1], derived=())
