"""How much of the outcome a line in the inputs leaves unexplained."""

from __future__ import annotations

import torch
from torch import Tensor

from harness_neural.batch.scaling import Scaling

# Directions in which standardised inputs vary by less than this share of the most are taken as constant.
LEAST_VARIANCE = 1e-10


def left_by_line(X: Tensor, outcome: Tensor, *, weights: Tensor, scaling: Scaling) -> Tensor:
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
