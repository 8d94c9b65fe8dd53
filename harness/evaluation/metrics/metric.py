"""What a metric is: a loss of single predictions, whose mean is compared."""

from __future__ import annotations

from typing import ClassVar, Protocol

from harness.arrays import Floats
from harness.registry.kind import Kind, OptionsClass


class Metric(Protocol):
    """A frozen dataclass of options that says how wrong single predictions are.

    Attributes
    ----------
    name : as written in YAML after ``use:``
    title : for a table's heading
    """

    name: ClassVar[str]
    title: ClassVar[str]

    @property
    def how(self) -> str:
        """One sentence for the report: what the loss is and in which unit."""

    def loss(self, observed: Floats, predicted: Floats) -> Floats:
        """Return the loss of each row, (n_obs,), >= 0; zero where a row is predicted exactly.

        Parameters
        ----------
        observed, predicted : (n_obs,), outcome units
        """


METRIC: Kind[type[Metric]] = Kind("metric", "metrics", OptionsClass(("loss",), ("title", "how")))
"""Metrics that a spec can choose."""
