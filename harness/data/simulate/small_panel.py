"""What the small simulated panels have in common: one outcome, one exposure, one moderator, some controls."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from harness.arrays import Floats
from harness.data.simulate.city_years import CityYears
from harness.data.simulate.simulation import AS_DRAWN, Values
from harness.data.simulate.slow import slow_columns, spread_evenly, standardised
from harness.rng import random_stream

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class OutcomeParts:
    """What the outcome is made of, (n_obs,) each.

    Attributes
    ----------
    exposure : evenly spread over (0, 1)
    moderator : evenly spread over (-1, 1)
    controls : (n_obs, n_controls), mean 0 and variance 1 over many cities
    rest : what controls and the city's constant add to the outcome
    noise : mean 0 and variance 1 over many rows
    """

    exposure: Floats
    moderator: Floats
    controls: Floats
    rest: Floats
    noise: Floats


@dataclass(frozen=True)
class SmallPanel(ABC):
    """A panel with the columns city, year, outcome, exposure, moderator, control_1, control_2 and so on.

    The outcome is a response to exposure and moderator, plus a linear function of the controls, a constant
    for each city and independent normal noise. All columns on the right are correlated with each other and
    move slowly within a city.

    Attributes
    ----------
    n_entities : cities
    n_periods : years from 2011
    noise : standard deviation of the noise, outcome units
    seed : of the draw
    """

    name: ClassVar[str]
    title: ClassVar[str]
    outcomes: ClassVar[tuple[str, ...]] = ("outcome",)
    exposure: ClassVar[str] = "exposure"
    moderators: ClassVar[tuple[str, ...]] = ("moderator",)
    n_controls: ClassVar[int] = 4
    between: ClassVar[float] = 0.6
    """Share of the variance of the right-hand columns that lies between cities."""
    control_sd: ClassVar[float] = 0.3
    """Standard deviation of the controls' part of the outcome, outcome units."""
    city_sd: ClassVar[float] = 0.05
    """Standard deviation of the city constants, outcome units."""

    n_entities: Annotated[int, Field(ge=2, le=1_000_000)] = 273
    n_periods: Annotated[int, Field(ge=1, le=10_000)] = 9
    noise: Annotated[float, Field(ge=0)] = 0.05
    seed: Annotated[int, Field(ge=0)] = 1

    @abstractmethod
    def response(self, exposure: Floats, moderator: Floats) -> Floats:
        """Return what exposure and moderator add to the outcome, (n_obs,)."""

    def draw(self) -> pd.DataFrame:
        """Return the table."""
        import pandas as pd

        parts = self._parts()
        expected = self.response(parts.exposure, parts.moderator) + parts.rest
        columns = {
            "outcome": expected + self.noise * parts.noise,
            "exposure": parts.exposure,
            "moderator": parts.moderator,
        }
        controls = {f"control_{at}": column for at, column in enumerate(parts.controls.T, start=1)}
        return pd.DataFrame({**self._keys.columns(), **columns, **controls})

    def expected(
        self,
        frame: pd.DataFrame,
        *,
        outcome: str,
        exposure: Values | None = None,
        moderators: Mapping[str, Values] = AS_DRAWN,
    ) -> Floats:
        """Return the true expected outcome of some rows, (n_obs,) (see `Simulation.expected`)."""
        if outcome != "outcome" or not set(moderators) <= {"moderator"}:
            message = f"{self.name} has the outcome 'outcome' and the moderator 'moderator'"
            raise KeyError(message)
        parts, rows = self._parts(), self._keys.positions(frame)
        drawn_exposure, drawn_moderator = parts.exposure[rows], parts.moderator[rows]
        at = drawn_exposure if exposure is None else np.broadcast_to(exposure, rows.shape)
        given = np.broadcast_to(moderators.get("moderator", drawn_moderator), rows.shape)
        return self.response(at, given) + parts.rest[rows]

    @property
    def _keys(self) -> CityYears:
        return CityYears(self.n_entities, self.n_periods)

    def _parts(self) -> OutcomeParts:
        keys = self._keys
        rng = random_stream(self.seed, "simulate", self.name)
        columns = slow_columns(rng, keys, n_columns=2 + self.n_controls, between=self.between)
        exposure, moderator, controls = columns[:, 0], columns[:, 1], columns[:, 2:]
        linear = standardised(controls @ rng.standard_normal(self.n_controls))
        constant = standardised(rng.standard_normal(self.n_entities))
        return OutcomeParts(
            exposure=spread_evenly(exposure),
            moderator=2.0 * spread_evenly(moderator) - 1.0,
            controls=controls,
            rest=self.control_sd * linear + self.city_sd * keys.by_city(constant),
            noise=rng.standard_normal(linear.size),
        )
