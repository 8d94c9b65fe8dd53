"""Sums over rows of networks' predictions where some inputs have the same value in all rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from harness import Floats, Ints
from harness_neural.batch.networks import Networks
from harness_neural.batch.threads import one_thread
from harness_neural.batch.unit_totals import unit_totals

# Largest error of a mean prediction that tabulation may cause, in units of the outcomes of the networks.
ERROR = 1e-7
# Bytes of the weighted inputs, (n_units, n_networks, n_rows), that are held at a time.
CHUNK_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, eq=False)
class Moved:
    """Inputs that get the same value in all rows.

    Attributes
    ----------
    places : (n_moved,), positions among the inputs
    values : (n_points, n_moved)
    """

    places: Ints
    values: Floats

    def at(self, points: Ints) -> Moved:
        """Return the same inputs at some of the points."""
        return Moved(self.places, self.values[points])


def total_predictions(networks: Networks, X: Floats, moved: Moved) -> Floats:
    """Return sums over rows of predictions, (n_networks, n_points), off by `ERROR` a row at most.

    Parameters
    ----------
    X : (n_rows, n_inputs); the moved inputs are not looked at
    """
    n_rows, n_units = X.shape[0], networks.output.shape[1]
    seen = np.column_stack([X, np.ones(n_rows)])
    seen[:, moved.places] = 0.0
    rows, values = torch.from_numpy(seen.T.copy()), torch.from_numpy(moved.values.T.copy())
    totals = np.empty((networks.n_networks, len(moved.values)))
    width = max(1, CHUNK_BYTES // (8 * n_units * n_rows))
    with one_thread():
        for first in range(0, networks.n_networks, width):
            some = slice(first, first + width)
            hidden = torch.from_numpy(networks.hidden[some]).flatten(0, 1)
            output = torch.from_numpy(networks.output[some])
            error = ERROR / output.abs().sum(dim=1, keepdim=True).clamp(min=ERROR).expand_as(output)
            sums = unit_totals(
                networks.unit,
                hidden @ rows,
                hidden[:, torch.from_numpy(moved.places)] @ values,
                error=error.flatten(),
            )
            of_units = torch.bmm(output.unsqueeze(1), sums.view(*output.shape, -1))[:, 0]
            totals[some] = of_units.numpy() + n_rows * networks.intercept[some, None]
    return totals
