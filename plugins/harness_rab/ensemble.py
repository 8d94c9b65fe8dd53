"""The mean of draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness import CanProfile, FittedDraws, Floats, HasDetails, HasEffects, Note, Panel

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

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return the tables of the draws, such as the search of a network's size; none if they have none."""
        return self.draws.details() if isinstance(self.draws, HasDetails) else {}

    def n_unseen(self, panel: Panel) -> int:
        """Return the number of rows that draws predict with a mean effect; zero for draws without effects."""
        return self.draws.n_unseen(panel) if isinstance(self.draws, HasEffects) else 0


@dataclass(frozen=True, eq=False)
class ProfiledEnsemble(Ensemble):
    """A fit that predicts the mean of draws which have a short cut to mean predictions.

    Attributes
    ----------
    profiles : the draws
    """

    profiles: CanProfile

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return the mean over draws of mean predictions, (n_points,), as `harness.CanProfile` has it."""
        return np.asarray(self.profiles.profile(panel, columns, points).mean(axis=0))


def mean_of(draws: FittedDraws, *, n_draws: int, notes: tuple[Note, ...]) -> Ensemble:
    """Return the ensemble of draws, with a short cut to mean predictions where they have one."""
    if isinstance(draws, CanProfile):
        return ProfiledEnsemble(draws, n_draws, notes, profiles=draws)
    return Ensemble(draws, n_draws, notes)
