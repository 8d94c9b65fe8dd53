"""The names of a table's columns, checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from harness.data.locations import few
from harness.data.name import fold_name
from harness.errors import DataError, Problem

MAX_COLUMNS = 10_000


def check_header(names: Sequence[object], origin: str) -> list[str]:
    """Return the column names, folded.

    Raises
    ------
    DataError
        Where a name is empty or no text, where two are equal once folded, or where there are too many.
    """
    if len(names) > MAX_COLUMNS:
        raise DataError(
            Problem(
                where=origin,
                what=f"{len(names):,} columns",
                expected=f"at most {MAX_COLUMNS:,} columns",
                hint="keep the columns of the study; or are rows and columns transposed?",
            )
        )
    folded = [fold_name(name) if isinstance(name, str) else "" for name in names]
    unnamed = [str(at) for at, name in enumerate(folded, start=1) if not name]
    doubles = [f"'{name}' ({count} times)" for name, count in Counter(folded).items() if name and count > 1]
    problems = []
    if unnamed:
        said = f"columns {few(unnamed)} have" if len(unnamed) > 1 else f"column {unnamed[0]} has"
        problems.append(
            Problem(
                where=f"{origin}: header",
                what=f"{said} no name",
                expected="a text in every cell of the first row",
                hint="name the column; where names stand in two rows, write them into one",
            )
        )
    if doubles:
        problems.append(
            Problem(
                where=f"{origin}: header",
                what=f"names that occur more than once: {few(doubles)}",
                expected="each name once, white space around it aside",
                hint="rename or remove one of them",
            )
        )
    if problems:
        raise DataError(*problems)
    return folded
