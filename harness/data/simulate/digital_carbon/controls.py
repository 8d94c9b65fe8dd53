"""The 22 controls of `digital_carbon`, by the names under which the study lists them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats
from harness.data.simulate.city_years import CityYears
from harness.data.simulate.digital_carbon.cities import Cities
from harness.data.simulate.digital_carbon.economy import Economy
from harness.data.simulate.slow import slow_columns


@dataclass(frozen=True)
class Trait:
    """A positive column of a city, log-normal around a level that depends on wealth and size.

    Attributes
    ----------
    median : in the column's unit
    spread : standard deviation of its logarithm
    wealth, size : correlations of its logarithm with those traits
    most : greatest value possible
    """

    median: float
    spread: float
    wealth: float = 0.0
    size: float = 0.0
    most: float = np.inf


TRAITS: Mapping[str, Trait] = MappingProxyType(
    {
        "urban_disposable_income": Trait(2.6, 0.22, wealth=0.7, size=0.2),
        "secondary_share": Trait(45.0, 0.20, wealth=0.2, most=72.0),
        "primary_share": Trait(10.0, 0.45, wealth=-0.5, size=-0.2, most=26.0),
        "senior_high_pupil_share": Trait(1.8, 0.20, size=0.1, most=5.0),
        "fixed_investment_pc": Trait(3.2, 0.45, wealth=0.6),
        "urbanisation": Trait(53.0, 0.20, wealth=0.6, size=0.2, most=99.0),
        "land_area_pc": Trait(0.30, 0.60, wealth=-0.2, size=-0.5),
        "road_density": Trait(1.1, 0.40, wealth=0.3, size=0.4),
        "road_area_pc": Trait(13.0, 0.40, wealth=0.3),
        "green_patents_pc": Trait(0.35, 0.70, wealth=0.5, size=0.2),
        "pollution_index": Trait(1.0, 0.40, wealth=-0.2, size=0.2),
        "tfp": Trait(1.0, 0.10, wealth=0.3),
        "fiscal_exp_over_gdp": Trait(18.0, 0.30, wealth=-0.5, size=-0.2, most=80.0),
        "fiscal_rev_over_gdp": Trait(8.0, 0.25, wealth=0.3, most=30.0),
        "loans_pc": Trait(4.0, 0.55, wealth=0.6, size=0.2),
        "deposits_loans_over_gdp": Trait(2.2, 0.30, wealth=0.2, size=0.3),
    }
)
"""Income, investment and loans in 10^4 yuan (per head); shares in per cent; land in hectares and road area in
m² per head, road density in km per km²; patents per 10^4 persons; deposits and loans in multiples of GDP."""

MOST_SCI_TECH = 0.45
"""Greatest share of science and technology in fiscal spending."""


def draw_controls(rng: Generator, keys: CityYears, cities: Cities, economy: Economy) -> dict[str, Floats]:
    """Return the controls by name, (n_obs,) each; those that follow from other columns follow exactly."""
    own = slow_columns(rng, keys, n_columns=len(TRAITS), between=0.85)
    drawn = {name: _draw(trait, own[:, at], keys, cities) for at, (name, trait) in enumerate(TRAITS.items())}
    tertiary = 100.0 - drawn["secondary_share"] - drawn.pop("primary_share")
    ratio = np.maximum(drawn["fiscal_exp_over_gdp"] / 100.0, economy.sci_tech / economy.gdp / MOST_SCI_TECH)
    spending = ratio * economy.gdp
    revenue = drawn["fiscal_rev_over_gdp"] / 100.0 * economy.gdp
    return drawn | {
        "population_year_end": economy.population,
        "tertiary_share": tertiary,
        "tertiary_over_secondary": tertiary / drawn["secondary_share"],
        "fiscal_exp_over_gdp": 100.0 * ratio,
        "fdi_over_gdp": 100.0 * economy.fdi / economy.gdp,
        "fiscal_budget_exp_pc": spending / economy.population,
        "fiscal_budget_rev_pc": revenue / economy.population,
        "sci_tech_share_of_fiscal_exp": 100.0 * economy.sci_tech / spending,
    }


def _draw(trait: Trait, own: Floats, keys: CityYears, cities: Cities) -> Floats:
    rest = np.sqrt(1.0 - trait.wealth**2 - trait.size**2)
    score = trait.wealth * keys.by_city(cities.wealth) + trait.size * keys.by_city(cities.size) + rest * own
    return np.asarray(np.minimum(trait.median * np.exp(trait.spread * score), trait.most))
