"""A metric: absolute error above a tolerance, as support vector regression counts it (Vapnik 1995).

evaluation: {metrics: [{use: tolerant_error, tolerance: 10}]}
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from harness.plugin import Floats, Metric, hookimpl


@dataclass(frozen=True)
class TolerantError:
    """Absolute error, of which the first part costs nothing.

    Attributes
    ----------
    tolerance : outcome units
    """

    name: ClassVar[str] = "tolerant_error"
    title: ClassVar[str] = "Error above the tolerance"

    tolerance: Annotated[float, Field(ge=0)] = 0.0

    @property
    def how(self) -> str:
        """One sentence for the report."""
        return f"Mean absolute error above {self.tolerance:g}, outcome units."

    def loss(self, observed: Floats, predicted: Floats) -> Floats:
        """Return the loss of each row, (n_obs,), outcome units."""
        return np.maximum(np.abs(observed - predicted) - self.tolerance, 0.0)


@hookimpl
def harness_metrics() -> list[type[Metric]]:
    """Return the metrics of this plugin."""
    return [TolerantError]
