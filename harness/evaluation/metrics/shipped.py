"""The metrics that come with the harness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from harness.arrays import Floats
from harness.evaluation.metrics.metric import Metric
from harness.registry.hooks import hookimpl


@dataclass(frozen=True)
class AbsoluteError:
    """The distance of a prediction from the outcome; the conditional median has the least."""

    name: ClassVar[str] = "absolute_error"
    title: ClassVar[str] = "Absolute error"

    @property
    def how(self) -> str:
        """One sentence for the report."""
        return "Mean absolute error, outcome units; large misses count less than under squared error."

    def loss(self, observed: Floats, predicted: Floats) -> Floats:
        """Return the absolute error, (n_obs,), outcome units."""
        return np.abs(observed - predicted)


@dataclass(frozen=True)
class QuantileError:
    """The check loss of quantile regression (Koenker and Bassett 1978, equation 2.2).

    Attributes
    ----------
    level : quantile of the outcome that has the least loss; above a half, predictions below the outcome cost
        more than those above it
    """

    name: ClassVar[str] = "quantile_error"
    title: ClassVar[str] = "Quantile error"

    level: Annotated[float, Field(gt=0, lt=1)] = 0.5

    @property
    def how(self) -> str:
        """One sentence for the report."""
        return f"Mean check loss at the quantile {self.level:g}, outcome units."

    def loss(self, observed: Floats, predicted: Floats) -> Floats:
        """Return the check loss, (n_obs,), outcome units."""
        gap = observed - predicted
        return np.where(gap >= 0.0, self.level * gap, (self.level - 1.0) * gap)


@hookimpl
def harness_metrics() -> tuple[type[Metric], ...]:
    """Return the metrics that come with the harness."""
    return (AbsoluteError, QuantileError)
