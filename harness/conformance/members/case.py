"""A member of a kind under test, and what the laws of all kinds ask in the same way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from harness.arrays import Floats
from harness.conformance.verdict import Broken, Verdict


@dataclass(frozen=True, eq=False)
class MemberCase:
    """A member of a kind under test.

    Attributes
    ----------
    kind : name of the kind
    member : with its options
    verdicts : of the laws asked so far, by name
    """

    kind: str
    member: Any
    verdicts: dict[str, Verdict] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of the member."""
        return str(self.member.name)


def require_words(member: object, *names: str) -> None:
    """Refuse a member that has nothing to say where the report shows what it says.

    Raises
    ------
    Broken
        Where a value is no text, or an empty one.
    """
    for name in names:
        said = getattr(member, name)
        if not isinstance(said, str) or not said.strip():
            raise Broken(f"`{name}` is {said!r}, and the report shows it")


def require_column(found: object, n_obs: int, *, what: str) -> Floats:
    """Return a result that has to be one number a row.

    Raises
    ------
    Broken
        Where it is no array of numbers, (n_obs,).
    """
    column = np.asarray(found)
    if column.shape != (n_obs,) or column.dtype.kind not in "fiub":
        raise Broken(f"{what} is of shape {column.shape} and type {column.dtype}, not ({n_obs},) of numbers")
    return column.astype(np.float64)


def unchanged(columns: Mapping[str, Floats], use: Callable[[Mapping[str, Floats]], Any]) -> Any:  # noqa: ANN401 - what `use` returns
    """Return what comes of using columns, which must be as they were afterwards.

    Raises
    ------
    Broken
        Where a column is changed, or one is asked for that is not among them.
    """
    given = {name: values.copy() for name, values in columns.items()}
    try:
        found = use(given)
    except KeyError as error:
        raise Broken(f"asks for {error}, which it does not declare") from error
    for name, values in columns.items():
        if not np.array_equal(given[name], values, equal_nan=True):
            raise Broken(f"changes its input '{name}'")
    return found
