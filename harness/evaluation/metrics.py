"""Loss functions for comparing predictions, in addition to squared error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Protocol

import numpy as np
from pydantic import Field

from harness.arrays import Floats
from harness.language import Coded, marked
from harness.registry.catalog import Kind, OptionsClass


class Metric(Protocol):
    """A loss function for single predictions: a frozen dataclass of options.

    Attributes
    ----------
    name : as written in YAML after ``use:``
    title : table heading
    """

    name: ClassVar[str]
    title: ClassVar[str]

    @property
    def how(self) -> str:
        """One sentence for the report: the loss and its unit."""

    def loss(self, observed: Floats, predicted: Floats) -> Floats:
        """Return the loss of each row, (n_obs,), >= 0; zero for exact predictions.

        Parameters
        ----------
        observed, predicted : (n_obs,), outcome units
        """


# Metrics that a spec can choose.
METRIC: Kind[type[Metric]] = Kind("metric", "metrics", OptionsClass(("loss",), ("title", "how")))


@dataclass(frozen=True)
class AbsoluteError:
    """The distance of a prediction from the outcome; the conditional median has the least."""

    name: ClassVar[str] = "absolute_error"
    title: ClassVar[str] = marked("Absolute error")

    @property
    def how(self) -> str:
        """One sentence for the report."""
        return marked(
            "Mean absolute error, in units of the outcome; large errors weigh less than under squared error."
        )

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
    title: ClassVar[str] = marked("Quantile error")

    level: Annotated[float, Field(gt=0, lt=1)] = 0.5

    @property
    def how(self) -> str:
        """One sentence for the report."""
        return Coded(
            "Mean check loss at the quantile {level}, in units of the outcome.", level=f"{self.level:g}"
        )

    def loss(self, observed: Floats, predicted: Floats) -> Floats:
        """Return the check loss, (n_obs,), outcome units."""
        gap = observed - predicted
        return np.where(gap >= 0.0, self.level * gap, (self.level - 1.0) * gap)
