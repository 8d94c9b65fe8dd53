"""What a polynomial says of a shape: tests of a U and of an N, and the places of its turning points.

Lind, J. T. & Mehlum, H. (2010). With or without U? The appropriate test for a U-shaped relationship. Oxford
Bulletin of Economics and Statistics 72, 109-118. Fieller, E. C. (1954). Some problems in interval estimation.
Journal of the Royal Statistical Society B 16, 175-185.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf, sqrt
from typing import NamedTuple

import numpy as np
from numpy.polynomial import Polynomial

from harness.plugin import CoefficientTable, Floats, Panel
from harness_panel.diagnostics.diagnostic import effect_tests
from harness_panel.diagnostics.effects import wald_of_slopes
from harness_panel.results.model_fit import by_columns

_LEVEL = 0.05

_IMAGINARY = 1e-9
"""Imaginary part, over the size of the exposure's range, of a root that is taken as real."""


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

    @classmethod
    def of(
        cls,
        table: CoefficientTable,
        *,
        exposure: str,
        degree: int,
        held: Mapping[str, float],
        limits: tuple[float, float],
    ) -> SlopeOfExposure:
        """Return the slope of a table whose terms are powers of the exposure and products with moderators.

        Parameters
        ----------
        degree : highest power of the exposure; powers that were dropped count as zero
        held : values of the moderators by the term of their product
        limits : range of the exposure
        """
        names = [exposure, *(f"{exposure}^{power}" for power in range(2, degree + 1))]
        place = {term: at for at, term in enumerate(table.terms)}
        turn = np.zeros((degree, len(table.terms)))
        for power, name in enumerate(names):
            if name in place:
                turn[power, place[name]] = power + 1.0
        for name, value in held.items():
            if name in place:
                turn[0, place[name]] = value
        covariance = turn @ table.covariance @ turn.T
        return cls(turn @ table.estimate, covariance, *limits, table.correction.df_resid)

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

        For a parabola it is Fieller's interval, which is infinite where the square is not told from zero.
        """
        variance = Polynomial([0.0])
        for at, row in enumerate(self.covariance.tolist()):
            variance += Polynomial(row) * Polynomial([0.0] * at + [1.0])
        rejected = Polynomial(self.powers) ** 2 - self._critical() ** 2 * variance
        roots = rejected.roots()
        ends = roots[np.abs(np.imag(roots)) <= _IMAGINARY * (self.high - self.low)].real
        below, above = ends[ends < place], ends[ends > place]
        return float(below.max(initial=-inf)), float(above.min(initial=inf))

    def _critical(self) -> float:
        from scipy import stats

        return float(stats.t.ppf(0.975, self.df_resid))

    def _powers_of(self, exposure: float) -> Floats:
        powers: Floats = exposure ** np.arange(self.powers.size, dtype=np.float64)
        return powers


@dataclass(frozen=True)
class PolynomialTurningPoint:
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
            at = [table.terms.index(term) for term in terms]
            wald = wald_of_slopes(table, at)
            yield ShapeTest(name, null, wald.statistic, wald.p_value)


def turning_point_columns(slope: SlopeOfExposure) -> Mapping[str, Sequence[object]]:
    """Return turning points with both of their intervals as a tidy table by columns."""
    names = ("kind", "at", "delta_low", "delta_high", "fieller_low", "fieller_high")
    points = slope.turning_points()
    return by_columns(names, ((point.kind, point.at, *point.delta, *point.fieller) for point in points))


def shape_rows(
    slope: SlopeOfExposure, table: CoefficientTable, rows: Panel
) -> Mapping[str, Mapping[str, Sequence[object]]]:
    """Return turning points and tests of the shape, as `harness.plugin.HasResultRows` has them."""
    shapes = list(shape_tests(slope))
    is_established = any(test.p_value < _LEVEL for test in shapes)
    tests = (*joint_tests(table, rows.exposure), *shapes)
    return {
        "turning_points": by_columns(
            ("kind", "at", "conf_low", "conf_high", "is_established"),
            ((point.kind, point.at, *point.delta, is_established) for point in slope.turning_points()),
        ),
        "effect_tests": effect_tests(rows, tests, exposure=rows.exposure),
    }
