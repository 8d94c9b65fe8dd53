"""Sums over rows of hidden units whose inputs are all shifted by the same amount.

For one unit the sum over rows of ``act(z_row + shift)`` is a function of one number, the shift, however many
inputs the shift comes from. It is tabulated at few shifts and read off at many.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from harness_neural.names import Unit

# The sigmoid has its poles at odd multiples of i pi; the table is bounded on ellipses that keep this far from
# the real line, where the sigmoid is no larger than one over the sine of the height.
HEIGHT = 0.9 * math.pi
BOUND = 1.0 / math.sin(HEIGHT)
# Bytes of an array of units by rows that is filled anew for every shift.
ARRAY_BYTES = 512 * 1024


def unit_totals(unit: Unit, z: Tensor, shifts: Tensor, *, error: Tensor) -> Tensor:
    """Return sums over rows of act(z + shift), (n_units, n_shifts).

    Parameters
    ----------
    z : (n_units, n_rows)
    shifts : (n_units, n_shifts)
    error : (n_units,), > 0; largest error of a sum over rows, divided by the number of rows. Sums of
        rectified units are exact
    """
    if unit == "relu":
        return relu_totals(z, shifts)
    low, high = shifts.amin(dim=1), shifts.amax(dim=1)
    order = torch.argsort(high - low)
    n_at_a_time = max(1, ARRAY_BYTES // (8 * z.shape[1]))
    totals = torch.empty_like(shifts)
    for some in torch.split(order, n_at_a_time):
        totals[some] = _sigmoid_totals(z[some], shifts[some], error=error[some])
    return totals


def relu_totals(z: Tensor, shifts: Tensor) -> Tensor:
    """Return sums over rows of max(z + shift, 0), from sums over the largest z."""
    ordered = z.sort(dim=1, descending=True).values
    sums = torch.cat([z.new_zeros(z.shape[0], 1), ordered.cumsum(dim=1)], dim=1)
    n_positive = torch.searchsorted(-ordered, shifts)
    return sums.gather(1, n_positive) + n_positive * shifts


def table_size(half: Tensor, error: Tensor) -> int:
    """Return how many Chebyshev nodes tabulate every unit's mean well enough.

    Trefethen (2013, "Approximation Theory and Approximation Practice", theorem 8.2): the interpolant of degree
    n errs by at most 4 M rho^-n / (rho - 1), M bounding the function on the ellipse of parameter rho.

    Parameters
    ----------
    half : (n_units,), >= 0; half the length of the interval of shifts
    error : (n_units,), > 0
    """
    slant = HEIGHT / half.clamp(min=1e-6)
    rho = slant + (1.0 + slant.square()).sqrt()
    degree = (4.0 * BOUND / ((rho - 1.0) * error)).log() / rho.log()
    return max(1, math.ceil(float(degree.max()))) + 1


def _sigmoid_totals(z: Tensor, shifts: Tensor, *, error: Tensor) -> Tensor:
    low, high = shifts.amin(dim=1, keepdim=True), shifts.amax(dim=1, keepdim=True)
    centre, half = (low + high) / 2.0, (high - low) / 2.0
    n_nodes = table_size(half[:, 0], error)
    if n_nodes >= shifts.shape[1]:
        return _sums_at(z, shifts)
    angles = (torch.arange(n_nodes, dtype=z.dtype) + 0.5) * (math.pi / n_nodes)
    table = _sums_at(z, centre + half * angles.cos())
    to_series = torch.cos(torch.arange(n_nodes, dtype=z.dtype) * angles.unsqueeze(1)) * (2.0 / n_nodes)
    series = table @ to_series
    series[:, 0] /= 2.0
    return chebyshev_sum(series, (shifts - centre) / half.clamp(min=torch.finfo(z.dtype).tiny))


def chebyshev_sum(series: Tensor, at: Tensor) -> Tensor:
    """Return Chebyshev series, (n_units, n_terms), at points of [-1, 1], (n_units, n_points); Clenshaw."""
    twice = 2.0 * at
    last, before = torch.zeros_like(at), torch.zeros_like(at)
    for term in range(series.shape[1] - 1, 0, -1):
        last, before = before.neg_().addcmul_(twice, last).add_(series[:, term : term + 1]), last
    return before.neg_().addcmul_(at, last).add_(series[:, :1])


def _sums_at(z: Tensor, shifts: Tensor) -> Tensor:
    """Return sums over rows at each shift, one shift at a time."""
    totals, values = torch.empty_like(shifts), torch.empty_like(z)
    for at in range(shifts.shape[1]):
        torch.add(z, shifts[:, at : at + 1], out=values)
        torch.sum(values.sigmoid_(), dim=1, out=totals[:, at])
    return totals
