"""Chebyshev tables of the mean over rows of a sigmoid unit, as a function of a shift in its input."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

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
    """Return Chebyshev series at points of [-1, 1] by Cscalinghaw's recurrence.

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
