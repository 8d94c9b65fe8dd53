"""Where the weights of a network stand in its row of parameters."""

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
