"""Trained networks and their predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from harness.plugin import Floats, Ints
from harness_neural.batch.blocks import batch_width, forward, make_blocks, make_layer, one_thread
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
                (layer,) = make_layer(hidden.shape[0], hidden.shape[1], blocks.n_rows, dtype=torch.float64)
                for at, row in enumerate(range(0, blocks.n_obs, blocks.n_rows)):
                    forward(
                        self.unit,
                        blocks.X_transposed[at],
                        hidden=hidden,
                        output=torch.from_numpy(output[chunk]),
                        layer=layer,
                    )
                    n_rows = min(blocks.n_rows, blocks.n_obs - row)
                    predicted[chunk, row : row + n_rows] = layer[-1, :, :n_rows].numpy()
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
