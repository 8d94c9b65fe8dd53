"""Expected numbers beside those of a run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from harness.claims.finding import Interval
from harness.expectations.cell import FoundCell, find_cell
from harness.spec.expectation import AnyExpectation, ExpectedNumber

if TYPE_CHECKING:
    import pandas as pd

Status = Literal["reproduced", "differs", "missing"]
"""``missing``: the run has no such cell, or nothing in it."""


@dataclass(frozen=True)
class Reproduction:
    """What a run gives for an expectation.

    Attributes
    ----------
    expectation : the expectation
    obtained : what stands in the cell; None where there is no such cell, or nothing in it
    status : how the two compare
    reason : why they differ, or why there is nothing; empty where the value is reproduced
    """

    expectation: AnyExpectation
    obtained: float | str | None
    status: Status
    reason: str = ""

    @property
    def difference(self) -> float:
        """Obtained less expected number, in the cell's unit; NaN where one of them is none."""
        if isinstance(self.expectation, ExpectedNumber) and isinstance(self.obtained, float):
            return self.obtained - self.expectation.value
        return math.nan


def check_expectations(
    expected: Sequence[AnyExpectation], read_table: Callable[[str], pd.DataFrame]
) -> tuple[Reproduction, ...]:
    """Return what a run gives for each expectation, in their order.

    Parameters
    ----------
    read_table : returns a table of the run by its name; an empty frame where the run has none of the name
    """
    tables = {name: read_table(name) for name in {expectation.table for expectation in expected}}
    return tuple(
        _reproduction(
            expectation, find_cell(tables[expectation.table], expectation.where, expectation.column)
        )
        for expectation in expected
    )


def _reproduction(expectation: AnyExpectation, cell: FoundCell) -> Reproduction:
    held = cell.value
    if held is None:
        return Reproduction(expectation, None, "missing", cell.reason)
    if isinstance(expectation, ExpectedNumber) and isinstance(held, float):
        return _of_numbers(expectation, held)
    if held == expectation.value:
        return Reproduction(expectation, held, "reproduced")
    return Reproduction(expectation, held, "differs", f"the cell holds {held!r}")


def _of_numbers(expectation: ExpectedNumber, number: float) -> Reproduction:
    """Compare two numbers; one that lies on the end of what is allowed is as good as one within."""
    value, tolerance = expectation.value, expectation.tolerance
    if Interval(value - tolerance, value + tolerance).meets(Interval(number, number)):
        return Reproduction(expectation, number, "reproduced")
    reason = f"off by {abs(number - value):.4g}, {tolerance:.4g} allowed"
    return Reproduction(expectation, number, "differs", reason)


def expectations_table(reproductions: Iterable[Reproduction]) -> pd.DataFrame:
    """Return one row for each expectation, in the order of the spec."""
    import pandas as pd

    return pd.DataFrame([_row(reproduction) for reproduction in reproductions])


def _row(reproduction: Reproduction) -> dict[str, Any]:
    expectation = reproduction.expectation
    return {
        "table": expectation.table,
        "where": expectation.row,
        "column": expectation.column,
        "expected": expectation.written,
        "obtained": reproduction.obtained,
        "difference": reproduction.difference,
        "tolerance": expectation.tolerance if isinstance(expectation, ExpectedNumber) else math.nan,
        "origin": expectation.from_,
        "source": expectation.source,
        "status": reproduction.status,
        "reason": reproduction.reason,
        "note": expectation.reason,
        "digits": expectation.rounded_to if isinstance(expectation, ExpectedNumber) else None,
    }
