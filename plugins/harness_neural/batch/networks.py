"""Trained networks and their predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from harness.plugin import Floats, Ints
from harness_neural.batch.blocks import batch_width, make_blocks
from harness_neural.batch.kernel import forward, make_kernel, make_layer
from harness_neural.batch.threads import one_thread
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
        kernel = make_kernel(self.unit)
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
                        kernel,
                        blocks.X_transposed[at],
                        hidden=hidden,
                        output=torch.from_numpy(output[chunk]),
                        layer=layer,
                    )
                    n_rows = min(blocks.n_rows, blocks.n_obs - row)
                    predicted[chunk, row : row + n_rows] = layer[-1, :, :n_rows].numpy()
        return predicted


@dataclass(frozen=True, eq=False)
class Piece:
    """Some of the networks of a batch, and their places in it, (n_networks,)."""

    places: Ints
    networks: NetworkBatch


def gather(pieces: Sequence[Piece]) -> NetworkBatch:
    """Return the networks of all pieces, each in its place; smaller ones get units that are switched off."""
    n_networks = sum(piece.places.size for piece in pieces)
    n_units = max(piece.networks.output.shape[1] for piece in pieces)
    hidden = np.zeros((n_networks, n_units, pieces[0].networks.hidden.shape[2]))
    output, intercept = np.zeros((n_networks, n_units)), np.zeros(n_networks)
    for piece in pieces:
        size = piece.networks.output.shape[1]
        hidden[piece.places, :size] = piece.networks.hidden
        output[piece.places, :size] = piece.networks.output
        intercept[piece.places] = piece.networks.intercept
    return NetworkBatch(pieces[0].networks.unit, hidden, output, intercept)
