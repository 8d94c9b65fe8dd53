"""Fixed effects that may bend in the exposure. Reported as `FixedEffects` are."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import comb
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from harness import Floats, Panel, Rung
from harness_panel.estimators.fixed_effects import FixedEffects, FixedEffectsFit
from harness_panel.resampling.collinearity import Screening
from harness_panel.resampling.expanded import ExpandedModels


@dataclass(frozen=True)
class PolynomialTerms:
    """Terms that let a linear model bend in the exposure.

    Attributes
    ----------
    degree : highest power of the exposure, >= 1
    with_moderators : whether the exposure's first power is multiplied with each moderator as well
    centre, spread : of the exposure on the training rows; the solvers take powers of (x - centre) / spread,
        which are of one size and hardly collinear
    """

    degree: int
    with_moderators: bool
    centre: float
    spread: float

    @classmethod
    def of(cls, panel: Panel, *, degree: int, with_moderators: bool) -> PolynomialTerms:
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

    def to_raw(self, panel: Panel, screening: Screening) -> Floats:
        """Return what takes the slopes of kept columns to those of terms in units of the raw exposure.

        Parameters
        ----------
        panel : expanded
        screening : of its columns

        Returns
        -------
        (n_kept, n_kept); a term that was dropped passes what raw terms add to it on to the columns that it is
        a combination of. What they add to constants and to absorbed columns is left to the effects.
        """
        position = {name: at for at, name in enumerate(panel.columns)}
        raw = np.eye(len(position))
        powers = [position[panel.exposure]]
        powers += [position[f"{panel.exposure}^{power}"] for power in range(2, self.degree + 1)]
        for power in range(2, self.degree + 1):
            for below in range(1, power + 1):
                share = comb(power, below) * (-self.centre) ** (power - below) / self.spread**power
                raw[powers[below - 1], powers[power - 1]] = share
        for name in panel.moderators if self.with_moderators else ():
            product = position[f"{panel.exposure} x {name}"]
            raw[product, product] = 1.0 / self.spread
            raw[position[name], product] = -self.centre / self.spread
        kept = list(screening.kept)
        scaled = np.linalg.inv(raw)
        for dropped in reversed(screening.dependent):
            # The raw term in scaled columns before it, of which it is one itself, and these in raw terms.
            own = scaled[:, dropped.column].copy()
            own[list(dropped.on)] += own[dropped.column] * np.array(dropped.coefficients)
            own[dropped.column] = 0.0
            raw += np.outer(raw @ own, raw[dropped.column])
            raw[dropped.column] = 0.0
        return raw[np.ix_(kept, kept)]


@dataclass(frozen=True, eq=False, repr=False)
class PolynomialFit(FixedEffectsFit):
    """A fit with fixed effects on a panel with further terms.

    Coefficients are those of powers and products of the exposure as it is, in its units.

    Attributes
    ----------
    terms : added to a panel before it is predicted
    """

    title: ClassVar[str] = "Fixed effects, polynomial"

    terms: PolynomialTerms = field(kw_only=True)

    @property
    def predictor(self) -> ExpandedModels:
        """What predicts; one draw."""
        return ExpandedModels(self.terms, self.model)


@dataclass(frozen=True)
class PolynomialEffects(FixedEffects):
    """Fixed effects with powers of the exposure and its products with the moderators.

    The rung between a straight line with effects and a network: what it gains over ``fixed_effects`` is
    curvature and interaction that need no network. With coefficients b1 and b2 of the exposure and its
    square, a parabola turns at -b1 / (2 b2), in units of the exposure.

    Attributes
    ----------
    degree : highest power of the exposure
    with_moderators : whether the exposure is multiplied with each moderator
    """

    name: ClassVar[str] = "polynomial_effects"
    rungs: ClassVar[tuple[Rung, ...]] = (Rung(130, "Fixed effects, cubic with interactions", id="curved"),)

    degree: Annotated[int, Field(ge=1, le=6)] = 3
    with_moderators: bool = True

    def _solve(self, panel: Panel) -> PolynomialFit:
        terms = self._terms(panel)
        scaled = self._regress(terms.expand(panel))
        regression = replace(scaled, reported=terms.to_raw(scaled.panel, scaled.within.screening))
        return PolynomialFit(regression.panel, regression, regression.model(), terms=terms)

    def _solve_draws(self, panel: Panel, weights: Floats) -> ExpandedModels:
        terms = self._terms(panel)
        return ExpandedModels(terms, self._draw(terms.expand(panel), weights))

    def _terms(self, panel: Panel) -> PolynomialTerms:
        return PolynomialTerms.of(panel, degree=self.degree, with_moderators=self.with_moderators)
