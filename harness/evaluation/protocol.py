"""What a protocol is: one that splits a panel into folds, and says what passes between their sides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol, Self

from numpy.random import Generator

from harness.arrays import Ints, frozen_ints
from harness.data.panel import Panel, SplitUnit
from harness.registry.kind import Kind, OptionsClass


@dataclass(frozen=True, eq=False)
class Fold:
    """Positions of rows in the full panel, sorted.

    Attributes
    ----------
    name : of the fold within its protocol
    train, test : rows to fit on and rows to compare on
    selection : rows that candidate models are compared on; None asks each estimator for an inner split
    split_unit : what that inner split keeps together
    """

    name: str
    train: Ints
    test: Ints
    selection: Ints | None
    split_unit: SplitUnit

    def __post_init__(self) -> None:
        object.__setattr__(self, "train", frozen_ints(self.train))
        object.__setattr__(self, "test", frozen_ints(self.test))
        if self.selection is not None:
            object.__setattr__(self, "selection", frozen_ints(self.selection))


@dataclass(frozen=True)
class Leak:
    """Something the test rows have in common with the training rows that a new case would not have.

    Attributes
    ----------
    code : short and stable
    text : one plain clause for the report
    """

    code: str
    text: str


SAME_ENTITY = Leak("same_entity", "rows of the same entity stand on both sides")
SAME_PERIOD = Leak("same_period", "rows of the same period stand on both sides")
LATER_PERIODS = Leak("later_periods", "later periods are trained on than are tested")
TEST_SELECTION = Leak("test_selection", "models are selected on the test rows")
ALL_ROWS_PREPARED = Leak("prepared_on_all_rows", "preparation steps that learn are fitted on all rows")
TRAINING_ROWS = Leak("training_rows", "the rows compared on are the rows trained on")

# Leaks through which the test rows themselves take part in fitting or choosing a model.
TOUCHES_TEST_ROWS = frozenset({TRAINING_ROWS.code, TEST_SELECTION.code, ALL_ROWS_PREPARED.code})


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


# Protocols that a spec can choose.
PROTOCOL: Kind[type[EvaluationProtocol]] = Kind(
    "protocol",
    "protocols",
    OptionsClass(("split", "quick"), ("title", "leaks", "prepared_on", "stream", "how")),
)
