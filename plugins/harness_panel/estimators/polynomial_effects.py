"""Fixed effects that may bend in the exposure. Reported as `FixedEffects` are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import comb
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from harness.plugin import Floats, LadderEntry, LinearModel, Panel, require_continuous
from harness_panel.diagnostics.shapes import SlopeOfExposure, shape_rows, turning_point_columns
from harness_panel.estimators.fixed_effects import FixedEffects, FixedEffectsFit
from harness_panel.solver.equation import ExpandedModels, FurtherColumns
from harness_panel.solver.regression import Regression


@dataclass(frozen=True)
class PolynomialTerms(FurtherColumns):
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
        """Return the terms for a training panel; a constant exposure is left to the estimator to refuse.

        Raises
        ------
        EstimationError
            Where the exposure has levels.
        """
        require_continuous(panel)
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

    def to_raw(self, regression: Regression) -> Floats:
        """Return what takes the slopes of kept columns to those of terms in units of the raw exposure.

        Parameters
        ----------
        regression : of the expanded panel

        Returns
        -------
        (n_kept, n_kept); a term that was dropped passes what raw terms add to it on to the columns that it is
        a combination of. What they add to constants and to absorbed columns is left to the effects.
        """
        panel, within = regression.panel, regression.within
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
        scaled = np.linalg.inv(raw)
        for dropped in reversed(within.dependent):
            # The raw term in scaled columns before it, of which it is one itself, and these in raw terms.
            own = scaled[:, dropped.column].copy()
            own[list(dropped.on)] += own[dropped.column] * np.array(dropped.coefficients)
            own[dropped.column] = 0.0
            raw += np.outer(raw @ own, raw[dropped.column])
            raw[dropped.column] = 0.0
        return raw[np.ix_(within.kept, within.kept)]


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

    def slope(self) -> SlopeOfExposure:
        """Return the slope of the exposure, moderators held at their means."""
        rows = self.rows
        exposure = rows.column(rows.exposure)
        held = {f"{rows.exposure} x {name}": float(rows.column(name).mean()) for name in rows.moderators}
        return SlopeOfExposure.of(
            self.table,
            exposure=rows.exposure,
            degree=self.terms.degree,
            held=held,
            limits=(float(exposure.min()), float(exposure.max())),
        )

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return statistics, diagnostics and turning points with both of their intervals."""
        return {**super().details(), "polynomial_turning_points": turning_point_columns(self.slope())}

    def result_rows(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return tests of the shape, and turning points with their interval by the delta method."""
        return shape_rows(self.slope(), self.table, self.rows)


@dataclass(frozen=True)
class PolynomialEffects(FixedEffects):
    """Fixed effects with powers of the exposure and its products with the moderators.

    The rung between a straight line with effects and a network: what it gains over ``fixed_effects`` is
    curvature and interaction that need no network. With coefficients b1 and b2 of the exposure and its
    square, a parabola turns at -b1 / (2 b2), in units of the exposure. Of degree 2 it is tested for a U and
    an inverted U (Lind & Mehlum 2010), of degree 3 for an N and an inverted N.

    Attributes
    ----------
    degree : highest power of the exposure
    with_moderators : whether the exposure is multiplied with each moderator
    """

    name: ClassVar[str] = "polynomial_effects"
    known_as: ClassVar[tuple[str, ...]] = ("polynomial", "quadratic", "cubic", "ekc")
    linear_model: ClassVar[LinearModel | None] = None
    ladder: ClassVar[tuple[LadderEntry, ...]] = (
        LadderEntry(130, "Fixed effects, cubic with interactions", id="curved"),
    )

    degree: Annotated[int, Field(ge=1, le=6)] = 3
    with_moderators: bool = True

    def _solve(self, panel: Panel) -> PolynomialFit:
        terms = self._terms(panel)
        scaled = self._regress(terms.expand(panel))
        regression = replace(scaled, reported=terms.to_raw(scaled))
        return PolynomialFit(regression.panel, regression, regression.model(), terms=terms)

    def _solve_draws(self, panel: Panel, weights: Floats) -> ExpandedModels:
        terms = self._terms(panel)
        return ExpandedModels(terms, self._draw(terms.expand(panel), weights))

    def _terms(self, panel: Panel) -> PolynomialTerms:
        return PolynomialTerms.of(panel, degree=self.degree, with_moderators=self.with_moderators)
