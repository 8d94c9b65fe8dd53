"""Models that predict a known function of two columns, and panels and bins to ask them on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.scenarios.ale import quantile_bins
from panels import panel_from_arrays


@dataclass(frozen=True)
class Function:
    """Predicts a function of the first two columns."""

    of: callable

    def predict(self, panel):
        return self.of(panel.X[:, 0], panel.X[:, 1])


def make_panel(x, m):
    return panel_from_arrays(
        entity=np.arange(x.size),
        period=np.zeros(x.size),
        outcome=np.zeros(x.size),
        X=np.column_stack([x, m]),
        columns=("x", "m"),
    )


def uniform_panel(n_obs=400, seed=0):
    return make_panel(*np.random.default_rng(seed).uniform(size=(2, n_obs)))


def bins_of(panel, name="x", n_bins=10):
    return quantile_bins(panel.column(name), n_bins=n_bins)
