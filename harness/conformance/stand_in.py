"""The estimator that stands in where an option has to be an estimator and has no default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats
from harness.data.panel import Panel
from harness.estimators.draws import CanFitDraws, DrawSelection
from harness.estimators.protocol import CanProfile


@dataclass(frozen=True, eq=False)
class StandInDraws:
    """Straight lines, one a draw.

    Attributes
    ----------
    slopes : (n_draws, n_columns), outcome units per unit of the column
    intercepts : (n_draws,), outcome units
    """

    slopes: Floats
    intercepts: Floats

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_draws, n_obs), outcome units."""
        return np.asarray(self.slopes @ panel.X.T + self.intercepts[:, None])

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions, (n_draws, n_points), as `CanProfile` has it."""
        X = np.tile(panel.X.mean(axis=0), (len(points), 1))
        X[:, [panel.columns.index(name) for name in columns]] = points
        return np.asarray(self.slopes @ X.T + self.intercepts[:, None])


@dataclass(frozen=True, eq=False)
class StandInFit:
    """The straight line of one draw."""

    line: StandInDraws

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
        return StandInFit(_fit(panel, np.ones((1, panel.n_obs))))

    def fit_draws(
        self,
        panel: Panel,
        *,
        weights: Floats,
        selection: DrawSelection,
        rng: Generator,
    ) -> StandInDraws:
        """Fit once a draw; nothing is selected."""
        return _fit(panel, weights)


def _fit(panel: Panel, weights: Floats) -> StandInDraws:
    lines = [_line(panel, own) for own in weights]
    return StandInDraws(np.stack([line[:-1] for line in lines]), np.array([line[-1] for line in lines]))


def _line(panel: Panel, weights: Floats) -> Floats:
    """Return slopes and, last, the intercept of weighted least squares, (n_columns + 1,)."""
    share = weights / weights.sum()
    centre, level = share @ panel.X, share @ panel.observed
    deviation = np.sqrt(share @ (panel.X - centre) ** 2)
    unit = np.where(deviation > 0.0, deviation, 1.0)
    root = np.sqrt(share)
    Z = root[:, None] * (panel.X - centre) / unit
    slopes = np.linalg.lstsq(Z, root * (panel.observed - level), rcond=1e-10)[0] / unit
    return np.append(slopes, level - slopes @ centre)
