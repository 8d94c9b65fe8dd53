"""Sums over rows of hidden units whose inputs are all shifted by the same amount.

For one unit the sum over rows of ``act(z_row + shift)`` is a function of one number, the shift, however many
inputs the shift comes from. It is tabulated at few shifts and read off at many.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from scipy.sparse import csr_array
from torch import Tensor

from harness_neural.batch.chebyshev import chebyshev_sum, n_nodes_for, span_of, to_series
from harness_neural.names import Unit

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
    order = torch.argsort(shifts.amax(dim=1) - shifts.amin(dim=1))
    return torch.split(order, max(1, n_at_a_time))


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
