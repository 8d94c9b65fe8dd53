"""The estimator ``mean``: the training mean for everybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from harness import CanFitDraws, DrawSelection, Floats, Panel, Rung


@dataclass(frozen=True, eq=False)
class MeanFit:
    """Predicts one number.

    Attributes
    ----------
    mean : outcome units
    """

    mean: float

    def predict(self, panel: Panel) -> Floats:
        """Return the mean in every row, (n_obs,)."""
        return np.full(panel.n_obs, self.mean)


@dataclass(frozen=True, eq=False)
class MeanDraws:
    """Predicts one number a draw.

    Attributes
    ----------
    means : (n_draws,), outcome units
    """

    means: Floats

    def predict(self, panel: Panel) -> Floats:
        """Return the means in every row, (n_draws, n_obs)."""
        return np.repeat(self.means[:, None], panel.n_obs, axis=1)


@dataclass(frozen=True)
class Mean:
    """The mean outcome of the training rows: what an R2 compares with."""

    name: ClassVar[str] = "mean"
    rungs: ClassVar[tuple[Rung, ...]] = (Rung(0, "Mean"),)
    provides: ClassVar[frozenset[type]] = frozenset({CanFitDraws})

    def fit(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> MeanFit:  # noqa: ARG002
        """Fit on a panel; nothing is drawn and nothing selected."""
        return MeanFit(float(panel.observed.mean()))

    def fit_draws(
        self,
        panel: Panel,
        *,
        weights: Floats,
        selection: DrawSelection,  # noqa: ARG002
        rng: Generator,  # noqa: ARG002
    ) -> MeanDraws:
        """Return weighted means, one a draw; nothing is selected."""
        return MeanDraws(weights @ panel.observed / weights.sum(axis=1))
