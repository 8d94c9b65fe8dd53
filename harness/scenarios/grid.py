"""Grids of values, their support in the data, and mean predictions and slopes on them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.arrays import Floats, Ints, Mask, locked
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.estimators.guard import predict_any, require_finite
from harness.estimators.protocol import CanProfile, Fitted, FittedDraws
from harness.language import Coded, marked

# Half-width of the neighbourhood of a grid point, as a share of the exposure's range.
WINDOW = 0.05

# Least share of the entities that must have a row in the neighbourhood; at least two entities.
LEAST_SHARE = 0.01


@dataclass(frozen=True, eq=False)
class Support:
    """Rows near each grid point.

    Attributes
    ----------
    n_obs, n_entities : (n_grid,) of a curve or (n_first, n_second) of a surface, rows and entities within the
        neighbourhood
    supported : of the same shape, whether enough entities are there to speak of the curve or surface
    """

    n_obs: Ints
    n_entities: Ints
    supported: Mask


def support(exposure: Floats, entities: Ints, grid: Floats) -> Support:
    """Count rows and entities within `WINDOW` of each grid point.

    Parameters
    ----------
    exposure : (n_obs,), its unit
    entities : (n_obs,), codes
    grid : (n_grid,), the exposure's unit
    """
    half_width = WINDOW * np.ptp(exposure)
    n_obs, n_entities = counts_of((np.abs(exposure - point) <= half_width for point in grid), entities)
    return Support(n_obs, n_entities, n_entities >= least_entities(entities))


def counts_of(marked: Iterable[Mask], entities: Ints) -> Ints:
    """Return how many rows each mask, (n_obs,), marks, and how many of the entities, (2, n_masks)."""
    counts = [(own.size, np.unique(own).size) for own in (entities[mask] for mask in marked)]
    return np.array(counts, dtype=np.int64).T


def least_entities(entities: Ints) -> float:
    """Return how many entities a neighbourhood needs, of those that codes, (n_obs,), name."""
    return max(2.0, LEAST_SHARE * np.unique(entities).size)


def has_two_values(values: Floats) -> bool:
    """Return whether values, (n_obs,), are two different ones, between which there is nothing."""
    low, high = values.min(), values.max()
    return bool(low < high and np.all((values == low) | (values == high)))


def runs_of(marked: Mask) -> list[tuple[int, int]]:
    """Return the first and the last position of each stretch of marked grid points."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marked, [False]]).astype(np.int64)))
    return list(zip(edges[::2].tolist(), (edges[1::2] - 1).tolist(), strict=True))


def longest_run(marked: Mask) -> slice:
    """Return the longest stretch of marked grid points, the first of equals; empty where none is marked."""
    first, last = max(runs_of(marked), key=lambda run: run[1] - run[0], default=(0, -1))
    return slice(first, last + 1)


def require_variation(panel: Panel, name: str) -> None:
    """Refuse a panel on whose rows a regressor has one value only.

    Raises
    ------
    EstimationError
        Naming the regressor.
    """
    if np.ptp(panel.column(name)) == 0.0:
        what = Coded("has a single value in these {n_obs} rows", n_obs=panel.n_obs)
        raise EstimationError.at(name, what, expected=marked("a variable that varies"))


Spacing = Literal["uniform", "quantiles"]


def exposure_grid(exposure: Floats, *, n_grid: int, spacing: Spacing) -> Floats:
    """Return grid points over the observed range, (n_grid,) or fewer, strictly increasing.

    Of an exposure with two values the grid is these.

    Parameters
    ----------
    exposure : (n_obs,), its unit
    spacing : equal steps, or equal shares of the rows between neighbours (ties merge)
    """
    if has_two_values(exposure):
        return np.unique(exposure)
    if spacing == "uniform":
        return np.linspace(exposure.min(), exposure.max(), n_grid)
    return np.unique(np.quantile(exposure, np.linspace(0.0, 1.0, n_grid)))


@dataclass(frozen=True, eq=False)
class Positions:
    """Where values lie on a grid.

    Attributes
    ----------
    left : (n_obs,), positions of the grid points at or before the values
    share : (n_obs,), in [0, 1], how much of the step to the next point has been gone
    """

    left: Ints
    share: Floats

    def take(self, rows: Ints) -> Positions:
        """Return the positions of some of the values, (n_rows,) positions."""
        return Positions(self.left[rows], self.share[rows])


def locate(grid: Floats, values: Floats) -> Positions:
    """Return where values, (n_obs,), lie on an increasing grid of two points or more; ends hold beyond it."""
    left = np.clip(np.searchsorted(grid, values, side="right") - 1, 0, grid.size - 2)
    share = (values - grid[left]) / (grid[left + 1] - grid[left])
    return Positions(left, np.clip(share, 0.0, 1.0))


