"""Random columns that differ between cities and move slowly within them."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats
from harness.data.simulate.city_years import CityYears

N_FACTORS = 5
"""Traits of a city that all its columns have in common."""

SHARED = 0.5
"""Share of a city's level that comes from those traits."""

PERSISTENCE = 0.8
"""Correlation of a column's deviation from its city's level with that of the year before."""


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
    moves = np.empty_like(shocks)
    moves[:, 0] = shocks[:, 0]
    for year in range(1, keys.n_years):
        moves[:, year] = persistence * moves[:, year - 1] + np.sqrt(1.0 - persistence**2) * shocks[:, year]
    return moves.reshape(-1, n_columns)


def standardised(values: Floats) -> Floats:
    """Return values, (n,), shifted and scaled to mean 0 and variance 1."""
    return np.asarray((values - values.mean()) / values.std())


def spread_evenly(values: Floats) -> Floats:
    """Return the share of the values below each, (n,): evenly spread over (0, 1), in the same order."""
    rank = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    return np.asarray((rank + 0.5) / values.size)
