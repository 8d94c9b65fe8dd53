"""Cities with digital economies and carbon emissions, in the shape of the published study."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
import numpy.typing as npt
from numpy.random import Generator
from pydantic import Field

from harness.arrays import Floats, Ints, Mask
from harness.data.simulate import simulation
from harness.data.simulate.digital_carbon.response import GREATEST_LEVEL, MODERATORS, Response, Situation
from harness.data.simulate.simulation import CityYears, Values
from harness.language import marked
from harness.rng import random_stream

if TYPE_CHECKING:
    import pandas as pd

# Numbers of the cities on the list of the first rank, which holds provincial capitals, sub-provincial cities
# and cities planned by the state; 35 of 273.
FIRST_RANK = tuple(range(1, 274, 8))

CITIES_OF_A_PROVINCE = 9
# Numbers of the provinces with pilot zones; cities next to each other are of one province.
PILOT_PROVINCES = (2, 7, 12, 17, 22, 27)

# Of the country, from the coast inwards.
REGIONS = ("east", "central", "west")

# First year of the pilot policy.
PILOT_YEAR = 2019

# Distance of the centres of provinces, and of cities from them, in degrees.
PROVINCE_SPACING, CITY_SPREAD = 3.0, 0.8

# Standard deviation of the part of the instrument that is not the digital level, over that of the level.
INSTRUMENT_NOISE = 0.7

Texts = npt.NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class Cities:
    """Traits that do not change over the years, (n_cities,) each.

    Attributes
    ----------
    size, wealth : mean 0 and variance 1; larger cities tend to be richer
    first_rank : whether a city is on the list of the first administrative rank
    province : its number, from 1
    pilot_from : first year of the pilot policy in a city of a pilot province; infinite elsewhere
    own : mean 0 and variance 1, a trait that no column of the table shows
    """

    size: Floats
    wealth: Floats
    first_rank: Mask
    province: Ints
    pilot_from: Floats
    own: Floats

    @property
    def pilot(self) -> Mask:
        """Whether a city lies in a pilot province."""
        return np.isfinite(self.pilot_from)

    def policy(self, keys: CityYears) -> Floats:
        """Return 1 for the city-years in which the pilot policy is in force, (n_obs,), else 0."""
        in_force = np.tile(keys.years, keys.n_cities) >= keys.by_city(self.pilot_from)
        return in_force.astype(np.float64)


def draw_cities(rng: Generator, keys: CityYears, *, pilot_years: tuple[int, ...]) -> Cities:
    """Return cities of the same spread of sizes in every draw; the first rank tends to be large.

    Parameters
    ----------
    pilot_years : first years of the policy, which the pilot provinces take in turn
    """
    from scipy.special import ndtri

    n = keys.n_cities
    number = np.arange(1, n + 1)
    first_rank = np.isin(number, FIRST_RANK)
    # Normal scores, of mean 0 and variance 1.
    order = simulation.spread_evenly(0.8 * first_rank + rng.standard_normal(n))
    size = simulation.standardised(np.asarray(ndtri(order), dtype=np.float64))
    chance = rng.standard_normal(n)
    wealth = simulation.standardised(simulation.spread_evenly(chance - size * (size @ chance) / n))
    province = (number - 1) // CITIES_OF_A_PROVINCE + 1
    pilot_from = np.full(n, np.inf)
    for turn, pilot in enumerate(PILOT_PROVINCES):
        pilot_from[province == pilot] = pilot_years[turn % len(pilot_years)]
    own = simulation.standardised(simulation.spread_evenly(rng.standard_normal(n)))
    return Cities(size, wealth, first_rank, province, pilot_from, own)


def label_columns(cities: Cities, keys: CityYears) -> dict[str, Texts]:
    """Return labels of city-years, (n_obs,) each: rank, region, pilot zone, and whether the policy holds."""
    first_rank, pilot, since = (
        np.repeat(trait, keys.n_years) for trait in (cities.first_rank, cities.pilot, cities.pilot_from)
    )
    policy = np.full(pilot.shape, "other", dtype=object)
    for year in np.unique(since[pilot]):
        later = np.tile(keys.years >= year, keys.n_cities)
        policy[(since == year) & later] = f"pilot, from {year:.0f}"
        policy[(since == year) & ~later] = f"pilot, before {year:.0f}"
    region = np.array(REGIONS, dtype=object)[(cities.province - 1) % len(REGIONS)]
    return {
        "admin_rank": np.where(first_rank, "first rank", "other").astype(object),
        "region": np.repeat(region, keys.n_years),
        "pilot_zone": np.where(pilot, "pilot", "other").astype(object),
        "pilot_policy": policy,
    }


def draw_coordinates(rng: Generator, keys: CityYears, cities: Cities) -> dict[str, Floats]:
    """Return longitude and latitude of city-years, (n_obs,) each, in degrees; provinces lie on a grid."""
    row, column = np.divmod(cities.province - 1, 6)
    scatter = CITY_SPREAD * rng.uniform(-1.0, 1.0, size=(2, keys.n_cities))
    longitude = 103.0 + PROVINCE_SPACING * column + scatter[0]
    latitude = 24.0 + PROVINCE_SPACING * (row % 6) + scatter[1]
    return {"longitude": keys.by_city(longitude), "latitude": keys.by_city(latitude)}


def draw_instrument(rng: Generator, keys: CityYears, level: Floats) -> Floats:
    """Return an instrument of the digital level, (n_obs,), above 0, which emissions do not depend on.

    It shows the level with noise of its own, independent of that of the indicators and of emissions, so that
    slopes by it are free of the errors that the index measures the level with.
    """
    noise = simulation.slow_columns(rng, keys, n_columns=1, between=0.5)[:, 0].clip(-3.0, 3.0)
    height = level / GREATEST_LEVEL
    return np.asarray(np.maximum(1.0 + 9.0 * (height + INSTRUMENT_NOISE * height.std() * noise), 0.2))


def draw_economy(rng: Generator, keys: CityYears, cities: Cities, level: Floats) -> dict[str, Floats]:
    """Return columns of cities with these traits and digital levels, (n_obs,) each.

    They are ``population`` (10^4 persons at the end of the year), the ``deflator`` of output (1 in the first
    year), ``gdp``, ``fdi`` and ``sci_tech``, fiscal spending on science (10^8 yuan of the first year), and
    ``patents``, invention patents granted.
    """
    year = np.tile(np.arange(keys.n_years), keys.n_cities)
    size, wealth = keys.by_city(cities.size), keys.by_city(cities.wealth)
    height = (level - level.mean()) / level.std()
    own = simulation.slow_columns(rng, keys, n_columns=5, between=0.85)
    population = 275.0 * np.exp(0.9 * size + 0.006 * year + 0.05 * own[:, 0])
    per_head = 4.9 * np.exp(0.48 * wealth + 0.025 * year + 0.08 * own[:, 1])
    fdi_pc = 0.06 * np.exp(0.45 * wealth + 0.15 * height + 0.55 * own[:, 2])
    sci_tech_pc = 0.10 * np.exp(0.50 * wealth + 0.25 * height + 0.60 * own[:, 3] + 0.04 * year)
    patents_pc = 0.8 * np.exp(0.45 * wealth + 0.35 * height + 0.45 * own[:, 4] + 0.08 * year)
    # Prices rise by about 2.5 per cent a year from 1.
    inflation = rng.normal(0.025, 0.01, keys.n_years) + rng.normal(0.0, 0.004, (keys.n_cities, keys.n_years))
    inflation[:, 0] = 0.0
    totals = {"gdp": population * per_head, "fdi": population * fdi_pc, "sci_tech": population * sci_tech_pc}
    deflator = np.exp(np.cumsum(inflation, axis=1)).ravel()
    patents = np.rint(population * patents_pc)
    return {"population": population, "deflator": deflator, **totals, "patents": patents}


# Share of its value at the least level below which no indicator falls, however much noise it has.
LEAST_SHOWN = 0.2

# Shape of the levels' distribution, Kumaraswamy (1980), which has a closed quantile function.
SKEW, TAIL = 1.5, 2.2


@dataclass(frozen=True)
class DigitalIndicator:
    """A column that rises with the digital level, one row of ``indicators.csv``.

    Attributes
    ----------
    least, greatest : about the values at the least and greatest level, in the column's unit
    noise : standard deviation of what is not the level, over that of what is
    """

    least: float
    greatest: float
    noise: float


def read_columns(table: str) -> dict[str, dict[str, float]]:
    """Return the numbers in a table of columns, whose names come first and whose units last."""
    text = files(__package__).joinpath(table).read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row.pop("column"): {key: float(row[key]) for key in row if key != "unit"} for row in rows}


INDICATORS = {name: DigitalIndicator(**row) for name, row in read_columns("indicators.csv").items()}


def draw_levels(rng: Generator, keys: CityYears, cities: Cities) -> Floats:
    """Return the digital level of every row, (n_obs,), from 0 to `GREATEST_LEVEL`.

    It is higher in large and rich cities, lower in those of the first rank and of pilot provinces than in
    others of their size, and rises over the years: so the medians of Figures 5 to 7 come in their order.
    """
    standing = 0.15 * cities.wealth + 0.45 * cities.size - 0.9 * cities.first_rank - 0.4 * cities.pilot
    own = 0.5 * rng.standard_normal(keys.n_cities)
    trend = 0.12 * np.tile(np.arange(keys.n_years), keys.n_cities)
    moves = simulation.autoregression(rng, keys, n_columns=1, persistence=0.7)[:, 0]
    share = simulation.spread_evenly(keys.by_city(standing + own) + trend + 0.8 * moves)
    level = (1.0 - (1.0 - share) ** (1.0 / TAIL)) ** (1.0 / SKEW)
    return np.asarray(GREATEST_LEVEL * (level - level.min()) / (level.max() - level.min()))


def draw_indicators(rng: Generator, keys: CityYears, level: Floats) -> dict[str, Floats]:
    """Return the indicators by name, (n_obs,) each, all above 0."""
    noise = simulation.slow_columns(rng, keys, n_columns=len(INDICATORS), between=0.5).clip(-3.0, 3.0)
    height = level / GREATEST_LEVEL
    columns = {}
    for at, (name, indicator) in enumerate(INDICATORS.items()):
        shown = height + indicator.noise * height.std() * noise[:, at]
        value = indicator.least + (indicator.greatest - indicator.least) * shown
        columns[name] = np.maximum(value, LEAST_SHOWN * indicator.least)
    return columns


@dataclass(frozen=True)
class Trait:
    """A positive column of a city, log-normal around a level by wealth and size, one row of ``traits.csv``.

    Attributes
    ----------
    median : in the column's unit
    spread : standard deviation of its logarithm
    wealth, size : correlations of its logarithm with those traits
    most : greatest value possible
    """

    median: float
    spread: float
    wealth: float
    size: float
    most: float


TRAITS = {name: Trait(**row) for name, row in read_columns("traits.csv").items()}

# Greatest share of science and technology in fiscal spending.
MOST_SCI_TECH = 0.45


def draw_controls(
    rng: Generator, keys: CityYears, cities: Cities, economy: Mapping[str, Floats]
) -> dict[str, Floats]:
    """Return the controls by name, (n_obs,) each; those that follow from other columns follow exactly."""
    population, gdp, sci_tech = economy["population"], economy["gdp"], economy["sci_tech"]
    own = simulation.slow_columns(rng, keys, n_columns=len(TRAITS), between=0.85)
    drawn = {name: _draw(trait, own[:, at], keys, cities) for at, (name, trait) in enumerate(TRAITS.items())}
    tertiary = 100.0 - drawn["secondary_share"] - drawn.pop("primary_share")
    ratio = np.maximum(drawn["fiscal_exp_over_gdp"] / 100.0, sci_tech / gdp / MOST_SCI_TECH)
    spending = ratio * gdp
    revenue = drawn["fiscal_rev_over_gdp"] / 100.0 * gdp
    return drawn | {
        "population_year_end": population,
        "tertiary_share": tertiary,
        "tertiary_over_secondary": tertiary / drawn["secondary_share"],
        "fiscal_exp_over_gdp": 100.0 * ratio,
        "fdi_over_gdp": 100.0 * economy["fdi"] / gdp,
        "fiscal_budget_exp_pc": spending / population,
        "fiscal_budget_rev_pc": revenue / population,
        "sci_tech_share_of_fiscal_exp": 100.0 * sci_tech / spending,
    }


def _draw(trait: Trait, own: Floats, keys: CityYears, cities: Cities) -> Floats:
    rest = np.sqrt(1.0 - trait.wealth**2 - trait.size**2)
    score = trait.wealth * keys.by_city(cities.wealth) + trait.size * keys.by_city(cities.size) + rest * own
    return np.asarray(np.minimum(trait.median * np.exp(trait.spread * score), trait.most))


# Emission factors of the study: kg of CO2 per m³ of natural gas, kg of liquefied petroleum gas, kWh.
FACTORS: Mapping[str, float] = {"gas": 2.1622, "lpg": 3.1031, "electricity": 1.3023}

TYPICAL_SHARES: Mapping[str, float] = {"gas": 0.15, "lpg": 0.08, "electricity": 0.77}

# Share of the cells that are missing, by column.
GAP_SHARES: Mapping[str, float] = {"gas": 0.010, "lpg": 0.015} | dict.fromkeys(
    ("it_worker_share", "telecom_revenue_pc", "fixed_investment_pc", "road_area_pc"), 0.005
)


def draw_energy(rng: Generator, keys: CityYears, emissions: Floats) -> dict[str, Floats]:
    """Return use of each kind of energy, (n_obs,) each, whose emissions by `FACTORS` sum to `emissions`.

    Parameters
    ----------
    emissions : (n_obs,), 10^4 t
    """
    noise = simulation.slow_columns(rng, keys, n_columns=len(FACTORS), between=0.8)
    parts = np.array(list(TYPICAL_SHARES.values())) * np.exp(0.35 * noise)
    parts *= (emissions / parts.sum(axis=1))[:, None]
    return {name: parts[:, at] / factor for at, (name, factor) in enumerate(FACTORS.items())}


def leave_gaps(rng: Generator, keys: CityYears, columns: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return the columns with some cells missing: at most one a city and column, within its years."""
    found = dict(columns)
    for name, column in columns.items():
        n_gaps = min(round(GAP_SHARES.get(name, 0.0) * column.size), keys.n_cities) if keys.n_years > 2 else 0
        if n_gaps:
            cities = rng.choice(keys.n_cities, size=n_gaps, replace=False)
            years = rng.integers(1, keys.n_years - 1, size=n_gaps)
            found[name] = column.copy()
            found[name][cities * keys.n_years + years] = np.nan
    return found