def on_curve(curves: Floats, positions: Positions) -> Floats:
    """Return curves, (..., n_grid), at each position by straight lines between grid points, (..., n_obs)."""
    left, share = positions.left, positions.share
    return curves[..., left] * (1.0 - share) + curves[..., left + 1] * share


def on_surface(surfaces: Floats, first: Positions, second: Positions) -> Floats:
    """Return surfaces, (..., n_first, n_second), at pairs of positions, (..., n_obs), by straight lines."""
    left, share = first.left, first.share
    before, after = (
        surfaces[..., left, at] * (1.0 - share) + surfaces[..., left + 1, at] * share
        for at in (second.left, second.left + 1)
    )
    values: Floats = before * (1.0 - second.share) + after * second.share
    return values


def centred(values: Floats) -> Floats:
    """Return values, (..., n_obs), less their mean over rows."""
    return np.asarray(values - values.mean(axis=-1, keepdims=True))


Columns = tuple[str, ...]

# Numbers of one answer that are remembered at most: 32 MiB.
MOST_REMEMBERED = 2**22

# Answers of models, with the model and the rows, whose ids no other object can have meanwhile.
Answers = dict[Hashable, tuple[Fitted | FittedDraws, Panel, Floats]]

_ANSWERS: ContextVar[Answers | None] = ContextVar("answers", default=None)


@contextmanager
def remembering() -> Iterator[None]:
    """Compute once what scenarios ask alike of the same model on the same rows, until the block ends."""
    token = _ANSWERS.set({})
    try:
        yield
    finally:
        _ANSWERS.reset(token)


def once(
    model: Fitted | FittedDraws, panel: Panel, question: Hashable, compute: Callable[[], Floats]
) -> Floats:
    """Return what is computed from a model and rows, read-only where it is remembered."""
    answers, key = _ANSWERS.get(), (id(model), id(panel), question)
    if answers is None:
        return compute()
    if key not in answers:
        values = compute()
        if values.size > MOST_REMEMBERED:
            return values
        answers[key] = (model, panel, locked(values))
    return answers[key][-1]


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
    question = ("mean", columns, points.tobytes())
    return once(model, panel, question, lambda: _mean_predictions(model, panel, columns, points))


def _mean_predictions(model: Fitted | FittedDraws, panel: Panel, columns: Columns, points: Floats) -> Floats:
    fixed = with_derived(panel, columns, points) if isinstance(model, CanProfile) else None
    if isinstance(model, CanProfile) and fixed is not None:
        means = np.array(model.profile(panel, *fixed))
    else:
        size = min(max(1, BLOCK_ROWS // panel.n_obs), len(points))
        stacked = panel.take(np.tile(np.arange(panel.n_obs), size))
        means = np.concatenate(
            [
                _predicted(model, stacked, columns, points[first : first + size], panel.n_obs)
                for first in range(0, len(points), size)
            ],
            axis=-1,
        )
    require_finite(means, type(model).__name__)
    return means


def _predicted(
    model: Fitted | FittedDraws, stacked: Panel, columns: Columns, points: Floats, n_obs: int
) -> Floats:
    """Return mean predictions at points that are predicted together, (..., n_points).

    Parameters
    ----------
    stacked : the panel's `n_obs` rows, as often as there are points or oftener
    """
    n_rows = len(points) * n_obs
    rows = stacked if n_rows == stacked.n_obs else stacked.take(np.arange(n_rows))
    values = {name: np.repeat(at, n_obs) for name, at in zip(columns, points.T, strict=True)}
    predicted = model.predict(rows.with_columns(values))
    means: Floats = predicted.reshape(*predicted.shape[:-1], len(points), n_obs).mean(axis=-1)
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


def require_separate(panel: Panel, moderator: str, *, where: str) -> None:
    """Refuse a moderator that cannot be set apart from the exposure, for the scenario named `where`.

    Raises
    ------
    EstimationError
        Where it is no regressor, or follows from the exposure.
    """
    if moderator not in panel.columns or moderator in panel.dependents(panel.exposure):
        what = Coded(
            "'{moderator}' is not a regressor that varies separately from the exposure", moderator=moderator
        )
        hint = Coded("choose a moderator other than '{moderator}'", moderator=moderator)
        expected = marked("a moderator or control that does not follow from the exposure")
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

    def slopes() -> Floats:
        above = predict_any(model, panel.with_column(panel.exposure, high))
        return np.asarray((above - predict_any(model, panel.with_column(panel.exposure, low))) / (high - low))

    return once(model, panel, ("slopes", low.tobytes(), high.tobytes()), slopes)
