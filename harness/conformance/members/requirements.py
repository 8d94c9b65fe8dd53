"""What the rules of several kinds require in the same way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from harness.arrays import Floats
from harness.conformance.check import Violation


def require_words(member: object, *names: str) -> None:
    """Refuse a member that has nothing to say where the report shows what it says.

    Raises
    ------
    Violation
        Where a value is no text, or an empty one.
    """
    for name in names:
        said = getattr(member, name)
        if not isinstance(said, str) or not said.strip():
            raise Violation(f"`{name}` is {said!r}, and the report shows it")


def require_column(found: object, n_obs: int, *, what: str) -> Floats:
    """Return a result that has to be one number a row.

    Raises
    ------
    Violation
        Where it is no array of numbers, (n_obs,).
    """
    column = np.asarray(found)
    if column.shape != (n_obs,) or column.dtype.kind not in "fiub":
        raise Violation(
            f"{what} is of shape {column.shape} and type {column.dtype}, not ({n_obs},) of numbers"
        )
    return column.astype(np.float64)


def unchanged(columns: Mapping[str, Floats], use: Callable[[Mapping[str, Floats]], Any]) -> Any:  # noqa: ANN401 - what `use` returns
    """Return what comes of using columns, which must be as they were afterwards.

    Raises
    ------
    Violation
        Where a column is changed, or one is asked for that is not among them.
    """
    given = {name: values.copy() for name, values in columns.items()}
    try:
        found = use(given)
    except KeyError as error:
        raise Violation(f"asks for {error}, which it does not declare") from error
    for name, values in columns.items():
        if not np.array_equal(given[name], values, equal_nan=True):
            raise Violation(f"changes its input '{name}'")
    return found
