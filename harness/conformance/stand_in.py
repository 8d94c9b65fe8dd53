"""The estimator that stands in where an option has to be an estimator and has no default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats
from harness.data.panel import Panel
from harness.estimators.absorbing import AbsorbingModels
from harness.estimators.protocol import CanFitDraws, CanProfile, DrawSelection


@dataclass(frozen=True, eq=False)
class StandInFit:
    """The straight line of one draw."""

    line: AbsorbingModels

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_obs,), outcome units."""
        return np.asarray(self.line.predict(panel)[0])

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions, (n_points,), as `CanProfile` has it."""
        return np.asarray(self.line.profile(panel, columns, points)[0])


@dataclass(frozen=True)
class StandIn:
    """Weighted least squares on standardised columns; of least norm where they are collinear."""

    name: ClassVar[str] = "conformance_stand_in"
    provides: ClassVar[frozenset[type]] = frozenset({CanFitDraws, CanProfile})

    def fit(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> StandInFit:
        """Fit on all rows; nothing is drawn and nothing selected."""
        return StandInFit(_lines(panel, np.ones((1, panel.n_obs))))

    def fit_draws(
        self, panel: Panel, *, weights: Floats, selection: DrawSelection, rng: Generator
    ) -> AbsorbingModels:
        """Fit once a draw; nothing is selected."""
        return _lines(panel, weights)


def _lines(panel: Panel, weights: Floats) -> AbsorbingModels:
    """Return the straight lines of weighted least squares, one a draw of weights, (n_draws, n_obs)."""
    slopes, intercepts = [], []
    for share in weights / weights.sum(axis=1, keepdims=True):
        centre, level, root = share @ panel.X, share @ panel.observed, np.sqrt(share)
        deviation = np.sqrt(share @ (panel.X - centre) ** 2)
        unit = np.where(deviation > 0.0, deviation, 1.0)
        Z = root[:, None] * (panel.X - centre) / unit
        slopes.append(np.linalg.lstsq(Z, root * (panel.observed - level), rcond=1e-10)[0] / unit)
        intercepts.append(level - slopes[-1] @ centre)
    return AbsorbingModels(np.zeros(panel.X.shape[1]), np.stack(slopes), np.array(intercepts))
