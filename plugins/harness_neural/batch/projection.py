"""The output weights that are the best for given hidden ones.

The loss of a network is quadratic in the weights from its units, so for given weights into them the best are
the solution of linear equations. What is left is a function of the hidden weights alone, whose gradient is
that of the plain loss at these output weights (variable projection, Golub & Pereyra 1973; for networks
Pereyra, Scherer & Wong 2006). It has fewer parameters and is better conditioned: few steps do the work of
many.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from harness_neural.names import Precision

LEAST_DECAY: dict[Precision, float] = {"float64": 4e-7, "float32": 1e-5}
"""Decay of solved output weights, in standardised units: two units that are alike share their weight.

It is larger than the rounding of the sums of products.
"""


@dataclass(frozen=True)
class SolvedOutput:
    """Output weights, (n_networks, n_units), and intercepts, (n_networks,), in the networks' own units."""

    weights: Tensor
    intercept: Tensor


def solve_output(moments: Tensor, *, outcome_deviation: Tensor, is_tanh: bool, decay: float) -> SolvedOutput:
    """Return the output weights that minimise the training loss with its decay.

    Parameters
    ----------
    moments : (n_networks, n_units + 1, n_units + 2), as `Passes.moments` returns them, of sigmoid or relu
        units
    outcome_deviation : (n_networks,)
    is_tanh : whether the networks' own units are the tanh units that these sigmoid units equal
    decay : > 0, of the weights but not the intercept

    Returns
    -------
    SolvedOutput
        Not a number where the units of a network are not finite.
    """
    shares = moments / moments[:, -1, -2].unsqueeze(1).unsqueeze(2)
    means = shares[:, -1, :-2]
    centred = shares[:, :-1] - means.unsqueeze(2) * shares[:, -1].unsqueeze(1)
    factor = 2.0 if is_tanh else 1.0
    curvature = factor**2 * centred[:, :, :-2]
    curvature.diagonal(dim1=1, dim2=2).add_(decay)
    right = factor * centred[:, :, -1] / outcome_deviation.unsqueeze(1)
    root, wrong = torch.linalg.cholesky_ex(curvature)
    weights = torch.cholesky_solve(right.unsqueeze(2), root).squeeze(2)
    weights = torch.where((wrong == 0).unsqueeze(1), weights, torch.nan)
    own_means = factor * means - 1.0 if is_tanh else means
    return SolvedOutput(weights=weights, intercept=-(weights * own_means).sum(dim=1))
