"""One train/test split of a panel, and what a protocol lets through between the sides."""

from __future__ import annotations

from dataclasses import dataclass

from harness.arrays import Ints, frozen_ints
from harness.data.panel import SplitUnit


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

TOUCHES_TEST_ROWS = frozenset({TRAINING_ROWS.code, TEST_SELECTION.code, ALL_ROWS_PREPARED.code})
"""Leaks through which the test rows themselves take part in fitting or choosing a model."""
