"""What a batch of networks has to learn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.plugin import Floats, Ints


@dataclass(frozen=True, eq=False)
class TrainingTask:
    """Rows that all networks share, and how each network uses them.

    Attributes
    ----------
    X : (n_obs, n_inputs), inputs of order one
    outcome : (n_obs,), of order one
    weights : (n_networks, n_obs), >= 0; how often a network trains on a row, some row more than never
    selection : (n_networks, n_obs), >= 0; how often a row counts where the network is stopped. A network
        that has none trains for its `blind_steps`
    start : (n_networks, n_parameters), initial values as `initial_values` draws them
    n_units : (n_networks,), >= 1; hidden units
    blind_steps : (n_networks,), >= 0
    levels : (n_obs,) codes from 0 of each key whose levels have additive effects, at most two keys

    Every network sees inputs and outcome standardised by its own weighted mean and deviation, so that a
    row of weight two is a row that stands twice, and a row of weight zero is absent.
    """

    X: Floats
    outcome: Floats
    weights: Floats
    selection: Floats
    start: Floats
    n_units: Ints
    blind_steps: Ints
    levels: tuple[Ints, ...] = ()

    def __post_init__(self) -> None:
        n_obs, n_inputs = self.X.shape
        n_networks, n_units = self.n_units.size, int(self.n_units.max())
        expected = {
            "outcome": (n_obs,),
            "weights": (n_networks, n_obs),
            "selection": (n_networks, n_obs),
            "start": (n_networks, n_units * (n_inputs + 2) + 1),
            "blind_steps": (n_networks,),
        }
        wrong = [
            f"{name} {getattr(self, name).shape}"
            for name in expected
            if getattr(self, name).shape != expected[name]
        ]
        wrong += [f"levels {codes.shape}" for codes in self.levels if codes.shape != (n_obs,)]
        if wrong:
            raise ValueError(f"expected {expected}, got {', '.join(wrong)}")
        if not (self.weights.sum(axis=1) > 0.0).all():
            empty = np.flatnonzero(self.weights.sum(axis=1) <= 0.0)
            raise ValueError(f"networks {empty[:5].tolist()} have no row to train on")

    @property
    def n_networks(self) -> int:
        """Number of networks."""
        return int(self.n_units.size)
