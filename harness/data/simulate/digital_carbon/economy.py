"""Population, output, prices and the raw material of the moderators of `digital_carbon`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats
from harness.data.simulate.city_years import CityYears
from harness.data.simulate.digital_carbon.cities import Cities
from harness.data.simulate.slow import slow_columns


@dataclass(frozen=True, eq=False)
class Economy:
    """Columns of the table, (n_obs,) each.

    Attributes
    ----------
    population : 10^4 persons at the end of the year
    deflator : of output, 1 in the first year
    gdp, fdi, sci_tech : 10^8 yuan of the first year: output, foreign investment, fiscal spending on science
    patents : invention patents granted, whole numbers
    """

    population: Floats
    deflator: Floats
    gdp: Floats
    fdi: Floats
    sci_tech: Floats
    patents: Floats


def draw_economy(rng: Generator, keys: CityYears, cities: Cities, level: Floats) -> Economy:
    """Return the economies of cities with these traits and digital levels, (n_obs,)."""
    year = np.tile(np.arange(keys.n_years), keys.n_cities)
    size, wealth = keys.by_city(cities.size), keys.by_city(cities.wealth)
    height = (level - level.mean()) / level.std()
    own = slow_columns(rng, keys, n_columns=5, between=0.85)
    population = 275.0 * np.exp(0.9 * size + 0.006 * year + 0.05 * own[:, 0])
    per_head = 4.9 * np.exp(0.48 * wealth + 0.025 * year + 0.08 * own[:, 1])
    fdi_pc = 0.06 * np.exp(0.45 * wealth + 0.15 * height + 0.55 * own[:, 2])
    sci_tech_pc = 0.10 * np.exp(0.50 * wealth + 0.25 * height + 0.60 * own[:, 3] + 0.04 * year)
    patents_pc = 0.8 * np.exp(0.45 * wealth + 0.35 * height + 0.45 * own[:, 4] + 0.08 * year)
    return Economy(
        population=population,
        deflator=_deflator(rng, keys),
        gdp=population * per_head,
        fdi=population * fdi_pc,
        sci_tech=population * sci_tech_pc,
        patents=np.rint(population * patents_pc),
    )


def _deflator(rng: Generator, keys: CityYears) -> Floats:
    """Return prices, (n_obs,), that rise by about 2.5 per cent a year from 1."""
    inflation = rng.normal(0.025, 0.01, keys.n_years) + rng.normal(0.0, 0.004, (keys.n_cities, keys.n_years))
    inflation[:, 0] = 0.0
    return np.exp(np.cumsum(inflation, axis=1)).ravel()
