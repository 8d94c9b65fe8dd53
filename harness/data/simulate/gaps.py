"""Cells that `digital_carbon` leaves empty, as statistical yearbooks do."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats
from harness.data.simulate.city_years import CityYears

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
