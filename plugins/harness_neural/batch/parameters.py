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


class ParameterMap:
    """The map from networks' own parameters to those that act on shared inputs and give shared outcome units.

    What it returns of weights is filled anew by the next call: with small networks a training step costs its
    calls, not its arithmetic.

    Parameters
    ----------
    scaling : of the networks
    is_tanh : whether units are tanh units
    bias_stretch : what biases are multiplied by first
    """

    def __init__(self, scaling: Scaling, *, is_tanh: bool, bias_stretch: float = 1.0) -> None:
        n_networks, n_units = scaling.has_unit.shape
        slope = 2.0 if is_tanh else 1.0
        biases = torch.full((n_networks, 1), slope * bias_stretch, dtype=torch.float64)
        by_input = torch.cat([slope * scaling.inverse_deviation, biases], dim=1)
        deviation = scaling.outcome_deviation.unsqueeze(1)
        self._is_tanh, self._has_unit = is_tanh, scaling.has_unit
        self._of_hidden = scaling.has_unit.unsqueeze(2) * by_input.unsqueeze(1)
        self._of_output = torch.cat([slope * deviation * scaling.has_unit, deviation], dim=1)
        self._twice_of_hidden, self._twice_of_output = 2.0 * self._of_hidden, 2.0 * self._of_output
        self._input_mean, self._outcome_mean = scaling.input_mean.unsqueeze(1), scaling.outcome_mean
        self._n_hidden = n_units * by_input.shape[1]
        self._hidden = torch.empty(n_units, n_networks, by_input.shape[1], dtype=torch.float64)
        self._by_network = self._hidden.transpose(0, 1)
        self._weights, self._biases = self._by_network[..., :-1], self._by_network[..., -1]
        self._output = torch.empty(n_networks, 1, n_units + 1, dtype=torch.float64)
        self._last = self._output[:, 0]
        self._from_units, self._intercept = self._last[:, :-1], self._last[:, -1]

    def hidden(self, points: Tensor) -> Tensor:
        """Return the weights into units, (n_units, n_networks, n_inputs + 1), at points."""
        own = points[:, : self._n_hidden].view(self._of_hidden.shape)
        torch.mul(own, self._of_hidden, out=self._by_network)
        self._biases.sub_((self._weights * self._input_mean).sum(dim=-1))
        return self._hidden

    def output(self, points: Tensor) -> Tensor:
        """Return the weights from units, the intercept last, (n_networks, 1, n_units + 1)."""
        self._last.copy_(points[:, self._n_hidden :])
        if self._is_tanh:
            self._intercept.sub_(self._from_units.sum(dim=1))
        self._last.mul_(self._of_output)
        self._intercept.add_(self._outcome_mean)
        return self._output

    def gradient(self, by_weight: Tensor, products: Tensor | None) -> Tensor:
        """Return the gradient in networks' own parameters, (n_networks, n_parameters), at the last output.

        Parameters
        ----------
        by_weight : (n_networks, n_units, n_inputs + 1); half the gradient of the weights into units, not yet
            times those from them
        products : (n_networks, n_units + 1); half the gradient of `output`; None for zero
        """
        found = self._last.new_empty(len(by_weight), self._n_hidden + self._last.shape[1])
        hidden, output = found[:, : self._n_hidden].view(by_weight.shape), found[:, self._n_hidden :]
        torch.mul(by_weight, self._from_units.unsqueeze(2), out=hidden)
        hidden[..., :-1].sub_(hidden[..., -1:] * self._input_mean)
        hidden.mul_(self._twice_of_hidden)
        if products is None:
            output.zero_()
            return found
        torch.mul(products, self._twice_of_output, out=output)
        if self._is_tanh:
            output[:, :-1].addcmul_(output[:, -1:], self._has_unit, value=-1.0)
        return found

    def parameters(self, points: Tensor) -> Parameters:
        """Return the weights by their place; a tanh network comes back as the sigmoid network it equals."""
        self.hidden(points), self.output(points)
        return Parameters(self._by_network, self._from_units, self._intercept)
