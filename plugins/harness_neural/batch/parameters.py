"""Parameters of networks by their place, and each network's own scales as a linear map on them.

Networks of a batch share their input matrix, yet each is trained on inputs and outcome standardised by its
own weights. Standardising the inputs of a linear layer equals a linear map of the layer's parameters, so the
map is applied to the parameters and its transpose to the gradient. The same map turns a tanh network into
the sigmoid network it equals, since tanh(z) = 2 sigmoid(2 z) - 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Parameters:
    """Parameters of a batch by their place in the network.

    Attributes
    ----------
    hidden : (n_networks, n_units, n_inputs + 1); weights into each unit, its bias last
    output : (n_networks, n_units); weights from the units to the outcome
    intercept : (n_networks,)
    """

    hidden: Tensor
    output: Tensor
    intercept: Tensor


@dataclass(frozen=True)
class NetworkLayout:
    """Shape of the networks of a batch; smaller networks have their last units switched off."""

    n_inputs: int
    n_units: int

    @property
    def n_parameters(self) -> int:
        """Length of one network's row of parameters."""
        return self.n_units * (self.n_inputs + 2) + 1

    def split(self, parameters: Tensor) -> Parameters:
        """Return views into parameters, (n_networks, n_parameters)."""
        n_hidden = self.n_units * (self.n_inputs + 1)
        return Parameters(
            hidden=parameters[:, :n_hidden].reshape(-1, self.n_units, self.n_inputs + 1),
            output=parameters[:, n_hidden:-1],
            intercept=parameters[:, -1],
        )

    def stretch(self, biases: float) -> Tensor:
        """Return `biases` in the places of the units' biases and ones elsewhere, (n_parameters,)."""
        found = torch.ones(self.n_parameters, dtype=torch.float64)
        found[: self.n_units * (self.n_inputs + 1)].view(self.n_units, -1)[:, -1] = biases
        return found

    def join(self, parameters: Parameters) -> Tensor:
        """Return the parameters, (n_networks, n_parameters), of which `parameters` holds the pieces."""
        return torch.cat(
            [parameters.hidden.flatten(1), parameters.output, parameters.intercept.unsqueeze(1)], dim=1
        )


# A column whose weighted deviation is below this share of its size is constant up to rounding.
CONSTANT = 1e-12


@dataclass(frozen=True)
class Scaling:
    """Scales of the networks of a batch.

    Attributes
    ----------
    input_mean, inverse_deviation : (n_networks, n_inputs); weighted mean of each input, and one over its
        weighted deviation, zero for an input that is constant where the network trains and so has no part
    outcome_mean, outcome_deviation : (n_networks,); weighted mean and deviation of the outcome
    has_unit : (n_networks, n_units); one for the units a network has, zero for the others
    """

    input_mean: Tensor
    inverse_deviation: Tensor
    outcome_mean: Tensor
    outcome_deviation: Tensor
    has_unit: Tensor


def weighted_moments(X: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Return weighted means and deviations, (n_networks, n_columns) each.

    Parameters
    ----------
    X : (n_obs, n_columns)
    weights : (n_networks, n_obs), every row adding up to one
    """
    mean, square = torch.empty(2, weights.shape[0], X.shape[1], dtype=X.dtype)
    for at, row in enumerate(weights):
        torch.mv(X.t(), row, out=mean[at])
        torch.mv((X - mean[at]).square_().t(), row, out=square[at])
    return mean, square.sqrt()


def make_scaling(X: Tensor, outcome: Tensor, *, weights: Tensor, has_unit: Tensor) -> Scaling:
    """Return the scales of networks that train on rows with these weights, (n_networks, n_obs)."""
    shares = weights / weights.sum(dim=1, keepdim=True)
    columns = torch.cat([X, outcome.unsqueeze(1)], dim=1)
    mean, deviation = weighted_moments(columns, shares)
    is_constant = deviation <= CONSTANT * columns.abs().amax(dim=0)
    return Scaling(
        input_mean=mean[:, :-1],
        inverse_deviation=torch.where(is_constant, 0.0, deviation.reciprocal())[:, :-1],
        outcome_mean=mean[:, -1],
        outcome_deviation=torch.where(is_constant, 1.0, deviation)[:, -1],
        has_unit=has_unit,
    )


def unstandardise(scaling: Scaling, parameters: Parameters, *, is_tanh: bool) -> Parameters:
    """Return the parameters that act on shared inputs and give shared outcome units, units axis first.

    Returns
    -------
    hidden (n_units, n_networks, n_inputs + 1), output (n_networks, n_units), intercept (n_networks,)
    """
    factor = 2.0 if is_tanh else 1.0
    by_unit = parameters.hidden.transpose(0, 1)
    hidden = torch.empty(by_unit.shape, dtype=by_unit.dtype)
    torch.mul(by_unit[..., :-1], scaling.inverse_deviation * factor, out=hidden[..., :-1])
    hidden[..., -1] = factor * by_unit[..., -1] - (hidden[..., :-1] * scaling.input_mean).sum(dim=-1)
    shift = parameters.output.sum(dim=1) if is_tanh else 0.0
    return Parameters(
        hidden=hidden,
        output=parameters.output * (factor * scaling.outcome_deviation).unsqueeze(1),
        intercept=scaling.outcome_mean + scaling.outcome_deviation * (parameters.intercept - shift),
    )


def unstandardise_backward(scaling: Scaling, gradient: Parameters, *, is_tanh: bool) -> Parameters:
    """Return the gradient in the networks' own parameters: the transpose of `unstandardise`.

    Parameters
    ----------
    gradient : in the shapes that `unstandardise` returns
    """
    factor = 2.0 if is_tanh else 1.0
    by_unit = gradient.hidden
    hidden = torch.empty(by_unit.shape, dtype=by_unit.dtype)
    bias = by_unit[..., -1:] * factor
    torch.mul(
        by_unit[..., :-1] * factor - bias * scaling.input_mean,
        scaling.inverse_deviation,
        out=hidden[..., :-1],
    )
    hidden[..., -1:] = bias
    intercept = scaling.outcome_deviation * gradient.intercept
    output = gradient.output * (factor * scaling.outcome_deviation).unsqueeze(1)
    if is_tanh:
        output = output - intercept.unsqueeze(1)
    return Parameters(
        hidden=hidden.transpose(0, 1) * scaling.has_unit.unsqueeze(2),
        output=output * scaling.has_unit,
        intercept=intercept,
    )
