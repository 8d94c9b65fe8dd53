"""The mean of draws."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from harness.plugin import CanProfile, FittedDraws, Floats, HasDetails, HasEffects, Note, Panel

# Predictions of all draws that are held in memory at a time: 64 MiB.
MOST_NUMBERS = 2**23
# Mean predictions of draws that are remembered; a surface is asked for together with two curves.
MOST_REMEMBERED = 3


@dataclass(frozen=True, eq=False)
class RememberingDraws:
    """Draws that remember the last mean predictions asked of them: a curve's mean is followed by its band.

    Attributes
    ----------
    fits, profiles : the draws
    """

    fits: FittedDraws
    profiles: CanProfile
    _asked: deque[tuple[Panel, tuple[str, ...], Floats, Floats]] = field(
        default_factory=lambda: deque(maxlen=MOST_REMEMBERED), init=False, repr=False
    )

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_draws, n_obs), outcome units."""
        return self.fits.predict(panel)

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions, (n_draws, n_points), as `CanProfile` has it."""
        for known, of_columns, at, means in self._asked:
            if known is panel and of_columns == columns and np.array_equal(at, points):
                return means.copy()
        means = self.profiles.profile(panel, columns, points)
        self._asked.append((panel, columns, points.copy(), means))
        return means.copy()


@dataclass(frozen=True, eq=False)
class Ensemble:
    """A fit that predicts the mean of its draws.

    Attributes
    ----------
    fits : one fit a bootstrap resample; percentiles over them are the band of the study
    n_draws : how many there are
    notes : warnings for the report
    """

    fits: FittedDraws
    n_draws: int
    notes: tuple[Note, ...]

    @property
    def draws(self) -> FittedDraws:
        """The draws."""
        return self.fits

    def predict(self, panel: Panel) -> Floats:
        """Return the mean prediction over draws, (n_obs,), outcome units; computed some rows at a time."""
        most_rows = max(1, MOST_NUMBERS // self.n_draws)
        chunks = [
            np.arange(panel.n_obs)[first : first + most_rows] for first in range(0, panel.n_obs, most_rows)
        ]
        means = [self.fits.predict(panel.take(rows)).mean(axis=0) for rows in chunks]
        return np.concatenate(means) if means else np.zeros(0)

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return the tables of the draws, such as the search of a network's size; none if they have none."""
        return self.fits.details() if isinstance(self.fits, HasDetails) else {}

    def n_unseen(self, panel: Panel) -> int:
        """Return the number of rows that draws predict with a mean effect; zero for draws without effects."""
        return self.fits.n_unseen(panel) if isinstance(self.fits, HasEffects) else 0


@dataclass(frozen=True, eq=False)
class ProfiledEnsemble(Ensemble):
    """A fit that predicts the mean of draws which have a short cut to mean predictions.

    Attributes
    ----------
    remembering : the draws
    """

    remembering: RememberingDraws

    @property
    def draws(self) -> FittedDraws:
        """The draws."""
        return self.remembering

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return the mean over draws of mean predictions, (n_points,), as `CanProfile` has it."""
        return np.asarray(self.remembering.profile(panel, columns, points).mean(axis=0))


def mean_of(draws: FittedDraws, *, n_draws: int, notes: tuple[Note, ...]) -> Ensemble:
    """Return the ensemble of draws, with a short cut to mean predictions where they have one."""
    if isinstance(draws, CanProfile):
        return ProfiledEnsemble(draws, n_draws, notes, remembering=RememberingDraws(draws, draws))
    return Ensemble(draws, n_draws, notes)
