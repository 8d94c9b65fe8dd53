"""Panels shaped like a user's own, in which the truth is linear and the effect of the exposure is known.

Regressors stay as they are. The outcome is drawn anew: what the other regressors predict linearly, plus the
chosen effect times the exposure, plus each entity's own level and residuals with random signs, one sign for
the level and one for all residuals of an entity. So the share of variance between entities, the correlation
within them and the spread over rows are those of the data, and no nonlinearity is left (a wild cluster
bootstrap under a linear null; Cameron, Gelbach and Miller 2008).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats, Ints
from harness.data.panel import Panel


@dataclass(frozen=True, eq=False)
class LinearTruth:
    """A linear truth fitted to a panel.

    Attributes
    ----------
    panel : the panel it was fitted to
    effect : of the exposure, outcome units per unit of exposure
    systematic : (n_obs,), what the other regressors predict
    level : (n_obs,), each entity's own level beyond that
    residual : (n_obs,), what is left
    """

    panel: Panel
    effect: float
    systematic: Floats
    level: Floats
    residual: Floats

    def draw(self, rng: Generator) -> DrawnTruth:
        """Draw an outcome."""
        n_entities = len(self.panel.entity.labels)
        signs = rng.choice([-1.0, 1.0], size=(2, n_entities))[:, self.panel.entity.codes]
        without = self.systematic + signs[0] * self.level
        exposure = self.panel.column(self.panel.exposure)
        observed = without + self.effect * exposure + signs[1] * self.residual
        return DrawnTruth(observed=observed, mean_without_exposure=float(without.mean()), effect=self.effect)


@dataclass(frozen=True, eq=False)
class DrawnTruth:
    """An outcome drawn from a linear truth.

    Attributes
    ----------
    observed : (n_obs,)
    mean_without_exposure : mean expected outcome were the exposure zero in all rows
    effect : of the exposure
    """

    observed: Floats
    mean_without_exposure: float
    effect: float

    def curve(self, at: Floats) -> Floats:
        """Return the true net effect curve at exposures, (n_grid,)."""
        return self.mean_without_exposure + self.effect * at


def fit_linear_truth(panel: Panel, *, effect: float) -> LinearTruth:
    """Fit a linear truth to a panel by the within estimator of Mundlak (1978).

    Parameters
    ----------
    effect : what the exposure's effect is to be; 0 removes it, with everything that follows from the exposure
    """
    follows = {panel.exposure}
    for derivation in panel.derived:
        if follows.intersection(derivation.inputs):
            follows.add(derivation.into)
    others = [at for at, name in enumerate(panel.columns) if name not in follows]
    codes = panel.entity.codes
    Z = _scaled(panel.X[:, others])
    outcome = panel.observed - effect * panel.column(panel.exposure)
    slopes = np.linalg.lstsq(Z - _means(Z, codes), outcome - _means(outcome[:, None], codes)[:, 0])[0]
    level = _means((outcome - Z @ slopes)[:, None], codes)[:, 0]
    between = np.column_stack([np.ones(panel.n_obs), _means(Z, codes)])
    shared = between @ np.linalg.lstsq(between, level)[0]
    return LinearTruth(
        panel=panel,
        effect=effect,
        systematic=Z @ slopes + shared,
        level=level - shared,
        residual=outcome - Z @ slopes - level,
    )


def with_outcome(panel: Panel, observed: Floats) -> Panel:
    """Return a panel with another outcome, (n_obs,), rows and regressors as they are."""
    return replace(panel, observed=observed)


def _scaled(X: Floats) -> Floats:
    centred = X - X.mean(axis=0)
    deviation = centred.std(axis=0)
    return np.asarray(centred / np.where(deviation > 0, deviation, 1.0))


def _means(columns: Floats, codes: Ints) -> Floats:
    """Return the mean of the row's entity in every row, for columns (n_obs, n_columns)."""
    rows = np.bincount(codes).clip(min=1)
    sums = [np.bincount(codes, weights=column) / rows for column in columns.T]
    means: Floats = np.column_stack(sums) if sums else np.zeros((rows.size, 0))
    return means[codes]
