"""Sums over rows of networks' predictions where some inputs have the same value in all rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from harness.plugin import Floats, Ints
from harness_neural.batch.networks import NetworkBatch
from harness_neural.batch.threads import one_thread
from harness_neural.batch.unit_totals import Presence, sigmoid_totals_where, unit_totals

# Largest error of a mean prediction that tabulation may cause, in units of the outcomes of the networks.
ERROR = 5e-7
# Bytes of the weighted inputs, (n_units, n_networks, n_rows), that are held at a time.
CHUNK_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, eq=False)
class FixedInputs:
    """Inputs that get the same value in all rows.

    Attributes
    ----------
    places : (n_fixed,), positions among the inputs
    values : (n_points, n_fixed)
    """

    places: Ints
    values: Floats

    @property
    def n_points(self) -> int:
        """Number of points."""
        return len(self.values)

    def at(self, point: int) -> FixedInputs:
        """Return the same inputs at one of the points."""
        return FixedInputs(self.places, self.values[[point]])


@dataclass(frozen=True)
class _UnitChunk:
    """Hidden units of some networks, network by network.

    Attributes
    ----------
    networks : their places
    z : (n_units, n_rows), weighted inputs without the fixed ones
    shifts : (n_units, n_points), what the fixed ones add
    error : (n_units,), allowed for each unit's mean
    output : (n_networks, n_units a network)
    """

    networks: slice
    z: Tensor
    shifts: Tensor
    error: Tensor
    output: Tensor

    def weighted(self, totals: Tensor) -> Floats:
        """Return sums over units of their totals, (n_networks, n_points)."""
        by_network = totals.reshape(*self.output.shape, -1)
        return np.asarray(torch.bmm(self.output.unsqueeze(1), by_network)[:, 0].numpy())


def total_predictions(networks: NetworkBatch, X: Floats, fixed: FixedInputs) -> Floats:
    """Return sums over rows of predictions, (n_networks, n_points), off by `ERROR` a row at most.

    Parameters
    ----------
    X : (n_rows, n_inputs); the fixed inputs are not looked at
    """
    totals = np.empty((networks.n_networks, fixed.n_points))
    with one_thread():
        for chunk in _chunks(networks, X, fixed):
            sums = unit_totals(networks.unit, chunk.z, chunk.shifts, error=chunk.error)
            totals[chunk.networks] = chunk.weighted(sums)
    return totals + len(X) * networks.intercept[:, None]


def total_predictions_where(
    networks: NetworkBatch, X: Floats, fixed: FixedInputs, takes_part: npt.NDArray[np.bool_]
) -> Floats:
    """Return sums of predictions over the rows that take part at each point, (n_networks, n_points).

    Parameters
    ----------
    takes_part : (n_rows, n_points)
    """
    if networks.unit == "relu":
        return _point_by_point(networks, X, fixed, takes_part)
    path, presence = _shortest_path(fixed.values, takes_part)
    totals = np.empty((networks.n_networks, fixed.n_points))
    with one_thread():
        for chunk in _chunks(networks, X, FixedInputs(fixed.places, fixed.values[path])):
            sums = sigmoid_totals_where(chunk.z, chunk.shifts, presence=presence, error=chunk.error)
            totals[chunk.networks, path] = chunk.weighted(sums)
    intercepts: Floats = takes_part.sum(axis=0) * networks.intercept[:, None]
    return totals + intercepts


def _shortest_path(points: Floats, takes_part: npt.NDArray[np.bool_]) -> tuple[Ints, Presence]:
    """Return the order of points, (n_points,), along which fewest rows come and go, and who is present."""
    paths = _paths(points)
    ways = [Presence.of(takes_part[:, path]) for path in paths]
    best = min(range(len(ways)), key=lambda at: ways[at].changes.nnz)
    return paths[best], ways[best]


def _paths(points: Floats) -> list[Ints]:
    """Return orders of points, (n_points,) each, in which neighbours are near.

    On a plane one column runs up at one value of the other and down at the next; other points stay in their
    order.
    """
    if points.shape[1] != 2:
        return [np.arange(len(points))]
    return [_snake(points[:, slow], points[:, fast]) for slow, fast in ((0, 1), (1, 0))]


def _snake(slow: Floats, fast: Floats) -> Ints:
    line = np.unique(slow, return_inverse=True)[1]
    return np.lexsort((np.where(line % 2 == 0, fast, -fast), line))


def _point_by_point(
    networks: NetworkBatch, X: Floats, fixed: FixedInputs, takes_part: npt.NDArray[np.bool_]
) -> Floats:
    points = range(fixed.n_points)
    sums = [total_predictions(networks, X[takes_part[:, point]], fixed.at(point)) for point in points]
    return np.concatenate(sums, axis=1)


def _chunks(networks: NetworkBatch, X: Floats, fixed: FixedInputs) -> Iterator[_UnitChunk]:
    n_rows, n_units = X.shape[0], networks.output.shape[1]
    seen = np.column_stack([X, np.ones(n_rows)])
    seen[:, fixed.places] = 0.0
    rows, values = torch.from_numpy(seen.T.copy()), torch.from_numpy(fixed.values.T.copy())
    places = torch.from_numpy(fixed.places)
    width = max(1, CHUNK_BYTES // (8 * n_units * max(n_rows, fixed.n_points)))
    for first in range(0, networks.n_networks, width):
        some = slice(first, first + width)
        hidden = torch.from_numpy(networks.hidden[some]).flatten(0, 1)
        output = torch.from_numpy(networks.output[some])
        error = ERROR / output.abs().sum(dim=1, keepdim=True).clamp(min=ERROR).expand_as(output)
        yield _UnitChunk(some, hidden @ rows, hidden[:, places] @ values, error.flatten(), output)
