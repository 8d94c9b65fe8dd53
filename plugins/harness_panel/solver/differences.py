"""Differences of adjacent periods within entities, and what they predict in levels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from harness.plugin import EstimationError, Floats, Ints, Panel, Problem, read_effect_set
from harness_panel.solver.absorb import divide
from harness_panel.solver.equation import ExpandedModels, FurtherColumns
from harness_panel.solver.regression import level_models
from harness_panel.solver.within_fit import ROUNDING


@dataclass(frozen=True, eq=False)
class Pairs:
    """Rows of one entity in adjacent periods.

    Attributes
    ----------
    later, earlier : (n_pairs,), positions of the rows
    runs : (n_obs,), which run of adjacent periods of an entity each row is in
    """

    later: Ints
    earlier: Ints
    runs: Ints

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
        what = "no entity has rows in two adjacent periods"
        hint = "choose another estimator, or a coarser time step"
        raise EstimationError(Problem("first differences", what, hint=hint))
    runs = np.empty(panel.n_obs, dtype=np.int64)
    runs[order] = np.concatenate([[0], np.cumsum(~is_pair)])
    return Pairs(later=order[1:][is_pair], earlier=order[:-1][is_pair], runs=runs)


def differenced(panel: Panel, pairs: Pairs) -> Panel:
    """Return the panel of differences, each in its later period."""
    values = pairs.difference(np.column_stack([panel.X, panel.observed]))
    later = panel.take(pairs.later)
    return replace(later, X=values[:, :-1], observed=values[:, -1], derived=())


@dataclass(frozen=True)
class TrendColumn(FurtherColumns):
    """A column that grows by one a period; its slope is the constant of differences.

    Attributes
    ----------
    start : period where it is zero
    """

    start: float

    def expand(self, panel: Panel) -> Panel:
        """Return the panel with the trend as its last control."""
        X = np.column_stack([panel.X, panel.period - self.start])
        return replace(panel, controls=(*panel.controls, "(trend)"), X=X)


def difference_models(
    panel: Panel, slopes: Floats, trends: Floats, weights: Floats, *, row_weights: Floats
) -> ExpandedModels:
    """Return models in levels from slopes of differences.

    An entity's effect is the weighted mean over its rows of outcome less x b less trend; of one that a draw
    left out, over all its rows.

    Parameters
    ----------
    slopes : (n_draws, n_columns)
    trends : (n_draws,)
    weights : (n_draws, n_obs), >= 0, how often a row was drawn
    row_weights : (n_obs,), > 0, how much a row counts each time
    """
    entities, trend = read_effect_set(panel, "entity"), TrendColumn(float(panel.period.mean()))
    expanded, counts = trend.expand(panel), (weights * row_weights).T
    centre, slopes = np.append(panel.X.mean(axis=0), 0.0), np.column_stack([slopes, trends])
    residual = panel.observed[:, None] - (expanded.X - centre) @ slopes.T
    means = divide(entities.sums(counts * residual), entities.sums(counts)).T
    model = level_models([entities], [means], centre=centre, intercept=0.0, slopes=slopes, weights=counts)
    known = model.knowing_omitted(expanded, panel.observed, weights=weights, row_weights=row_weights)
    return ExpandedModels(trend, known)
