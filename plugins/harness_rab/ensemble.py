"""The mean of draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import FittedDraws, Floats, Note, Panel

# Predictions of all draws that are held in memory at a time: 64 MiB.
MOST_NUMBERS = 2**23


@dataclass(frozen=True, eq=False)
class Ensemble:
    """A fit that predicts the mean of its draws.

    Attributes
    ----------
    draws : one fit a bootstrap resample; percentiles over them are the band of the study
    n_draws : how many there are
    notes : warnings for the report
    """

    draws: FittedDraws
    n_draws: int
    notes: tuple[Note, ...]

    def predict(self, panel: Panel) -> Floats:
        """Return the mean prediction over draws, (n_obs,), outcome units; computed some rows at a time."""
        most_rows = max(1, MOST_NUMBERS // self.n_draws)
        chunks = [
            np.arange(panel.n_obs)[first : first + most_rows] for first in range(0, panel.n_obs, most_rows)
        ]
        means = [self.draws.predict(panel.take(rows)).mean(axis=0) for rows in chunks]
        return np.concatenate(means) if means else np.zeros(0)
