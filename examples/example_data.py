"""A dataset, and a simulated panel whose truth is known.

data: {dataset: example_copper}
data: {simulate: {use: straight_line, slope: 2}}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from harness.plugin import Dataset, Floats, Simulation, hookimpl, random_stream

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Copper:
    """World copper market, 1951 to 1975: one entity, many years."""

    name: str = "example_copper"
    title: str = "World copper market, 1951 to 1975"
    source: str = "Gill (1989); with statsmodels"

    def load(self) -> pd.DataFrame:
        """Return the table, one row a year, with the name of the market."""
        from statsmodels.datasets import copper

        frame = copper.load_pandas().data.rename(columns=str.lower)
        return frame.assign(market="world", year=range(1951, 1951 + len(frame)))


@dataclass(frozen=True)
class StraightLine:
    """An outcome that rises by the slope per unit of the exposure, with noise.

    Attributes
    ----------
    slope : outcome units per unit of the exposure
    n_entities, n_periods : size of the panel
    noise : standard deviation, outcome units
    seed : of the draw
    """

    name: ClassVar[str] = "straight_line"
    title: ClassVar[str] = "Panel with a straight line"
    outcomes: ClassVar[tuple[str, ...]] = ("outcome",)
    exposure: ClassVar[str] = "exposure"
    moderators: ClassVar[tuple[str, ...]] = ()

    slope: float = 1.0
    n_entities: Annotated[int, Field(ge=2)] = 30
    n_periods: Annotated[int, Field(ge=2)] = 6
    noise: Annotated[float, Field(ge=0)] = 0.5
    seed: Annotated[int, Field(ge=0)] = 1

    def draw(self) -> pd.DataFrame:
        """Return the table: place, year, outcome, exposure; equal options give equal tables."""
        import pandas as pd

        place, year = (axis.ravel() for axis in np.indices((self.n_entities, self.n_periods)))
        rng = random_stream(self.seed, "simulate", self.name)
        exposure = rng.normal(size=place.size)
        outcome = self.slope * exposure + self.noise * rng.normal(size=place.size)
        return pd.DataFrame(
            {
                "place": [f"place {number:03d}" for number in place],
                "year": 2001 + year,
                "outcome": outcome,
                "exposure": exposure,
            }
        )

    def expected(
        self,
        frame: pd.DataFrame,
        *,
        outcome: str,
        exposure: Floats | float | None = None,
        moderators: Mapping[str, Floats | float] | None = None,
    ) -> Floats:
        """Return the true expected outcome of some rows, (n_obs,); there are no moderators."""
        if outcome != "outcome" or moderators:
            message = f"{self.name} has the outcome 'outcome' and no moderator"
            raise KeyError(message)
        drawn = self.draw().set_index(["place", "year"])["exposure"]
        keys = list(zip(frame["place"], frame["year"], strict=True))
        at = drawn.loc[keys].to_numpy() if exposure is None else np.broadcast_to(exposure, len(frame))
        return self.slope * at


@hookimpl
def harness_datasets() -> list[Dataset]:
    """Return the datasets of this plugin."""
    return [Copper()]


@hookimpl
def harness_simulations() -> list[type[Simulation]]:
    """Return the simulated panels of this plugin."""
    return [StraightLine]
