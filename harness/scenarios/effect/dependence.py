"""Which rows of a panel have errors that depend on each other, and the covariance that follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Self

import numpy as np

from harness.arrays import Floats, Ints
from harness.data.neighbours import great_circle_km, rows_by_period
from harness.data.panel import Panel

Errors = Literal["tested", "entity", "entity_and_period", "driscoll_kraay", "common_shocks", "conley"]

# Size of the test by which errors are those of an entity, or of common shocks.
TEST_SIZE = 0.1

# Fewest periods in which that test has something to compare.
LEAST_PERIODS = 3

# Rows whose distances are in memory at once.
ROWS_AT_A_TIME = 2_000


@dataclass(frozen=True, eq=False)
class DependentErrors:
    """How errors of rows depend on each other.

    Attributes
    ----------
    rows : whose errors they are, in canonical order
    errors : within an ``entity``; within ``entity_and_period``, the sum of both covariances (Chiang, Kato, Ma
        and Sasaki 2022), which has no negative variance and is too large where only one dependence is there;
        within periods and between those at most half of all apart (``driscoll_kraay``: Driscoll and Kraay
        1998, Bartlett weights); within an entity and between all periods, as after ``common_shocks`` that
        last, the sum likewise (Chiang, Hansen and Sasaki 2024); within an entity,
        and in a period among entities that are near (``conley``: Conley 1999, Bartlett weights of distance);
        ``tested`` is for `chosen`
    cutoff_km : distance from which errors of a period are independent, of ``conley``
    p_value : of the test that chose them, see `p_common_shocks`; NaN of errors that were asked for
    """

    rows: Panel
    errors: Errors = "entity"
    cutoff_km: float = np.inf
    p_value: float = np.nan

    @classmethod
    def chosen(cls, rows: Panel, errors: Errors, cutoff_km: float, influences: Sequence[Floats]) -> Self:
        """Return the errors that are asked for; of those to be ``tested`` what the test says.

        They are those of an ``entity`` unless entities have shocks in common that bear on the coefficients:
        then those of ``common_shocks``, where intervals of the former hold the truth in half of all panels
        or less. A test of the residuals themselves would find shocks that do no harm, too.

        Parameters
        ----------
        influences : (n_obs, n_terms) each, of the rows, by repeats of cross-fitting
        """
        if errors != "tested":
            return cls(rows, errors, cutoff_km)
        p_value = p_common_shocks(rows, influences)
        return cls(rows, "common_shocks" if has_common_shocks(p_value) else "entity", cutoff_km, p_value)

    def covariance(self, influence: Floats) -> Floats:
        """Return the covariance of coefficients, (n_terms, n_terms), given the influence of rows."""
        return COVARIANCES[self.errors](self, influence)

    def root(self, influence: Floats) -> Floats:
        """Return a root of the covariance of coefficients, (n_terms, n_terms), ``root @ root.T`` of it.

        Where the covariance has negative eigenvalues, as that of ``conley`` may, they are set to zero.

        Parameters
        ----------
        influence : (n_obs, n_terms), of each row
        """
        covariance = self.covariance(influence)
        size = np.sqrt(np.abs(np.diagonal(covariance)))
        size = np.where(size > 0.0, size, 1.0)
        values, vectors = np.linalg.eigh(covariance / np.outer(size, size))
        return np.asarray(size[:, None] * vectors * np.sqrt(np.maximum(values, 0.0)))

    def df(self, n_effective: float) -> float:
        """Return the degrees of freedom of statistics.

        Parameters
        ----------
        n_effective : entities among which what is left of the terms is spread
        """
        of_entities = max(n_effective - 1.0, 1.0)
        if self.errors == "entity_and_period":
            return min(of_entities, self.rows.n_periods - 1.0)
        if self.errors in ("driscoll_kraay", "common_shocks"):
            return float(np.trace(self._kernel) ** 2 / np.square(self._kernel).sum())
        return of_entities

    @cached_property
    def _kernel(self) -> Floats:
        """Bartlett weights of pairs of periods, (n_periods, n_periods), less their means either way.

        Sums of periods less their mean have a variance by these weights that is too small by the trace over
        the number of periods, and is distributed as chi-square with the degrees of freedom that have its
        mean and variance (Satterthwaite 1946; fixed-b asymptotics, Kiefer and Vogelsang 2005, Sun 2014).
        """
        period = np.unique(self.rows.period)
        apart = np.abs(period[:, None] - period)
        width = period.size if self.errors == "common_shocks" else period.size // 2 + 1
        weights = np.maximum(1.0 - apart / width, 0.0)
        return np.asarray(weights - weights.mean(axis=0) - weights.mean(axis=1)[:, None] + weights.mean())


def has_common_shocks(p_value: float) -> bool:
    """Return whether the test of `p_common_shocks` finds that entities have shocks in common."""
    return p_value < TEST_SIZE


def p_common_shocks(rows: Panel, influences: Sequence[Floats]) -> float:
    """Return the p-value of a test that entities' influences on the coefficients are independent in a period.

    Then the squared sums over the entities of a period have the mean of the sums of squares, and their ratio
    over all periods is nearly that of a chi-square to its degrees of freedom, the periods less one. It is the
    dependence that errors clustered by entity leave out (compared as Hausman 1978 and White 1982 compare two
    covariances). NaN in fewer than three periods, or where nothing varies.

    Parameters
    ----------
    influences : (n_obs, n_terms) each; ratios are means over terms and over these
    """
    from scipy.stats import chi2

    periods = np.unique(rows.time.codes, return_inverse=True)[1]
    ratios = []
    for influence in influences:
        moves = np.flatnonzero(np.bincount(periods, weights=np.abs(influence).sum(axis=1)))
        squares, sums = np.square(influence).sum(axis=0), _sums(influence, periods)
        if moves.size < LEAST_PERIODS or not (squares > 0.0).all():
            return np.nan
        ratios.append(float((np.square(sums).sum(axis=0) / squares).mean()) * moves.size / (moves.size - 1))
        df = moves.size - 1
    return float(chi2.sf(np.mean(ratios) * df, df))


def _by_entity(of: DependentErrors, influence: Floats) -> Floats:
    return _squared(_sums(influence, of.rows.entity.codes))


def _by_entity_and_period(of: DependentErrors, influence: Floats) -> Floats:
    return _by_entity(of, influence) + _squared(_sums(influence, of.rows.time.codes))


def _driscoll_kraay(of: DependentErrors, influence: Floats) -> Floats:
    periods = np.unique(of.rows.period, return_inverse=True)[1]
    sums, kernel = _sums(influence, periods), of._kernel
    return np.asarray(sums.T @ kernel @ sums * len(sums) / np.trace(kernel))


def _common_shocks(of: DependentErrors, influence: Floats) -> Floats:
    return _by_entity(of, influence) + _driscoll_kraay(of, influence)


def _conley(of: DependentErrors, influence: Floats) -> Floats:
    coordinates = of.rows.coordinates
    assert coordinates is not None  # noqa: S101 - refused by the scenario
    total = _by_entity(of, influence)
    for rows in rows_by_period(of.rows.period):
        for some in np.split(rows, range(ROWS_AT_A_TIME, rows.size, ROWS_AT_A_TIME)):
            distance = great_circle_km(coordinates[some], coordinates[rows])
            # A row is no neighbour of itself, and one without coordinates of none.
            is_near = (distance < of.cutoff_km) & (some[:, None] != rows)
            total += (
                influence[some].T @ np.where(is_near, 1.0 - distance / of.cutoff_km, 0.0) @ influence[rows]
            )
    return total


COVARIANCES: Mapping[Errors, Callable[[DependentErrors, Floats], Floats]] = {
    "entity": _by_entity,
    "entity_and_period": _by_entity_and_period,
    "driscoll_kraay": _driscoll_kraay,
    "common_shocks": _common_shocks,
    "conley": _conley,
}


def _squared(values: Floats) -> Floats:
    return np.asarray(values.T @ values)


def _sums(values: Floats, codes: Ints) -> Floats:
    """Return sums over the rows of each code, (n_codes, n_columns)."""
    return np.stack([np.bincount(codes, weights=column) for column in values.T], axis=1)
