"""Simulated panels: the known truth, the keys, and slowly moving columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats, Ints
from harness.errors import DataError
from harness.language import Coded, marked
from harness.registry.catalog import Kind, OptionsClass

if TYPE_CHECKING:
    import pandas as pd

# Values of a variable, (n_obs,), or one for all rows.
Values = Floats | float

# Counterfactual values of no variable: all keep those they were drawn with.
AS_DRAWN: Mapping[str, Values] = MappingProxyType({})


class Simulation(Protocol):
    """A simulation, chosen by ``data: {simulate: {use: NAME}}``: a frozen dataclass of options.

    Attributes
    ----------
    name : as written in the spec
    title : one line for the report
    """

    name: ClassVar[str]
    title: ClassVar[str]

    def draw(self) -> pd.DataFrame:
        """Return the raw table in long format; equal options give equal tables."""

    def expected(
        self,
        frame: pd.DataFrame,
        *,
        outcome: str,
        exposure: Values | None = None,
        moderators: Mapping[str, Values] = AS_DRAWN,
    ) -> Floats:
        """Return the true expected outcome of rows, (n_obs,), including the entity effect.

        Parameters
        ----------
        frame : simulated rows in any order; only the key columns are read
        outcome : name of an outcome
        exposure : counterfactual values in the exposure's unit; None for the simulated ones
        moderators : counterfactual values by moderator; others keep the simulated ones
        """


@runtime_checkable
class HasTruth(Simulation, Protocol):
    """A simulation that says which columns its truth is about, so that scenarios can ask it.

    Attributes
    ----------
    outcomes : columns of the draw, or prepared from it, that `expected` knows
    exposure : the column in whose unit `expected` takes the exposure
    moderators : the columns that `expected` takes as moderators
    """

    outcomes: ClassVar[tuple[str, ...]]
    exposure: ClassVar[str]
    moderators: ClassVar[tuple[str, ...]]


# Simulated panels that a spec can choose.
SIMULATION: Kind[type[Simulation]] = Kind(
    "simulation", "simulations", OptionsClass(("draw", "expected"), ("title",))
)


# Key columns of every simulated panel.
ENTITY, TIME = "city", "year"

FIRST_YEAR = 2011

# Rows of a simulated panel; with all of its columns they fill about 3 GB.
MAX_ROWS = 5_000_000


@dataclass(frozen=True)
class CityYears:
    """A balanced panel's keys, rows by city and then by year.

    Attributes
    ----------
    n_cities, n_years : at least 1; the first year is 2011
    """

    n_cities: int
    n_years: int

    def __post_init__(self) -> None:
        """Refuse more rows than a study can hold, before any is drawn."""
        n_rows = self.n_cities * self.n_years
        if n_rows > MAX_ROWS:
            sizes = {"n": f"{self.n_cities:,}", "n_years": f"{self.n_years:,}", "n_rows": f"{n_rows:,}"}
            what = Coded("{n} cities in {n_years} years are {n_rows} rows", **sizes)
            expected, hint = (
                Coded("at most {most} rows", most=f"{MAX_ROWS:,}"),
                marked("lower n_entities or n_periods"),
            )
            raise DataError.at("data.simulate", what, expected, hint)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the cities, in order."""
        width = max(3, len(str(self.n_cities)))
        return tuple(f"city_{at:0{width}d}" for at in range(1, self.n_cities + 1))

    @cached_property
    def _cities(self) -> pd.Index[str]:
        """The names, to look positions up in."""
        import pandas as pd

        names: pd.Index[str] = pd.Index(np.array(self.labels, dtype=object))
        return names

    @property
    def years(self) -> Ints:
        """The years, in order."""
        return np.arange(FIRST_YEAR, FIRST_YEAR + self.n_years)

    def columns(self) -> Mapping[str, Any]:
        """Return the two key columns, (n_cities * n_years,) each."""
        return {
            ENTITY: np.repeat(np.array(self.labels, dtype=object), self.n_years),
            TIME: np.tile(self.years, self.n_cities),
        }

    def by_city(self, values: Floats) -> Floats:
        """Return what each city has, (n_cities,), for each row, (n_cities * n_years,)."""
        return np.repeat(values, self.n_years)

    def positions(self, frame: pd.DataFrame) -> Ints:
        """Return where rows with these keys stand, (n_obs,); years may be numbers or texts.

        Raises
        ------
        KeyError
            Where a city is none of this panel.
        IndexError
            Where a year is none of this panel.
        """
        import pandas as pd

        # Every label is looked up once, however many rows have it.
        codes, named = pd.factorize(frame[ENTITY], use_na_sentinel=False)
        city = self._cities.get_indexer(named.astype(object))
        if (city < 0).any():
            raise KeyError(named[city < 0][0])
        when, dated = pd.factorize(frame[TIME], use_na_sentinel=False)
        year = np.asarray(dated).astype(np.int64) - FIRST_YEAR
        if ((year < 0) | (year >= self.n_years)).any():
            message = f"years must lie from {self.years[0]} to {self.years[-1]}"
            raise IndexError(message)
        return np.asarray(city[codes] * self.n_years + year[when], dtype=np.int64)


# Traits of a city that all its columns have in common.
N_FACTORS = 5

# Share of a city's level that comes from those traits.
SHARED = 0.5

# Correlation of a column's deviation from its city's level with that of the year before.
PERSISTENCE = 0.8


def slow_columns(rng: Generator, keys: CityYears, *, n_columns: int, between: float) -> Floats:
    """Return columns of mean 0 and variance 1, (n_obs, n_columns), correlated with each other.

    Parameters
    ----------
    between : in [0, 1], share of the variance that lies between cities; the rest is an autoregression in time
    """
    traits = rng.standard_normal((keys.n_cities, N_FACTORS))
    loadings = rng.standard_normal((N_FACTORS, n_columns))
    loadings /= np.sqrt(np.square(loadings).sum(axis=0))
    own = rng.standard_normal((keys.n_cities, n_columns))
    level = np.sqrt(SHARED) * traits @ loadings + np.sqrt(1.0 - SHARED) * own
    moves = autoregression(rng, keys, n_columns=n_columns, persistence=PERSISTENCE)
    columns = np.sqrt(between) * np.repeat(level, keys.n_years, axis=0) + np.sqrt(1.0 - between) * moves
    return np.asarray(columns)


def autoregression(rng: Generator, keys: CityYears, *, n_columns: int, persistence: float) -> Floats:
    """Return stationary first-order autoregressions of variance 1, (n_obs, n_columns), one for each city."""
    shocks = rng.standard_normal((keys.n_cities, keys.n_years, n_columns))
    return lasting(shocks, persistence).reshape(-1, n_columns)


def lasting(shocks: Floats, persistence: float) -> Floats:
    """Return stationary autoregressions along the second axis, of the variance of their shocks."""
    moves = shocks.copy()
    for at in range(1, moves.shape[1]):
        moves[:, at] = persistence * moves[:, at - 1] + np.sqrt(1.0 - persistence**2) * shocks[:, at]
    return moves


def standardised(values: Floats) -> Floats:
    """Return values, (n,), shifted and scaled to mean 0 and variance 1."""
    return np.asarray((values - values.mean()) / values.std())


def spread_evenly(values: Floats) -> Floats:
    """Return the share of the values below each, (n,): evenly spread over (0, 1), in the same order."""
    rank = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    return np.asarray((rank + 0.5) / values.size)
