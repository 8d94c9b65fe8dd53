"""What statistical yearbooks show of `digital_carbon`: use of energy, and cells left empty."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats
from harness.data.simulate.city_years import CityYears
from harness.data.simulate.slow import slow_columns

FACTORS: Mapping[str, float] = MappingProxyType({"gas": 2.1622, "lpg": 3.1031, "electricity": 1.3023})
"""Emission factors of the study: kg of CO2 per m³ of natural gas, kg of liquefied petroleum gas, kWh."""

TYPICAL_SHARES: Mapping[str, float] = MappingProxyType({"gas": 0.15, "lpg": 0.08, "electricity": 0.77})

GAP_SHARES: Mapping[str, float] = MappingProxyType(
    {
        "gas": 0.010,
        "lpg": 0.015,
        "it_worker_share": 0.005,
        "telecom_revenue_pc": 0.005,
        "fixed_investment_pc": 0.005,
        "road_area_pc": 0.005,
    }
)
"""Share of the cells that are missing, by column."""


def draw_energy(rng: Generator, keys: CityYears, emissions: Floats) -> dict[str, Floats]:
    """Return use of each kind of energy, (n_obs,) each, whose emissions by `FACTORS` sum to `emissions`.

    Parameters
    ----------
    emissions : (n_obs,), 10^4 t
    """
    noise = slow_columns(rng, keys, n_columns=len(FACTORS), between=0.8)
    parts = np.array(list(TYPICAL_SHARES.values())) * np.exp(0.35 * noise)
    parts *= (emissions / parts.sum(axis=1))[:, None]
    return {name: parts[:, at] / factor for at, (name, factor) in enumerate(FACTORS.items())}


def leave_gaps(rng: Generator, keys: CityYears, columns: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return the columns with some cells missing: at most one a city and column, within its years."""
    return {
        name: _with_gaps(rng, keys, column, GAP_SHARES.get(name, 0.0)) for name, column in columns.items()
    }


def _with_gaps(rng: Generator, keys: CityYears, column: Floats, share: float) -> Floats:
    n_gaps = min(round(share * column.size), keys.n_cities) if keys.n_years > 2 else 0
    if not n_gaps:
        return column
    cities = rng.choice(keys.n_cities, size=n_gaps, replace=False)
    years = rng.integers(1, keys.n_years - 1, size=n_gaps)
    gapped = column.copy()
    gapped[cities * keys.n_years + years] = np.nan
    return gapped
