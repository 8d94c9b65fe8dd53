"""Bootstrap draws of any estimator, those that cannot fit draws at once included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats, Ints
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.estimators.protocol import CanFitDraws, CanProfile, Estimator, Fitted, FittedDraws
from harness.evaluation.resample import left_out


@dataclass(frozen=True, eq=False)
class LoopedDraws:
    """Draws fitted one by one."""

    fits: Sequence[Fitted]

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_draws, n_obs), outcome units."""
        return np.stack([fit.predict(panel) for fit in self.fits])


@dataclass(frozen=True, eq=False)
class LoopedProfiles(LoopedDraws):
    """Draws fitted one by one, each of which has mean predictions without predicting every row."""

    profiles: Sequence[CanProfile]

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions over the rows at each point, (n_draws, n_points), outcome units."""
        return np.stack([fit.profile(panel, columns, points) for fit in self.profiles])


def _repeated(weights: Floats) -> Ints:
    """Return positions repeated as often as their weight says."""
    return np.repeat(np.arange(weights.size), weights.astype(np.int64))


def drawn_panel(panel: Panel, weights: Floats) -> Panel:
    """Return the panel that one draw of weights, (n_obs,) counts, stands for.

    Whole entities are copied under names of their own where their rows have one weight; rows are repeated
    where they have not.
    """
    first = np.unique(panel.entity.codes, return_index=True)
    per_entity = np.zeros(len(panel.entity.labels))
    per_entity[first[0]] = weights[first[1]]
    if np.array_equal(per_entity[panel.entity.codes], weights):
        return panel.resample(_repeated(per_entity))
    return panel.take(_repeated(weights))


def _loop(estimator: Estimator, panel: Panel, weights: Floats, rng: Generator) -> LoopedDraws:
    fits, refusals = [], []
    for draw, own in zip(weights, rng.spawn(len(weights)), strict=True):
        rows_left_out = np.flatnonzero(draw == 0)
        try:
            fits.append(
                estimator.fit(
                    drawn_panel(panel, draw),
                    rng=own,
                    selection=panel.take(rows_left_out) if rows_left_out.size else None,
                )
            )
        except EstimationError as error:
            refusals.append(error)
    if len(refusals) > 0.1 * len(weights):
        raise refusals[0]
    profiles = [fit for fit in fits if isinstance(fit, CanProfile)]
    return LoopedProfiles(fits, profiles) if len(profiles) == len(fits) else LoopedDraws(fits)


def fit_draws(estimator: Estimator, panel: Panel, *, weights: Floats, rng: Generator) -> FittedDraws:
    """Fit an estimator once a draw, selecting on the rows the draw left out.

    Parameters
    ----------
    weights : (n_draws, n_obs), counts

    Raises
    ------
    EstimationError
        Where the estimator refuses more than a tenth of the draws.
    """
    if isinstance(estimator, CanFitDraws):
        return estimator.fit_draws(panel, weights=weights, selection=left_out(weights), rng=rng)
    return _loop(estimator, panel, weights, rng)
