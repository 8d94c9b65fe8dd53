"""Small simulated panels of one outcome, exposure and moderator: linear, curved, and without an effect."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from harness.arrays import Floats
from harness.data.simulate import simulation
from harness.data.simulate.simulation import CityYears, Values, spread_evenly, standardised
from harness.rng import random_stream

if TYPE_CHECKING:
    import pandas as pd


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
    # Share of the variance of the right-hand columns that lies between cities.
    between: ClassVar[float] = 0.6
    # Standard deviation of the controls' part of the outcome, outcome units.
    control_sd: ClassVar[float] = 0.3
    # Standard deviation of the city constants, outcome units.
    city_sd: ClassVar[float] = 0.05

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

        columns, rest, noise = self._drawn()
        expected = self.response(columns["exposure"], columns["moderator"]) + rest
        outcome = {"outcome": expected + self.noise * noise}
        return pd.DataFrame({**self._keys.columns(), **outcome, **columns})

    def expected(
        self,
        frame: pd.DataFrame,
        *,
        outcome: str,
        exposure: Values | None = None,
        moderators: Mapping[str, Values] = simulation.AS_DRAWN,
    ) -> Floats:
        """Return the true expected outcome of some rows, (n_obs,) (see `Simulation.expected`)."""
        if outcome != "outcome" or not set(moderators) <= {"moderator"}:
            message = f"{self.name} has the outcome 'outcome' and the moderator 'moderator'"
            raise KeyError(message)
        (columns, rest, _), rows = self._drawn(), self._keys.positions(frame)
        drawn = columns["exposure"][rows] if exposure is None else exposure
        given = moderators.get("moderator", columns["moderator"][rows])
        at = (np.broadcast_to(values, rows.shape) for values in (drawn, given))
        return self.response(*at) + rest[rows]

    @property
    def _keys(self) -> CityYears:
        return CityYears(self.n_entities, self.n_periods)

    def _drawn(self) -> tuple[dict[str, Floats], Floats, Floats]:
        """Return the columns on the right, what controls and cities add to the outcome, and the noise.

        The exposure is evenly spread over (0, 1), the moderator over (-1, 1); the others have mean 0 and
        variance 1 over many cities, and the noise over many rows. All are (n_obs,).
        """
        keys = self._keys
        rng = random_stream(self.seed, "simulate", self.name)
        columns = simulation.slow_columns(rng, keys, n_columns=2 + self.n_controls, between=self.between)
        controls = columns[:, 2:]
        linear = standardised(controls @ rng.standard_normal(self.n_controls))
        constant = standardised(rng.standard_normal(self.n_entities))
        named = {f"control_{at}": column for at, column in enumerate(controls.T, start=1)}
        exposure, moderator = spread_evenly(columns[:, 0]), 2.0 * spread_evenly(columns[:, 1]) - 1.0
        rest = self.control_sd * linear + self.city_sd * keys.by_city(constant)
        noise = rng.standard_normal(linear.size)
        return {"exposure": exposure, "moderator": moderator, **named}, rest, noise


@dataclass(frozen=True)
class InteractionPanel(SmallPanel):
    """The response is exposure times moderator: the effect is m, and changes sign at m = 0."""

    name: ClassVar[str] = "interaction"
    title: ClassVar[str] = "Panel in which the moderator is the effect"

    def response(self, exposure: Floats, moderator: Floats) -> Floats:
        """Return x m."""
        return np.asarray(exposure * moderator)


@dataclass(frozen=True)
class Linear(SmallPanel):
    """The response is the exposure itself: all there is to learn is linear."""

    name: ClassVar[str] = "linear"
    title: ClassVar[str] = "Linear panel"

    def response(self, exposure: Floats, moderator: Floats) -> Floats:
        """Return x."""
        return np.asarray(exposure)


@dataclass(frozen=True)
class NullEffect(SmallPanel):
    """No effect of the exposure, no nonlinearity, 27 slow-moving inputs, and a constant for each city.

    The constants are about 40 per cent of the outcome's variance, the noise about 5. An estimator that
    recognises a city by its inputs predicts its other years better than least squares does, and a city never
    seen worse: a gain without anything to gain.
    """

    name: ClassVar[str] = "null_effect"
    title: ClassVar[str] = "Linear panel without any effect of the exposure"
    n_controls: ClassVar[int] = 25
    between: ClassVar[float] = 0.97
    control_sd: ClassVar[float] = 0.74
    city_sd: ClassVar[float] = 0.63

    noise: float = 0.22

    def response(self, exposure: Floats, moderator: Floats) -> Floats:
        """Return 0.2 m."""
        return np.asarray(0.2 * moderator)


@dataclass(frozen=True)
class SCurve(SmallPanel):
    """A response with a minimum at an exposure of 0.13 and a maximum at 0.87.

    With u = x - 1/2 its slope is proportional to (0.37² - u²)(1 + 16 u²); it rises by 1 between the turning
    points, and falls by 0.31 on either side of them.
    """

    name: ClassVar[str] = "s_curve"
    title: ClassVar[str] = "Panel with an S-shaped response"
    turning_points: ClassVar[tuple[float, float]] = (0.13, 0.87)

    def response(self, exposure: Floats, moderator: Floats) -> Floats:
        """Return the antiderivative of the slope."""
        root = 0.37
        rise = 2.0 * (_shape(np.array(root), root))
        return np.asarray(_shape(exposure - 0.5, root) / rise)


def _shape(u: Floats, root: float) -> Floats:
    """Return the integral of (root² - u²)(1 + 16 u²) from 0 to u."""
    return np.asarray(root**2 * u + (16.0 * root**2 - 1.0) * u**3 / 3.0 - 16.0 * u**5 / 5.0)


@dataclass(frozen=True)
class InvertedU(SmallPanel):
    """A parabola 1 - 4 (x - 0.6)² with its maximum at an exposure of 0.6."""

    name: ClassVar[str] = "inverted_u"
    title: ClassVar[str] = "Panel with an inverted U as response"
    turning_points: ClassVar[tuple[float]] = (0.6,)

    def response(self, exposure: Floats, moderator: Floats) -> Floats:
        """Return the parabola."""
        return np.asarray(1.0 - 4.0 * np.square(exposure - self.turning_points[0]))


RATE = 3.0


@dataclass(frozen=True)
class MonotonePanel(SmallPanel):
    """A saturating response 1 - exp(-3 x), without any turning point."""

    name: ClassVar[str] = "monotone"
    title: ClassVar[str] = "Panel with a saturating response"

    def response(self, exposure: Floats, moderator: Floats) -> Floats:
        """Return 1 - exp(-3 x)."""
        return np.asarray(-np.expm1(-RATE * exposure))


SMALL_PANELS = (NullEffect, SCurve, InvertedU, InteractionPanel, MonotonePanel, Linear)
