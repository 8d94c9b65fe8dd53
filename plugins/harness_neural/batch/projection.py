"""The output weights that are the best for given hidden ones.

The loss of a network is quadratic in the weights from its units, so for given weights into them the best are
the solution of linear equations. What is left is a function of the hidden weights alone, whose gradient is
that of the plain loss at these output weights (variable projection, Golub & Pereyra 1973; for networks
Pereyra, Scherer & Wong 2006). It has fewer parameters and is better conditioned: few steps do the work of
many.

Effects of levels next to the units are solved for together with these weights: they are absorbed from the
units and from the outcome, and the equations are those of the residuals.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from harness_neural.batch.parameters import Scaling
from harness_neural.batch.passes import UnitSums
from harness_neural.names import Precision

LEAST_DECAY: dict[Precision, float] = {"float64": 4e-7, "float32": 1e-5}
"""Decay of solved output weights, in standardised units: two units that are alike share their weight.

It is larger than the rounding of the sums of products.
"""

DECAY_BESIDE_EFFECTS = 1e-3
"""Decay of solved output weights next to effects, in units of the variance that effects do not explain.

Units that hardly vary within entities would get any weight otherwise, and with it predictions for new
entities, which differ in them. ``docs/decisions/when_networks_stop.md`` has what was tried.
"""


@dataclass(frozen=True)
class UnitMoments:
    """Weighted second moments of units, (n_networks, n_units, ...), less their means or effects.

    Attributes
    ----------
    with_units : (..., n_units)
    with_outcome : (...); in units of the task
    means : (n_networks, n_units); of the units, nothing absorbed
    """

    with_units: Tensor
    with_outcome: Tensor
    means: Tensor


def about_means(sums: UnitSums) -> UnitMoments:
    """Return the moments of units and outcome less their means."""
    shares = _shares(sums)
    means = shares[:, -1, :-2]
    centred = shares[:, :-1] - means.unsqueeze(2) * shares[:, -1].unsqueeze(1)
    return UnitMoments(centred[:, :, :-2], centred[:, :, -1], means)


def about_effects(sums: UnitSums, *, of_units: Tensor, of_outcome: Tensor) -> UnitMoments:
    """Return the moments of units and outcome less their effects.

    Parameters
    ----------
    of_units, of_outcome : (n_networks, n_levels, n_units) and (n_networks, n_levels), their effects
    """
    shares = _shares(sums)
    by_level = sums.by_level.transpose(1, 2) / sums.products[:, -1, -2].unsqueeze(1).unsqueeze(2)
    return UnitMoments(
        with_units=shares[:, :-1, :-2] - by_level @ of_units,
        with_outcome=shares[:, :-1, -1] - (by_level @ of_outcome.unsqueeze(2)).squeeze(2),
        means=shares[:, -1, :-2],
    )


def _shares(sums: UnitSums) -> Tensor:
    return sums.products / sums.products[:, -1, -2].unsqueeze(1).unsqueeze(2)


def solve_output(
    moments: UnitMoments, *, outcome_deviation: Tensor, is_tanh: bool, decay: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the output weights and intercepts that minimise the training loss with its decay.

    Parameters
    ----------
    moments : of sigmoid or relu units
    outcome_deviation : (n_networks,)
    is_tanh : whether the networks' own units are the tanh units that these sigmoid units equal
    decay : (n_networks,) > 0; of the weights but not the intercept

    Returns
    -------
    (n_networks, n_units) and (n_networks,), in the networks' own units; not a number where the units of a
    network are not finite
    """
    factor = 2.0 if is_tanh else 1.0
    curvature = factor**2 * moments.with_units
    curvature.diagonal(dim1=1, dim2=2).add_(decay.unsqueeze(1))
    right = factor * moments.with_outcome / outcome_deviation.unsqueeze(1)
    root, wrong = torch.linalg.cholesky_ex(curvature)
    weights = torch.cholesky_solve(right.unsqueeze(2), root).squeeze(2)
    weights = torch.where((wrong == 0).unsqueeze(1), weights, torch.nan)
    own_means = factor * moments.means - 1.0 if is_tanh else moments.means
    return weights, -(weights * own_means).sum(dim=1)


# Directions in which standardised inputs vary by less than this share of the most are taken as constant.
LEAST_VARIANCE = 1e-10


def unexplained_by_line(X: Tensor, outcome: Tensor, *, weights: Tensor, scaling: Scaling) -> Tensor:
    """Return the share of the outcome's variance that a least squares line leaves, (n_networks,), in [0, 1].

    Parameters
    ----------
    X : (n_obs, n_inputs)
    outcome : (n_obs,)
    weights : (n_networks, n_obs), of each network's training rows
    scaling : of the networks, by the same weights
    """
    left = torch.empty(weights.shape[0], dtype=X.dtype)
    shares = weights / weights.sum(dim=1, keepdim=True)
    for at, share in enumerate(shares):
        inputs = (X - scaling.input_mean[at]) * scaling.inverse_deviation[at]
        own = (outcome - scaling.outcome_mean[at]) / scaling.outcome_deviation[at]
        weighted = inputs * share.unsqueeze(1)
        with_outcome = weighted.t() @ own
        inverse = torch.linalg.pinv(weighted.t() @ inputs, rtol=LEAST_VARIANCE, hermitian=True)
        left[at] = share @ own.square() - with_outcome @ inverse @ with_outcome
    return left.clamp_(0.0, 1.0)
