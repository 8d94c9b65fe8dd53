"""What a protocol is."""

from __future__ import annotations

from typing import ClassVar, Literal, Protocol, Self

from numpy.random import Generator

from harness.data.panel import Panel
from harness.evaluation.fold import Fold, Leak
from harness.registry.kind import Kind, OptionsClass


class EvaluationProtocol(Protocol):
    """A frozen dataclass of options that splits a panel.

    Attributes
    ----------
    name : as written in YAML
    title : for a table's heading
    leaks : what the test rows share with the training rows under this protocol
    prepared_on : rows that preparation steps with something to learn are fitted on
    stream : label of the random stream that draws the splits; protocols that share it share their splits
    """

    name: ClassVar[str]
    title: ClassVar[str]
    leaks: ClassVar[tuple[Leak, ...]]
    prepared_on: ClassVar[Literal["train", "all"]]
    stream: ClassVar[str]

    @property
    def how(self) -> str:
        """One sentence for the report: how rows are split and on what models are selected."""

    def split(self, panel: Panel, *, rng: Generator) -> tuple[Fold, ...]:
        """Return the splits of this panel.

        Raises
        ------
        EstimationError
            Where the panel is too small for a side of a split.
        """

    def quick(self) -> Self:
        """Return a copy with fewer splits, for ``--quick``."""


PROTOCOL: Kind[type[EvaluationProtocol]] = Kind(
    "protocol",
    "protocols",
    OptionsClass(("split", "quick"), ("title", "leaks", "prepared_on", "stream", "how")),
)
"""Protocols that a spec can choose."""
