"""Partial dependence: mean predictions over rows at given values of some columns, and slopes."""

from __future__ import annotations

import numpy as np

from harness.arrays import Floats
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.estimators.guard import predict_any, require_finite
from harness.estimators.protocol import CanProfile, Fitted, FittedDraws
from harness.language import Message
from harness.scenarios.grid import WINDOW, has_two_values

Columns = tuple[str, ...]

# Rows predicted at a time, of as many points as fit, so that small panels do not cost a call for each.
BLOCK_ROWS = 2**14


def mean_predictions(
    model: Fitted | FittedDraws, panel: Panel, *, columns: Columns, points: Floats
) -> Floats:
    """Return mean predictions over the rows at each point, the other columns as the panel has them.

    Columns derived from these, such as a square, follow them. Unless the model has a short
    cut, all rows are predicted at each point; predictions of one point, or of `BLOCK_ROWS` rows where that is
    more, are held at a time.

    Parameters
    ----------
    columns : regressors that get the same value in all rows
    points : (n_points, n_columns), units of the columns

    Returns
    -------
    (n_points,) for one fit and (n_draws, n_points) for draws, outcome units.

    Raises
    ------
    PluginError
        Where a prediction is not finite.
    """
    fixed = with_derived(panel, columns, points) if isinstance(model, CanProfile) else None
    if isinstance(model, CanProfile) and fixed is not None:
        means = np.asarray(model.profile(panel, *fixed))
    else:
        size = max(1, BLOCK_ROWS // panel.n_obs)
        blocks = (points[first : first + size] for first in range(0, len(points), size))
        means = np.concatenate([_predicted(model, panel, columns, block) for block in blocks], axis=-1)
    require_finite(means, type(model).__name__)
    return means


def _predicted(model: Fitted | FittedDraws, panel: Panel, columns: Columns, points: Floats) -> Floats:
    """Return mean predictions at points that are predicted together, (..., n_points)."""
    stacked = panel.take(np.tile(np.arange(panel.n_obs), len(points)))
    values = {name: np.repeat(at, panel.n_obs) for name, at in zip(columns, points.T, strict=True)}
    predicted = model.predict(stacked.with_columns(values))
    means: Floats = predicted.reshape(*predicted.shape[:-1], len(points), panel.n_obs).mean(axis=-1)
    return means


def with_derived(panel: Panel, columns: Columns, points: Floats) -> tuple[Columns, Floats] | None:
    """Return the fixed columns with all that are derived from them, and the points of these.

    None where a column is derived from a fixed column and from one that stays as it is: it then differs from
    row to row.
    """
    values = {
        name: np.asarray(at)
        for name, at in panel.by_column(dict(zip(columns, points.T, strict=True))).items()
    }
    for derivation in panel.derived:
        if derivation.into in columns or not values.keys() & set(derivation.inputs):
            continue
        if not values.keys() >= set(derivation.inputs):
            return None
        values[derivation.into] = derivation.compute({name: values[name] for name in derivation.inputs})
    return tuple(values), np.column_stack(list(values.values()))


def require_apart(panel: Panel, moderator: str, *, where: str) -> None:
    """Refuse a moderator that cannot be set apart from the exposure, for the scenario named `where`.

    Raises
    ------
    EstimationError
        Where it is no regressor, or follows from the exposure.
    """
    if moderator not in panel.columns or moderator in panel.dependents(panel.exposure):
        what = Message(
            "'{moderator}' is no regressor that can be set apart from the exposure", moderator=moderator
        )
        hint = Message("choose another moderator than '{moderator}'", moderator=moderator)
        expected = "a moderator or control that does not follow from the exposure"
        raise EstimationError.at(where, what, expected, hint)


def partial_dependence(model: Fitted | FittedDraws, panel: Panel, grid: Floats) -> Floats:
    """Return mean predictions at each exposure, the other columns as the panel has them (Friedman 2001).

    Columns that follow from the exposure, such as its square, move with it.

    Returns
    -------
    (n_grid,) for one fit and (n_draws, n_grid) for draws, outcome units.
    """
    return mean_predictions(model, panel, columns=(panel.exposure,), points=grid[:, None])


def slope(levels: Floats, grid: Floats, *, axis: int = -1) -> Floats:
    """Return the derivative of levels along a grid by differences over neighbouring points, same shape."""
    return np.asarray(np.gradient(levels, grid, axis=axis))


def row_slopes(model: Fitted | FittedDraws, panel: Panel, *, exposure: Floats | None = None) -> Floats:
    """Return each row's slope: the change in its prediction per unit of exposure, all else as observed.

    The exposure goes `WINDOW` of its range up and down, but not out of the range; steps of this size let
    models that predict by steps, such as trees, show a slope as well. Where it has two values, it goes from
    one to the other: the slope is their contrast.

    Parameters
    ----------
    exposure : values whose range it is, where the panel has only some of the rows in question

    Returns
    -------
    (n_obs,) for one fit and (n_draws, n_obs) for draws, outcome units per unit of exposure.
    """
    own = panel.column(panel.exposure)
    exposure = own if exposure is None else exposure
    step = np.ptp(exposure) * (1.0 if has_two_values(exposure) else WINDOW)
    low = np.maximum(own - step, exposure.min())
    high = np.minimum(own + step, exposure.max())
    above = predict_any(model, panel.with_column(panel.exposure, high))
    slopes: Floats = (above - predict_any(model, panel.with_column(panel.exposure, low))) / (high - low)
    return slopes
