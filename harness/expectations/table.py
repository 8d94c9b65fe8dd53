"""The table ``expectations``: expected, obtained, how far apart, and how far they may be."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from harness.expectations.check import Reproduction
from harness.spec.expectation import ExpectedNumber

if TYPE_CHECKING:
    import pandas as pd


def expectations_table(reproductions: Iterable[Reproduction]) -> pd.DataFrame:
    """Return one row for each expectation, in the order of the spec."""
    import pandas as pd

    return pd.DataFrame([_row(one) for one in reproductions])


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
