"""The digital level of the cities of `digital_carbon`, and the five indicators that show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats
from harness.data.simulate.city_years import CityYears
from harness.data.simulate.digital_carbon.cities import Cities
from harness.data.simulate.slow import autoregression, slow_columns, spread_evenly

GREATEST_LEVEL = 0.88
"""Where the published index ends; it starts at 0."""

LEAST_SHOWN = 0.2
"""Share of its value at the least level below which no indicator falls, however much noise it has."""

SKEW, TAIL = 1.5, 2.2
"""Shape of the levels' distribution, Kumaraswamy (1980), which has a closed quantile function."""


@dataclass(frozen=True)
class DigitalIndicator:
    """A column that rises with the digital level.

    Attributes
    ----------
    least, greatest : about the values at the least and greatest level, in the column's unit
    noise : standard deviation of what is not the level, over that of what is
    """

    least: float
    greatest: float
    noise: float


INDICATORS: Mapping[str, DigitalIndicator] = MappingProxyType(
    {
        "internet_users": DigitalIndicator(15.0, 75.0, 0.30),
        "it_worker_share": DigitalIndicator(1.5, 5.5, 0.40),
        "telecom_revenue_pc": DigitalIndicator(500.0, 3000.0, 0.35),
        "mobile_phones": DigitalIndicator(60.0, 230.0, 0.30),
        "digital_finance": DigitalIndicator(60.0, 310.0, 0.25),
    }
)
"""Internet users and mobile phones per 100 persons, IT workers in per cent of urban employment, telecom
revenue in yuan per person, index of digital finance."""


def draw_levels(rng: Generator, keys: CityYears, cities: Cities) -> Floats:
    """Return the digital level of every row, (n_obs,), from 0 to `GREATEST_LEVEL`.

    It is higher in large and rich cities, lower in those of the first rank and of pilot provinces than in
    others of their size, and rises over the years: so the medians of Figures 5 to 7 come in their order.
    """
    standing = 0.15 * cities.wealth + 0.45 * cities.size - 0.9 * cities.first_rank - 0.4 * cities.pilot
    own = 0.5 * rng.standard_normal(keys.n_cities)
    trend = 0.12 * np.tile(np.arange(keys.n_years), keys.n_cities)
    moves = autoregression(rng, keys, n_columns=1, persistence=0.7)[:, 0]
    share = spread_evenly(keys.by_city(standing + own) + trend + 0.8 * moves)
    level = (1.0 - (1.0 - share) ** (1.0 / TAIL)) ** (1.0 / SKEW)
    return np.asarray(GREATEST_LEVEL * (level - level.min()) / (level.max() - level.min()))


def draw_indicators(rng: Generator, keys: CityYears, level: Floats) -> dict[str, Floats]:
    """Return the indicators by name, (n_obs,) each, all above 0."""
    noise = slow_columns(rng, keys, n_columns=len(INDICATORS), between=0.5).clip(-3.0, 3.0)
    height = level / GREATEST_LEVEL
    columns = {}
    for at, (name, indicator) in enumerate(INDICATORS.items()):
        shown = height + indicator.noise * height.std() * noise[:, at]
        value = indicator.least + (indicator.greatest - indicator.least) * shown
        columns[name] = np.maximum(value, LEAST_SHOWN * indicator.least)
    return columns
