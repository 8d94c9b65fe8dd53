"""The column of weights: what a weight may be."""

from __future__ import annotations

from harness.arrays import Floats
from harness.data.locations import RowLocator
from harness.errors import DataError, Problem


def require_positive(weights: Floats, names: RowLocator, *, name: str, place: str) -> None:
    """Refuse weights, (n_obs,), of zero or less; missing ones are refused elsewhere.

    Parameters
    ----------
    name : of the column
    place : where the spec names it, such as ``roles.weights``

    Raises
    ------
    DataError
        With the rows whose weight is zero or negative.
    """
    at_most_zero = weights <= 0
    if not at_most_zero.any():
        return
    raise DataError(
        Problem(
            where=f"{names.column(name, at_most_zero)} ({place})",
            what=f"{int(at_most_zero.sum())} of {weights.size} weights are zero or negative",
            expected="numbers above zero",
            hint="leave such rows out under data.rows, or name another column",
        )
    )
