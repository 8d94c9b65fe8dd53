"""What sets the cities of `digital_carbon` apart: size, wealth, rank, pilot zone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from harness.arrays import Floats, Mask
from harness.data.simulate.city_years import CityYears
from harness.data.simulate.slow import standardised

FIRST_RANK_SHARE = 35 / 273
"""Share of provincial capitals, sub-provincial cities and cities planned by the state."""

N_PROVINCES, N_PILOT_PROVINCES = 30, 6

Texts = npt.NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class Cities:
    """Traits that do not change over the years, (n_cities,) each.

    Attributes
    ----------
    size, wealth : mean 0 and variance 1; larger cities tend to be richer
    first_rank, pilot : whether a city is of the first administrative rank, or in a pilot province
    own : mean 0 and variance 1, a trait that no column of the table shows
    """

    size: Floats
    wealth: Floats
    first_rank: Mask
    pilot: Mask
    own: Floats


def draw_cities(rng: Generator, keys: CityYears) -> Cities:
    """Return cities; the first rank goes to the largest and richest, but not strictly."""
    n = keys.n_cities
    size = standardised(rng.standard_normal(n))
    wealth = standardised(0.35 * size + 0.94 * rng.standard_normal(n))
    standing = size + 0.7 * wealth + 0.6 * rng.standard_normal(n)
    n_first = max(1, round(FIRST_RANK_SHARE * n))
    province = rng.integers(N_PROVINCES, size=n)
    return Cities(
        size=size,
        wealth=wealth,
        first_rank=np.argsort(np.argsort(-standing, kind="stable"), kind="stable") < n_first,
        pilot=province < N_PILOT_PROVINCES,
        own=standardised(rng.standard_normal(n)),
    )


def size_labels(urban_population: Floats) -> Texts:
    """Return the size class of cities by the State Council's standard of 2014.

    Parameters
    ----------
    urban_population : (n_cities,), 10^4 persons; large begins at 100, super at 500, mega at 1000
    """
    labels = np.array(["small and medium", "large", "super and mega"], dtype=object)
    return np.asarray(labels[np.searchsorted([100.0, 500.0], urban_population, side="right")])


def yes_no_labels(holds: Mask, yes: str, no: str) -> Texts:
    """Return one of two labels for each city, (n_cities,)."""
    return np.where(holds, yes, no).astype(object)
