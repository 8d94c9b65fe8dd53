"""Mean regressors over rows, some at given values: what the mean of a linear prediction needs."""

from __future__ import annotations

from harness import Floats, Panel


def means_at(panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
    """Return the mean of every regressor over the rows, (n_points, n_columns), at each point.

    Parameters
    ----------
    columns : regressors that get the same value in all rows
    points : (n_points, n_moved), units of the columns
    """
    means: Floats = panel.X.mean(axis=0)[None].repeat(len(points), axis=0)
    means[:, [panel.columns.index(name) for name in columns]] = points
    return means