# Standard deviation of what a city itself adds to the logarithm of its emissions.
CITY_SD = 0.25


def situation_of(
    keys: CityYears, cities: Cities, economy: Mapping[str, Floats], controls: Mapping[str, Floats]
) -> Situation:
    """Return what emissions of every row depend on besides the digital level."""
    population = economy["population"]
    totals = [economy[name] for name in ("gdp", "fdi", "sci_tech", "patents")]
    structure = (
        1.00 * np.log(controls["secondary_share"] / 45.0)
        + 0.80 * np.log(controls["urbanisation"] / 53.0)
        + 0.35 * np.log(controls["pollution_index"])
        - 1.20 * np.log(controls["tfp"])
    )
    moderators = {name: total / population for name, total in zip(MODERATORS, totals, strict=True)}
    pressure = structure + CITY_SD * keys.by_city(cities.own)
    return Situation(population, moderators, pressure, cities.policy(keys))


@dataclass(frozen=True, eq=False)
class Draw:
    """Everything behind one draw, (n_obs,) each."""

    keys: CityYears
    cities: Cities
    level: Floats
    economy: Mapping[str, Floats]
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
    count a city); the labels ``admin_rank``, ``region``, ``pilot_zone`` and ``pilot_policy``; ``longitude``
    and ``latitude`` in degrees; ``telephones_1984``, an instrument of the digital level. All money is in
    prices of the year. Emissions do not depend on regions, coordinates and the instrument. A few cells of
    energy, indicators and controls are missing, never an entity's first or last year, and no two in a row.

    Attributes
    ----------
    n_entities : cities
    n_periods : years from 2011
    noise : standard deviation of the logarithm of emissions around what is expected
    pilot_years : first years of the pilot policy, which pilot provinces take in turn
    seed : of the draw
    """

    name: ClassVar[str] = "digital_carbon"
    title: ClassVar[str] = marked("Digital economy and carbon emissions of cities")
    outcomes: ClassVar[tuple[str, ...]] = ("co2", "co2_intensity", "co2_pc")
    exposure: ClassVar[str] = "digital_economy"
    moderators: ClassVar[tuple[str, ...]] = MODERATORS

    n_entities: Annotated[int, Field(ge=50, le=1_000_000)] = 273
    n_periods: Annotated[int, Field(ge=1, le=10_000)] = 9
    noise: Annotated[float, Field(ge=0)] = 0.1
    pilot_years: Annotated[tuple[Annotated[int, Field(ge=1900, le=2200)], ...], Field(min_length=1)] = (
        PILOT_YEAR,
    )
    seed: Annotated[int, Field(ge=0)] = 1

    def draw(self) -> pd.DataFrame:
        """Return the table."""
        import pandas as pd

        world = self._drawn()
        keys, cities, economy = world.keys, world.cities, world.economy
        shock = self.noise * self._rng("noise").standard_normal(world.level.size)
        expected = world.response.emissions(world.level, world.situation)
        emissions = expected * np.exp(shock - self.noise**2 / 2.0)
        deflator, urban = economy["deflator"], economy["population"] * world.controls["urbanisation"] / 100.0
        shown = {**draw_indicators(self._rng("indicators"), keys, world.level), **world.controls}
        numbers = {
            **draw_energy(self._rng("energy"), keys, emissions),
            "gdp": economy["gdp"] * deflator,
            "price_deflator": deflator,
            "fdi": economy["fdi"] * deflator,
            "sci_tech_spending": economy["sci_tech"] * deflator,
            "invention_patents": economy["patents"],
            **shown,
            **{name: shown[name] * deflator for name in MONEY},
            "built_up_population": keys.by_city(urban.reshape(keys.n_cities, -1).mean(axis=1)),
            **draw_coordinates(self._rng("coordinates"), keys, cities),
            "telephones_1984": draw_instrument(self._rng("instrument"), keys, world.level),
        }
        shown_numbers = leave_gaps(self._rng("gaps"), keys, numbers)
        return pd.DataFrame({**keys.columns(), **shown_numbers, **label_columns(cities, keys)})

    def expected(
        self,
        frame: pd.DataFrame,
        *,
        outcome: str,
        exposure: Values | None = None,
        moderators: Mapping[str, Values] = simulation.AS_DRAWN,
    ) -> Floats:
        """Return the true expected outcome of some rows, (n_obs,) (see `Simulation.expected`).

        Parameters
        ----------
        outcome : ``co2`` (10^4 t), ``co2_intensity`` (10^4 t per 10^8 yuan) or ``co2_pc`` (t per person)
        exposure : the digital level, from 0 to 0.88
        moderators : by the names in `MODERATORS`; output per head also changes the output that intensity is
            measured by
        """
        world = self._drawn()
        rows = world.keys.positions(frame)
        here = world.situation.take(rows, moderators)
        at = world.level[rows] if exposure is None else np.broadcast_to(exposure, rows.shape)
        emissions = world.response.emissions(np.asarray(at, dtype=np.float64), here)
        per = {"co2": np.ones(rows.shape), "co2_intensity": here.gdp, "co2_pc": here.population}
        return emissions / per[outcome]

    def level(self, frame: pd.DataFrame) -> Floats:
        """Return the true digital level of some rows, (n_obs,), which the indicators show with noise."""
        world = self._drawn()
        return world.level[world.keys.positions(frame)]

    def _rng(self, part: str) -> Generator:
        return random_stream(self.seed, "simulate", self.name, part)

    @lru_cache(maxsize=2)  # noqa: B019 - options are frozen and few; a truth is asked many times
    def _drawn(self) -> Draw:
        keys = CityYears(self.n_entities, self.n_periods)
        cities = draw_cities(self._rng("cities"), keys, pilot_years=self.pilot_years)
        level = draw_levels(self._rng("level"), keys, cities)
        economy = draw_economy(self._rng("economy"), keys, cities, level)
        controls = draw_controls(self._rng("controls"), keys, cities, economy)
        situation = situation_of(keys, cities, economy, controls)
        return Draw(keys, cities, level, economy, controls, situation, Response.calibrated(situation))
