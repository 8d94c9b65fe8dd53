"""What sets the cities of `digital_carbon` apart: size, wealth, rank, pilot zone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from harness.arrays import Floats, Mask
from harness.data.simulate.city_years import CityYears
from harness.data.simulate.slow import spread_evenly, standardised

FIRST_RANK = tuple(range(1, 274, 8))
"""Numbers of the cities on the list of the first rank, which holds provincial capitals, sub-provincial cities
and cities planned by the state; 35 of 273."""

CITIES_OF_A_PROVINCE = 9
PILOT_PROVINCES = (2, 7, 12, 17, 22, 27)
"""Numbers of the provinces with pilot zones; cities next to each other are of one province."""

PILOT_YEAR = 2019
"""First year of the pilot policy."""

Texts = npt.NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class Cities:
    """Traits that do not change over the years, (n_cities,) each.

    Attributes
    ----------
    size, wealth : mean 0 and variance 1; larger cities tend to be richer
    first_rank, pilot : whether a city is on the list of the first administrative rank, or in a pilot province
    own : mean 0 and variance 1, a trait that no column of the table shows
    """

    size: Floats
    wealth: Floats
    first_rank: Mask
    pilot: Mask
    own: Floats

    def policy(self, keys: CityYears) -> Floats:
        """Return 1 for the city-years in which the pilot policy is in force, (n_obs,), else 0."""
        in_force = np.tile(keys.years >= PILOT_YEAR, keys.n_cities)
        return np.asarray(keys.by_city(self.pilot.astype(np.float64)) * in_force)


def draw_cities(rng: Generator, keys: CityYears) -> Cities:
    """Return cities of the same spread of sizes in every draw; the first rank tends to be large."""
    n = keys.n_cities
    number = np.arange(1, n + 1)
    first_rank = np.isin(number, FIRST_RANK)
    size = _normal_scores(0.8 * first_rank + rng.standard_normal(n))
    chance = rng.standard_normal(n)
    wealth = standardised(spread_evenly(chance - size * (size @ chance) / n))
    return Cities(
        size=size,
        wealth=wealth,
        first_rank=first_rank,
        pilot=np.isin((number - 1) // CITIES_OF_A_PROVINCE + 1, PILOT_PROVINCES),
        own=standardised(spread_evenly(rng.standard_normal(n))),
    )


def _normal_scores(values: Floats) -> Floats:
    """Return normal scores in the order of the values, (n,), of mean 0 and variance 1."""
    from scipy.special import ndtri

    return standardised(np.asarray(ndtri(spread_evenly(values)), dtype=np.float64))


def rank_labels(cities: Cities) -> Texts:
    """Return the administrative rank of each city, (n_cities,)."""
    return np.where(cities.first_rank, "first rank", "other").astype(object)


def zone_labels(cities: Cities) -> Texts:
    """Return whether each city is in a pilot province, in whatever year, (n_cities,)."""
    return np.where(cities.pilot, "pilot", "other").astype(object)


def policy_labels(cities: Cities, keys: CityYears) -> Texts:
    """Return whether each city-year is of a pilot province, and before or from `PILOT_YEAR` on, (n_obs,)."""
    pilot = np.repeat(cities.pilot, keys.n_years)
    since = np.tile(keys.years >= PILOT_YEAR, keys.n_cities)
    labels = np.where(since, f"pilot, from {PILOT_YEAR}", f"pilot, before {PILOT_YEAR}")
    return np.where(pilot, labels, "other").astype(object)
