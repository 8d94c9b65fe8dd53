"""What the emissions of a city in `digital_carbon` depend on besides its digital level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from harness.arrays import Floats, Ints
from harness.data.simulate.city_years import CityYears
from harness.data.simulate.digital_carbon.cities import Cities
from harness.data.simulate.digital_carbon.economy import Economy
from harness.data.simulate.simulation import Values

CITY_SD = 0.25
"""Standard deviation of what a city itself adds to the logarithm of its emissions."""

MODERATORS = ("gdp_pc", "fdi_pc", "technology_attention", "innovation")
"""Output, foreign investment and fiscal spending on science in 10^4 yuan of 2011 per head; invention patents
granted per 10^4 persons."""


@dataclass(frozen=True, eq=False)
class Situation:
    """What emissions depend on besides the digital level, (n_obs,) each.

    Attributes
    ----------
    population : 10^4 persons
    moderators : by the names in `MODERATORS`
    pressure : logarithm of what the structure of the economy and the city itself add
    policy : 1 where the pilot policy is in force, else 0
    """

    population: Floats
    moderators: Mapping[str, Floats]
    pressure: Floats
    policy: Floats

    @property
    def gdp(self) -> Floats:
        """Output, 10^8 yuan of 2011."""
        return self.population * self.moderators["gdp_pc"]

    @classmethod
    def of(cls, cities: Cities, keys: CityYears, economy: Economy, controls: Mapping[str, Floats]) -> Self:
        """Return the situation of every row."""
        totals = (economy.gdp, economy.fdi, economy.sci_tech, economy.patents)
        structure = (
            1.00 * np.log(controls["secondary_share"] / 45.0)
            + 0.80 * np.log(controls["urbanisation"] / 53.0)
            + 0.35 * np.log(controls["pollution_index"])
            - 1.20 * np.log(controls["tfp"])
        )
        return cls(
            population=economy.population,
            moderators={
                name: total / economy.population for name, total in zip(MODERATORS, totals, strict=True)
            },
            pressure=structure + CITY_SD * keys.by_city(cities.own),
            policy=cities.policy(keys),
        )

    def take(self, rows: Ints, given: Mapping[str, Values]) -> Situation:
        """Return the situation of some rows, (n_rows,), in which some moderators have other values.

        Raises
        ------
        KeyError
            Where a name is none of a moderator.
        """
        unknown = set(given) - set(MODERATORS)
        if unknown:
            message = f"no moderators: {sorted(unknown)}; there are {', '.join(MODERATORS)}"
            raise KeyError(message)
        return Situation(
            population=self.population[rows],
            moderators={
                name: np.asarray(np.broadcast_to(given.get(name, drawn[rows]), rows.shape), dtype=np.float64)
                for name, drawn in self.moderators.items()
            },
            pressure=self.pressure[rows],
            policy=self.policy[rows],
        )
