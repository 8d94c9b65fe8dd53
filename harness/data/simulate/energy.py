"""The energy that emissions of `digital_carbon` come from."""

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
