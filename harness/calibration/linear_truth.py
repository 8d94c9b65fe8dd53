"""Panels shaped like a user's own, in which the truth is linear and the effect of the exposure is known.

Regressors stay as they are, and so do the rows that are missing. The outcome is drawn anew: what the other
regressors predict linearly, plus the chosen effect times the exposure, plus levels of entities, shocks of
periods and remainders drawn as `harness.calibration.error_parts` says. So the shares of variance between
entities and between periods, the correlation within entities, that between entities which period shocks
bring, the tails and the spread over rows are those of the data, and no nonlinearity is left.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats
from harness.calibration.error_parts import Cells, ErrorParts, error_parts, period_shocks
from harness.data.panel import Panel


@dataclass(frozen=True, eq=False)
class LinearTruth:
    """A linear truth fitted to a panel.

    Attributes
    ----------
    panel : the panel it was fitted to
    effect : of the exposure, outcome units per unit of exposure, or of any level but the base
    systematic : (n_obs,), what the other regressors predict, entities' means of them included
    parts : what is left, of entities, periods and rows
    """

    panel: Panel
    effect: float
    systematic: Floats
    parts: ErrorParts

    @property
    def unexplained(self) -> Floats:
        """What regressors do not predict of the data, (n_obs,)."""
        parts = self.parts
        return parts.level[parts.cells.entity] + parts.shock[parts.cells.period] + parts.remainder

    def draw(self, rng: Generator) -> DrawnTruth:
        """Draw an outcome."""
        cells = self.parts.cells
        signs = rng.choice([-1.0, 1.0], size=(2, cells.n_entities))
        level = (signs[0] * self.parts.level)[cells.entity]
        shock = period_shocks(self.parts).draw(rng)[cells.period]
        remainder = signs[1][cells.entity] * self.parts.remainder
        without = self.systematic + level + shock
        return DrawnTruth(
            observed=without + self.effect * dose(self.panel) + remainder,
            unexplained=level + shock + remainder,
            mean_without_exposure=float(without.mean()),
            effect=self.effect,
        )


@dataclass(frozen=True, eq=False)
class DrawnTruth:
    """An outcome drawn from a linear truth.

    Attributes
    ----------
    observed : (n_obs,)
    unexplained : (n_obs,), what regressors do not predict of it
    mean_without_exposure : mean expected outcome were the exposure zero in all rows, given the levels of the
        entities and the shocks of the periods
    effect : of the exposure
    """

    observed: Floats
    unexplained: Floats
    mean_without_exposure: float
    effect: float

    def curve(self, at: Floats) -> Floats:
        """Return the true net effect curve at exposures, (n_grid,)."""
        return self.mean_without_exposure + self.effect * at


def fit_linear_truth(panel: Panel, *, effect: float) -> LinearTruth:
    """Fit a linear truth to a panel by the within estimator of Mundlak (1978).

    Parameters
    ----------
    effect : what the exposure's effect is to be, of levels that of any but the base; 0 removes it, with
        everything that follows from the exposure
    """
    follows = panel.dependents(panel.exposure)
    others = [at for at, name in enumerate(panel.columns) if name not in follows]
    Z, cells = _scaled(panel.X[:, others]), Cells.of(panel)
    means = np.column_stack([np.ones(cells.n_entities), *map(cells.entity_means, Z.T)])
    outcome = panel.observed - effect * dose(panel)
    within = Z - means[:, 1:][cells.entity]
    slopes = np.linalg.lstsq(within, outcome - cells.entity_means(outcome)[cells.entity])[0]
    parts = error_parts(outcome - Z @ slopes, cells)
    weight = np.sqrt(np.bincount(cells.entity))
    shared = means @ np.linalg.lstsq(means * weight[:, None], parts.level * weight)[0]
    return LinearTruth(
        panel=panel,
        effect=effect,
        systematic=Z @ slopes + shared[cells.entity],
        parts=replace(parts, level=parts.level - shared),
    )


def dose(panel: Panel) -> Floats:
    """Return the exposure, (n_obs,); of one with levels 1 in all rows but those of the base."""
    exposure = panel.column(panel.exposure)
    return (exposure > 0.0).astype(np.float64) if panel.levels else exposure


def with_outcome(panel: Panel, observed: Floats) -> Panel:
    """Return a panel with another outcome, (n_obs,), rows and regressors as they are."""
    return replace(panel, observed=observed)


def _scaled(X: Floats) -> Floats:
    centred = X - X.mean(axis=0)
    deviation = centred.std(axis=0)
    return np.asarray(centred / np.where(deviation > 0, deviation, 1.0))
