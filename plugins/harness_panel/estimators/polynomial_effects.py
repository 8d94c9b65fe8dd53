"""Fixed effects that may bend in the exposure, and tests of the shape. Reported as `FixedEffects` are.

Lind, J. T. & Mehlum, H. (2010). With or without U? The appropriate test for a U-shaped relationship. Oxford
Bulletin of Economics and Statistics 72, 109-118. Fieller, E. C. (1954). Some problems in interval estimation.
Journal of the Royal Statistical Society B 16, 175-185.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import comb, inf, sqrt
from typing import Annotated, ClassVar, NamedTuple

import numpy as np
from numpy.polynomial import Polynomial
from pydantic import Field

from harness import plugin
from harness.plugin import CoefficientTable, Floats, LadderEntry, LinearModel, Panel, marked
from harness_panel.diagnostics.effects import effect_tests, wald_of_slopes
from harness_panel.estimators.fixed_effects import FixedEffects, FixedEffectsFit
from harness_panel.solver.equation import ExpandedModels, FurtherColumns
from harness_panel.solver.regression import Regression
from harness_panel.statistics import by_columns

_LEVEL = 0.05

# Imaginary part, over the size of the exposure's range, of a root that is taken as real.
_IMAGINARY = 1e-9


@dataclass(frozen=True, eq=False)
class SlopeOfExposure:
    """The slope of a polynomial in the exposure, itself a polynomial, with its uncertainty.

    Attributes
    ----------
    powers : (n_powers,), coefficients of the slope at powers 0, 1, ... of the exposure
    covariance : (n_powers, n_powers), of `powers`
    low, high : range of the exposure in the rows
    df_resid : degrees of freedom of t statistics
    """

    powers: Floats
    covariance: Floats
    low: float
    high: float
    df_resid: float

    def at(self, exposure: float) -> float:
        """Return the slope at an exposure, outcome units per unit of exposure."""
        return float(self._powers_of(exposure) @ self.powers)

    def statistic(self, exposure: float) -> float:
        """Return the slope over its standard error."""
        own = self._powers_of(exposure)
        return float(own @ self.powers) / sqrt(float(own @ self.covariance @ own))

    def turning_points(self) -> Iterator[PolynomialTurningPoint]:
        """Yield where the slope is zero inside the range, ascending."""
        slope = Polynomial(self.powers)
        roots = slope.roots() if np.any(self.powers[1:]) else np.array([])
        real = roots[np.abs(np.imag(roots)) <= _IMAGINARY * (self.high - self.low)].real
        for place in np.sort(real[(real > self.low) & (real < self.high)]).tolist():
            bend = float(slope.deriv()(place))
            own = self._powers_of(place)
            error = sqrt(float(own @ self.covariance @ own)) / abs(bend)
            half = self._critical() * error
            kind = "maximum" if bend < 0.0 else "minimum"
            yield PolynomialTurningPoint(kind, place, (place - half, place + half), self._fieller(place))

    def _fieller(self, place: float) -> tuple[float, float]:
        """Return the connected set around a turning point where a slope of zero is not rejected.

        For a parabola it is Fieller's interval, which is infinite where the square is not significant.
        """
        variance = Polynomial([0.0])
        for at, row in enumerate(self.covariance.tolist()):
            variance += Polynomial(row) * Polynomial([0.0] * at + [1.0])
        roots = (Polynomial(self.powers) ** 2 - self._critical() ** 2 * variance).roots()
        ends = roots[np.abs(np.imag(roots)) <= _IMAGINARY * (self.high - self.low)].real
        below, above = ends[ends < place], ends[ends > place]
        return float(below.max(initial=-inf)), float(above.min(initial=inf))

    def _critical(self) -> float:
        from scipy import stats

        return float(stats.t.ppf(0.975, self.df_resid))

    def _powers_of(self, exposure: float) -> Floats:
        return np.asarray(exposure ** np.arange(self.powers.size, dtype=np.float64))


class PolynomialTurningPoint(NamedTuple):
    """A turning point of a polynomial, the exposure's unit.

    Attributes
    ----------
    kind : ``minimum`` or ``maximum``
    at : the place
    delta : its 95 % interval by the delta method
    fieller : by Fieller's method; an end is infinite where nothing bounds it
    """

    kind: str
    at: float
    delta: tuple[float, float]
    fieller: tuple[float, float]


class ShapeTest(NamedTuple):
    """A test of a shape, or of a straight line.

    Attributes
    ----------
    name : such as ``inverted U``
    null : what is true if the statistic is small
    statistic, p_value : the t statistic that is least in the direction of the shape; F of joint tests
    """

    name: str
    null: str
    statistic: float
    p_value: float


def shape_tests(slope: SlopeOfExposure) -> Iterator[ShapeTest]:
    """Yield the tests of a U and an inverted U of a parabola, of an N and an inverted N of a cubic.

    A shape is there where the slope has its sign at either end of the range and, of an N, the other one where
    it bends: each is tested one-sided, and the weakest decides (intersection-union test). Where a cubic bends
    is estimated, which to first order changes nothing, since the slope is extreme there.
    """
    from scipy import stats

    ends = [slope.statistic(slope.low), slope.statistic(slope.high)]
    if slope.powers.size == 2:
        signs: dict[str, tuple[float, ...]] = {"U": (-1.0, 1.0), "inverted U": (1.0, -1.0)}
        statistics = ends
    elif slope.powers.size == 3 and slope.powers[2] != 0.0:
        bends = float(np.clip(-slope.powers[1] / (2.0 * slope.powers[2]), slope.low, slope.high))
        signs = {"N": (1.0, -1.0, 1.0), "inverted N": (-1.0, 1.0, -1.0)}
        statistics = [ends[0], slope.statistic(bends), ends[1]]
    else:
        return
    for name, wanted in signs.items():
        least = min(sign * statistic for sign, statistic in zip(wanted, statistics, strict=True))
        yield ShapeTest(name, f"no {name}", least, float(stats.t.sf(least, slope.df_resid)))


def joint_tests(table: CoefficientTable, exposure: str) -> Iterator[ShapeTest]:
    """Yield tests that all powers above the first, or above the second, have no part."""
    further = [term for term in table.terms if term.startswith(f"{exposure}^")]
    for name, null, terms in (
        ("linearity", "a straight line", further),
        ("parabola", "a parabola", [term for term in further if term != f"{exposure}^2"]),
    ):
        if terms:
            wald = wald_of_slopes(table, [table.terms.index(term) for term in terms])
            yield ShapeTest(name, null, wald.statistic, wald.p_value)


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

    title: ClassVar[str] = marked("Fixed effects, polynomial")

    terms: PolynomialTerms = field(kw_only=True)

    @property
    def predictor(self) -> ExpandedModels:
        """What predicts; one draw."""
        return ExpandedModels(self.terms, self.model)

    def slope(self) -> SlopeOfExposure:
        """Return the slope of the exposure, moderators held at their means."""
        rows, table, degree = self.rows, self.coefficients(), self.terms.degree
        exposure, means = (
            rows.column(rows.exposure),
            {one: rows.column(one).mean() for one in rows.moderators},
        )
        # The power of the slope that a coefficient is part of, and how often.
        parts = {f"{rows.exposure} x {name}": (0, float(mean)) for name, mean in means.items()}
        parts |= {f"{rows.exposure}^{power}": (power - 1, float(power)) for power in range(2, degree + 1)}
        parts[rows.exposure] = (0, 1.0)
        turn = np.zeros((degree, len(table.terms)))
        for at, term in enumerate(table.terms):
            power, share = parts.get(term, (0, 0.0))
            turn[power, at] = share
        covariance, ends = turn @ table.covariance @ turn.T, (float(exposure.min()), float(exposure.max()))
        return SlopeOfExposure(turn @ table.estimate, covariance, *ends, table.correction.df_resid)

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return statistics, diagnostics and turning points with both of their intervals."""
        names = ("kind", "at", "delta_low", "delta_high", "fieller_low", "fieller_high")
        rows = ((one.kind, one.at, *one.delta, *one.fieller) for one in self.slope().turning_points())
        return {**super().details(), "polynomial_turning_points": by_columns(names, rows)}

    def result_rows(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return tests of the shape, and turning points with their interval by the delta method."""
        slope, rows = self.slope(), self.rows
        shapes = list(shape_tests(slope))
        is_established = any(test.p_value < _LEVEL for test in shapes)
        tests = (*joint_tests(self.coefficients(), rows.exposure), *shapes)
        names = ("kind", "at", "conf_low", "conf_high", "is_established")
        points = ((one.kind, one.at, *one.delta, is_established) for one in slope.turning_points())
        return {
            "turning_points": by_columns(names, points),
            "effect_tests": effect_tests(rows, tests, exposure=rows.exposure),
        }


@plugin.checks_options
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
        LadderEntry(130, marked("Fixed effects, cubic with interactions"), id="curved"),
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
        """Return the terms for a training panel; a constant exposure is refused later."""
        plugin.require_continuous(panel)
        exposure = panel.column(panel.exposure)
        spread = float(exposure.std())
        centre, spread = float(exposure.mean()), spread if spread > 0 else 1.0
        return PolynomialTerms(self.degree, self.with_moderators, centre, spread)
