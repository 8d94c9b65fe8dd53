"""Trained networks, their predictions, and sums of these where some inputs have one value in all rows.

For one hidden unit the sum over rows of ``act(z_row + shift)`` is a function of one number, the shift,
however many inputs the shift comes from. It is tabulated at few shifts and read off at many.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from scipy.sparse import csr_array
from torch import Tensor

from harness.plugin import Floats, Ints
from harness_neural.batch.passes import batch_width, forward, make_blocks, make_layers, one_thread
from harness_neural.names import Unit


@dataclass(frozen=True, eq=False)
class NetworkBatch:
    """Networks with one hidden layer and a linear output.

    Attributes
    ----------
    unit : what a hidden unit computes
    hidden : (n_networks, n_units, n_inputs + 1); weights into each unit, its bias last
    output : (n_networks, n_units); zero for units that a smaller network does not have
    intercept : (n_networks,)
    """

    unit: Unit
    hidden: Floats
    output: Floats
    intercept: Floats

    @property
    def n_networks(self) -> int:
        """Number of networks."""
        return int(self.intercept.size)

    def take(self, networks: Ints) -> NetworkBatch:
        """Return these networks, (n_taken,) positions."""
        return replace(
            self,
            hidden=self.hidden[networks],
            output=self.output[networks],
            intercept=self.intercept[networks],
        )

    def predict(self, X: Floats) -> Floats:
        """Return predictions, (n_networks, n_obs), for inputs, (n_obs, n_inputs); computed in float64."""
        predicted = np.empty((self.n_networks, X.shape[0]))
        if X.shape[0] == 0:
            return predicted
        blocks = make_blocks(X, np.zeros(X.shape[0]), dtype=torch.float64)
        width = batch_width(self.output.shape[1], blocks=blocks)
        output = np.column_stack([self.output, self.intercept])[:, None, :]
        with one_thread():
            for first in range(0, self.n_networks, width):
                chunk = slice(first, first + width)
                hidden = torch.from_numpy(self.hidden[chunk].swapaxes(0, 1).copy())
                (layer,) = make_layers(hidden.shape[0], hidden.shape[1], blocks.n_rows, dtype=torch.float64)
                for at, row in enumerate(range(0, blocks.n_obs, blocks.n_rows)):
                    forward(
                        self.unit,
                        blocks.X_transposed[at],
                        hidden=hidden,
                        output=torch.from_numpy(output[chunk]),
                        layer=layer,
                    )
                    n_rows = min(blocks.n_rows, blocks.n_obs - row)
                    predicted[chunk, row : row + n_rows] = layer.predicted[:, 0, :n_rows].numpy()
        return predicted


def gather(pieces: Sequence[tuple[Ints, NetworkBatch]]) -> NetworkBatch:
    """Return the networks of all pieces; smaller ones get units that are switched off.

    Parameters
    ----------
    pieces : networks, and the position of each in the batch, (n_networks,)
    """
    n_networks = sum(positions.size for positions, _ in pieces)
    n_units = max(networks.output.shape[1] for _, networks in pieces)
    first = pieces[0][1]
    hidden = np.zeros((n_networks, n_units, first.hidden.shape[2]))
    output, intercept = np.zeros((n_networks, n_units)), np.zeros(n_networks)
    for positions, networks in pieces:
        size = networks.output.shape[1]
        hidden[positions, :size] = networks.hidden
        output[positions, :size] = networks.output
        intercept[positions] = networks.intercept
    return NetworkBatch(first.unit, hidden, output, intercept)


# The sigmoid has its poles at odd multiples of i pi; the table is bounded on ellipses that stay this near to
# the real line, where the sigmoid is no larger than one over the sine of the height.
HEIGHT = 0.9 * math.pi
BOUND = 1.0 / math.sin(HEIGHT)


@dataclass(frozen=True)
class Span:
    """Intervals of shifts, one a unit, (n_units, 1) each; `half` is half the length."""

    centre: Tensor
    half: Tensor

    def standardised(self, shifts: Tensor) -> Tensor:
        """Return shifts, (n_units, n_shifts), as places in [-1, 1]."""
        return (shifts - self.centre) / self.half.clamp(min=torch.finfo(shifts.dtype).tiny)

    def nodes(self, n_nodes: int) -> Tensor:
        """Return Chebyshev nodes, (n_units, n_nodes)."""
        return self.centre + self.half * _angles(n_nodes).cos()


def span_of(shifts: Tensor) -> Span:
    """Return the intervals that shifts, (n_units, n_shifts), are in."""
    low, high = shifts.amin(dim=1, keepdim=True), shifts.amax(dim=1, keepdim=True)
    return Span((low + high) / 2.0, (high - low) / 2.0)


def n_nodes_for(span: Span, error: Tensor) -> int:
    """Return how many nodes tabulate the mean of every unit well enough.

    The interpolant of degree n errs by at most 4 M rho^-n / (rho - 1), M bounding the function on the ellipse
    of parameter rho (Trefethen 2013, "Approximation Theory and Approximation Practice", theorem 8.2).

    Parameters
    ----------
    error : (n_units,), > 0
    """
    slant = HEIGHT / span.half[:, 0].clamp(min=1e-6)
    rho = slant + (1.0 + slant.square()).sqrt()
    degree = (4.0 * BOUND / ((rho - 1.0) * error)).log() / rho.log()
    return max(1, math.ceil(float(degree.max()))) + 1


def to_series(n_nodes: int) -> Tensor:
    """Return the map from values at nodes to Chebyshev coefficients, (n_nodes, n_nodes): values @ map."""
    found = torch.cos(torch.arange(n_nodes, dtype=torch.float64) * _angles(n_nodes).unsqueeze(1))
    found *= 2.0 / n_nodes
    found[:, 0] /= 2.0
    return found


def chebyshev_sum(series: list[Tensor], at: Tensor) -> Tensor:
    """Return Chebyshev series at points of [-1, 1] by Clenshaw's recurrence.

    Parameters
    ----------
    series : coefficients by degree, each of a shape that goes with `at`
    """
    twice = 2.0 * at
    last, before = torch.zeros_like(at), torch.zeros_like(at)
    for coefficient in reversed(series[1:]):
        last, before = before.neg_().addcmul_(twice, last).add_(coefficient), last
    return before.neg_().addcmul_(at, last).add_(series[0])


def _angles(n_nodes: int) -> Tensor:
    return (torch.arange(n_nodes, dtype=torch.float64) + 0.5) * (math.pi / n_nodes)


# Bytes of an array of units by rows that is filled anew for every shift, and of a table of rows, or shifts,
# by nodes by units; both fit a second-level cache of 2 MiB.
ARRAY_BYTES = 512 * 1024
TABLE_BYTES = 1536 * 1024
# Nodes that the size of a group of units is planned for.
USUAL_NODES = 16


@dataclass(frozen=True, eq=False)
class Presence:
    """Which rows take part at each shift.

    Attributes
    ----------
    takes_part : (n_rows, n_shifts)
    changes : (n_shifts, n_rows); 1 where a row takes part that did not at the shift before, -1 where it no
        longer does
    """

    takes_part: npt.NDArray[np.bool_]
    changes: csr_array

    @classmethod
    def of(cls, takes_part: npt.NDArray[np.bool_]) -> Presence:
        """Return the presence of rows, (n_rows, n_shifts)."""
        before = np.zeros((takes_part.shape[0], 1), dtype=np.int8)
        changes = np.diff(takes_part.view(np.int8), axis=1, prepend=before)
        return cls(takes_part, csr_array(changes.T.astype(np.float64)))


def unit_totals(unit: Unit, z: Tensor, shifts: Tensor, *, error: Tensor) -> Tensor:
    """Return sums over all rows of act(z + shift), (n_units, n_shifts).

    Parameters
    ----------
    z : (n_units, n_rows)
    shifts : (n_units, n_shifts)
    error : (n_units,), > 0; largest error of a sum over rows, divided by the number of rows. Sums of
        rectified units are exact
    """
    if unit == "relu":
        return relu_totals(z, shifts)
    totals = torch.empty_like(shifts)
    for some in _alike(shifts, n_at_a_time=ARRAY_BYTES // (8 * z.shape[1])):
        totals[some] = _sigmoid_totals(z[some], shifts[some], error=error[some])
    return totals


def relu_totals(z: Tensor, shifts: Tensor) -> Tensor:
    """Return sums over rows of max(z + shift, 0), from sums over the largest z."""
    ordered = z.sort(dim=1, descending=True).values
    sums = torch.cat([z.new_zeros(z.shape[0], 1), ordered.cumsum(dim=1)], dim=1)
    n_positive = torch.searchsorted(-ordered, shifts)
    return sums.gather(1, n_positive) + n_positive * shifts


def sigmoid_totals_where(z: Tensor, shifts: Tensor, *, presence: Presence, error: Tensor) -> Tensor:
    """Return sums of sigmoid(z + shift) over the rows that take part at each shift, (n_units, n_shifts).

    The table of each row is added where the row begins to take part and subtracted where it ceases, so that
    rows that change seldom cost little at many shifts.

    Parameters
    ----------
    z, shifts, error : as of `unit_totals`
    presence : of the rows
    """
    totals = torch.empty_like(shifts)
    n_at_a_time = TABLE_BYTES // (8 * USUAL_NODES * max(z.shape[1], shifts.shape[1]))
    for some in _alike(shifts, n_at_a_time=n_at_a_time):
        totals[some] = _changing_totals(z[some], shifts[some], presence=presence, error=error[some])
    return totals


def _alike(shifts: Tensor, *, n_at_a_time: int) -> tuple[Tensor, ...]:
    """Return positions of units in groups whose intervals of shifts are about as long."""
    return torch.split(torch.argsort(shifts.amax(dim=1) - shifts.amin(dim=1)), max(1, n_at_a_time))


def _sigmoid_totals(z: Tensor, shifts: Tensor, *, error: Tensor) -> Tensor:
    span = span_of(shifts)
    n_nodes = n_nodes_for(span, error)
    if n_nodes >= shifts.shape[1]:
        return _sums_at(z, shifts)
    series = _sums_at(z, span.nodes(n_nodes)) @ to_series(n_nodes)
    return chebyshev_sum(list(series.unsqueeze(2).unbind(dim=1)), span.standardised(shifts))


def _sums_at(z: Tensor, shifts: Tensor) -> Tensor:
    """Return sums over rows at each shift, one shift at a time."""
    totals, values = torch.empty_like(shifts), torch.empty_like(z)
    for at in range(shifts.shape[1]):
        torch.add(z, shifts[:, at : at + 1], out=values)
        torch.sum(values.sigmoid_(), dim=1, out=totals[:, at])
    return totals


def _changing_totals(z: Tensor, shifts: Tensor, *, presence: Presence, error: Tensor) -> Tensor:
    span = span_of(shifts)
    n_nodes = n_nodes_for(span, error)
    if n_nodes >= shifts.shape[1]:
        return _sums_where(z, shifts, torch.from_numpy(presence.takes_part))
    table = (z.t().unsqueeze(2) + span.nodes(n_nodes)).sigmoid_()
    begun = torch.from_numpy(presence.changes @ table.flatten(1).numpy())
    sums = begun.cumsum_(dim=0).view(-1, n_nodes)
    series = to_series(n_nodes).t() @ sums.t()
    at = span.standardised(shifts).t()
    return chebyshev_sum(list(series), at.flatten()).view(at.shape).t()


def _sums_where(z: Tensor, shifts: Tensor, takes_part: Tensor) -> Tensor:
    """Return sums over the rows that take part, (n_rows, n_shifts), one shift at a time."""
    totals = torch.empty_like(shifts)
    for at in range(shifts.shape[1]):
        values = z[:, takes_part[:, at]] + shifts[:, at : at + 1]
        torch.sum(values.sigmoid_(), dim=1, out=totals[:, at])
    return totals


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
