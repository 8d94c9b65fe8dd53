"""The estimator ``curved_effects``: fixed effects that may bend in the exposure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar

import numpy as np
from numpy.random import Generator
from pydantic import Field

from harness import (
    CanFitDraws,
    CanProfile,
    Floats,
    HasCoefficients,
    HasDetails,
    HasEffects,
    HasNotes,
    NeedsGroups,
    Panel,
    Rung,
)
from harness_panel.covariance.clustered import Clustered
from harness_panel.covariance.kinds import Covariance
from harness_panel.estimators.fixed_effects import FixedEffects, FixedEffectsFit, refuse_repeated
from harness_panel.resampling.effect import Dimension
from harness_panel.resampling.levels import LevelModels


@dataclass(frozen=True)
class CurveTerms:
    """Terms that let a linear model bend in the exposure.

    Attributes
    ----------
    degree : highest power of the exposure, >= 1
    with_moderators : whether the exposure's first power is multiplied with each moderator as well
    centre, spread : of the exposure on the training rows; powers are taken of (x - centre) / spread, so that
        they are of one size and hardly collinear
    """

    degree: int
    with_moderators: bool
    centre: float
    spread: float

    @classmethod
    def of(cls, panel: Panel, *, degree: int, with_moderators: bool) -> CurveTerms:
        """Return the terms for a training panel; a constant exposure is left to the estimator to refuse."""
        exposure = panel.column(panel.exposure)
        spread = float(exposure.std())
        return cls(degree, with_moderators, float(exposure.mean()), spread if spread > 0 else 1.0)

    def expand(self, panel: Panel) -> Panel:
        """Return the panel with the terms as its last controls."""
        scaled = (panel.column(panel.exposure) - self.centre) / self.spread
        powers = range(2, self.degree + 1)
        columns = {f"{panel.exposure}^{power}": scaled**power for power in powers}
        if self.with_moderators:
            columns |= {
                f"{panel.exposure} x {name}": scaled * panel.column(name) for name in panel.moderators
            }
        return replace(
            panel, controls=(*panel.controls, *columns), X=np.column_stack([panel.X, *columns.values()])
        )

    def means_at(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return the mean over rows of every column of the expanded panel, (n_points, n_columns).

        Parameters
        ----------
        columns : regressors that get the same value in all rows; those that follow from them are among them
        points : (n_points, n_moved), units of the columns
        """
        own = replace(panel, derived=())
        means = []
        for point in points.tolist():
            moved = own
            for name, value in zip(columns, point, strict=True):
                moved = moved.with_column(name, value)
            means.append(self.expand(moved).X.mean(axis=0))
        return np.stack(means)


@dataclass(frozen=True, eq=False, repr=False)
class CurvedFit(FixedEffectsFit):
    """A fit with fixed effects on a panel with further terms.

    Powers among the terms are of the exposure less its mean, over its standard deviation.

    Attributes
    ----------
    terms : added to a panel before it is predicted
    """

    title: ClassVar[str] = "Fixed effects, curved"

    terms: CurveTerms

    @property
    def predictor(self) -> CurvedDraws:
        """What predicts; one draw."""
        return CurvedDraws(self.terms, self.model)


@dataclass(frozen=True, eq=False)
class CurvedDraws:
    """Draws of fixed effects on a panel with further terms."""

    terms: CurveTerms
    draws: LevelModels

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_draws, n_obs), outcome units."""
        return self.draws.predict(self.terms.expand(panel))

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions, (n_draws, n_points), as `harness.CanProfile` has it."""
        return self.draws.mean_predictions(panel, self.terms.means_at(panel, columns, points))


@dataclass(frozen=True)
class CurvedEffects:
    """Fixed effects with powers of the exposure and its products with the moderators.

    The rung between a straight line with effects and a network: what it gains over ``fixed_effects`` is
    curvature and interaction that need no network.

    Attributes
    ----------
    effects : keys whose levels have effects
    degree : highest power of the exposure
    with_moderators : whether the exposure is multiplied with each moderator
    covariance : clustered by entity unless another is asked for
    absorb : further columns whose levels have effects
    weighted : whether rows count by the column ``roles.weights``
    """

    name: ClassVar[str] = "curved_effects"
    rungs: ClassVar[tuple[Rung, ...]] = (Rung(130, "Fixed effects, cubic with interactions", id="curved"),)
    provides: ClassVar[frozenset[type]] = frozenset(
        {CanFitDraws, CanProfile, HasCoefficients, HasDetails, HasEffects, HasNotes, NeedsGroups}
    )

    effects: tuple[Dimension, ...] = ("entity",)
    degree: Annotated[int, Field(ge=1, le=6)] = 3
    with_moderators: bool = True
    covariance: Covariance = field(default_factory=Clustered)
    absorb: tuple[str, ...] = ()
    weighted: bool = False

    def __post_init__(self) -> None:
        refuse_repeated(self.effects, self.absorb)

    @property
    def group_columns(self) -> tuple[str, ...]:
        """Columns whose levels have effects."""
        return self.absorb

    def fit(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> CurvedFit:
        """Fit on all rows of a panel; refusals are those of ``fixed_effects``."""
        terms = self._terms(panel)
        fit = self._linear.fit(terms.expand(panel), rng=rng, selection=selection)
        return CurvedFit(fit.rows, fit.regression, fit.model, fit.table, terms)

    def fit_draws(
        self, panel: Panel, *, weights: Floats, selection: Floats | None, rng: Generator
    ) -> CurvedDraws:
        """Fit once a draw; weights is (n_draws, n_obs), >= 0."""
        terms = self._terms(panel)
        draws = self._linear.fit_draws(terms.expand(panel), weights=weights, selection=selection, rng=rng)
        return CurvedDraws(terms, draws)

    @property
    def _linear(self) -> FixedEffects:
        return FixedEffects(self.effects, self.covariance, self.absorb, self.weighted)

    def _terms(self, panel: Panel) -> CurveTerms:
        return CurveTerms.of(panel, degree=self.degree, with_moderators=self.with_moderators)
