"""Cities with digital economies and carbon emissions, in the shape of the published study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from numpy.random import Generator
from pydantic import Field

from harness.arrays import Floats
from harness.data.simulate.city_years import CityYears
from harness.data.simulate.digital_carbon.columns import (
    Cities,
    Economy,
    draw_cities,
    draw_controls,
    draw_economy,
    draw_energy,
    draw_indicators,
    draw_levels,
    leave_gaps,
    policy_labels,
    rank_labels,
    zone_labels,
)
from harness.data.simulate.digital_carbon.response import MODERATORS, Response, Situation
from harness.data.simulate.simulation import AS_DRAWN, Values
from harness.rng import random_stream

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class World:
    """Everything behind one draw, (n_obs,) each."""

    keys: CityYears
    cities: Cities
    level: Floats
    economy: Economy
    controls: Mapping[str, Floats]
    situation: Situation
    response: Response


# Columns per head that are in prices of the year, as are output, foreign investment and spending.
MONEY = (
    "telecom_revenue_pc",
    "urban_disposable_income",
    "fixed_investment_pc",
    "fiscal_budget_exp_pc",
    "fiscal_budget_rev_pc",
    "loans_pc",
)


@dataclass(frozen=True)
class DigitalCarbon:
    """273 cities from 2011 to 2019, at the level of raw columns, in the study's units.

    The columns are the keys ``city`` and ``year``; natural ``gas`` (10^7 m³), ``lpg`` (10^4 t) and
    ``electricity`` (10^7 kWh), so that factors in kg per m³, kg and kWh give 10^4 t; ``gdp``, ``fdi`` and
    ``sci_tech_spending`` (10^8 yuan), ``price_deflator`` (1 in 2011), ``invention_patents``; the five
    indicators of `INDICATORS`; the 22 controls of `draw_controls`; ``built_up_population`` (10^4 persons, one
    count a city); the labels ``admin_rank``, ``pilot_zone`` and ``pilot_policy``. All money is in prices of
    the year. A few cells of energy, indicators and controls are missing, never an entity's first or last
    year, and no two in a row.

    Attributes
    ----------
    n_entities : cities
    n_periods : years from 2011
    noise : standard deviation of the logarithm of emissions around what is expected
    seed : of the draw
    """

    name: ClassVar[str] = "digital_carbon"
    title: ClassVar[str] = "Digital economy and carbon emissions of cities"
    outcomes: ClassVar[tuple[str, ...]] = ("co2", "co2_intensity", "co2_pc")
    exposure: ClassVar[str] = "digital_economy"
    moderators: ClassVar[tuple[str, ...]] = MODERATORS

    n_entities: Annotated[int, Field(ge=50, le=1_000_000)] = 273
    n_periods: Annotated[int, Field(ge=1, le=10_000)] = 9
    noise: Annotated[float, Field(ge=0)] = 0.1
    seed: Annotated[int, Field(ge=0)] = 1

    def draw(self) -> pd.DataFrame:
        """Return the table."""
        import pandas as pd

        world = self._world()
        keys, cities, economy = world.keys, world.cities, world.economy
        shock = self.noise * self._rng("noise").standard_normal(world.level.size)
        expected = world.response.emissions(world.level, world.situation)
        emissions = expected * np.exp(shock - self.noise**2 / 2.0)
        urban = economy.population * world.controls["urbanisation"] / 100.0
        shown = {**draw_indicators(self._rng("indicators"), keys, world.level), **world.controls}
        numbers = {
            **draw_energy(self._rng("energy"), keys, emissions),
            "gdp": economy.gdp * economy.deflator,
            "price_deflator": economy.deflator,
            "fdi": economy.fdi * economy.deflator,
            "sci_tech_spending": economy.sci_tech * economy.deflator,
            "invention_patents": economy.patents,
            **shown,
            **{name: shown[name] * economy.deflator for name in MONEY},
            "built_up_population": keys.by_city(urban.reshape(keys.n_cities, -1).mean(axis=1)),
        }
        return pd.DataFrame(
            {
                **keys.columns(),
                **leave_gaps(self._rng("gaps"), keys, numbers),
                "admin_rank": np.repeat(rank_labels(cities), keys.n_years),
                "pilot_zone": np.repeat(zone_labels(cities), keys.n_years),
                "pilot_policy": policy_labels(cities, keys),
            }
        )

    def expected(
        self,
        frame: pd.DataFrame,
        *,
        outcome: str,
        exposure: Values | None = None,
        moderators: Mapping[str, Values] = AS_DRAWN,
    ) -> Floats:
        """Return the true expected outcome of some rows, (n_obs,) (see `Simulation.expected`).

        Parameters
        ----------
        outcome : ``co2`` (10^4 t), ``co2_intensity`` (10^4 t per 10^8 yuan) or ``co2_pc`` (t per person)
        exposure : the digital level, from 0 to 0.88
        moderators : by the names in `MODERATORS`; output per head also changes the output that intensity is
            measured by
        """
        world = self._world()
        rows = world.keys.positions(frame)
        here = world.situation.take(rows, moderators)
        at = world.level[rows] if exposure is None else np.broadcast_to(exposure, rows.shape)
        emissions = world.response.emissions(np.asarray(at, dtype=np.float64), here)
        per = {"co2": np.ones(rows.shape), "co2_intensity": here.gdp, "co2_pc": here.population}
        return emissions / per[outcome]

    def level(self, frame: pd.DataFrame) -> Floats:
        """Return the true digital level of some rows, (n_obs,), which the indicators show with noise."""
        world = self._world()
        return world.level[world.keys.positions(frame)]

    def _rng(self, part: str) -> Generator:
        return random_stream(self.seed, "simulate", self.name, part)

    @lru_cache(maxsize=2)  # noqa: B019 - options are frozen and few; a truth is asked many times
    def _world(self) -> World:
        keys = CityYears(self.n_entities, self.n_periods)
        cities = draw_cities(self._rng("cities"), keys)
        level = draw_levels(self._rng("level"), keys, cities)
        economy = draw_economy(self._rng("economy"), keys, cities, level)
        controls = draw_controls(self._rng("controls"), keys, cities, economy)
        situation = Situation.of(cities, keys, economy, controls)
        return World(keys, cities, level, economy, controls, situation, Response.calibrated(situation))
