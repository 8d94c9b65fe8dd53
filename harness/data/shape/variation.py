"""Whether outcomes and exposure vary in the rows of a study; where they do not, nothing can be learned."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.arrays import Floats
from harness.data.locations import RowLocator
from harness.data.note import Note
from harness.data.roles import Roles
from harness.errors import DataError, Problem


def variation_notes(columns: Mapping[str, Floats], roles: Roles, locator: RowLocator) -> tuple[Note, ...]:
    """Return a note on each outcome of one value, beside others that vary.

    Parameters
    ----------
    columns : outcomes and exposure by name, (n_obs,) each, in the rows that are kept
    locator : of the table

    Raises
    ------
    DataError
        Where the exposure has one value in all rows, or every outcome has.
    """
    same = {
        name: float(columns[name][0])
        for name in (*roles.outcomes, *roles.exposure_columns)
        if np.ptp(columns[name]) == 0.0
    }
    n_obs = columns[roles.outcomes[0]].size
    constant = [name for name in roles.outcomes if name in same]
    problems = []
    if same.keys() >= set(roles.exposure_columns):
        value = "of one level" if roles.levels else f"{same[roles.exposure]:.6g}"
        what = f"it is {value} in all {n_obs:,} rows, so it has no effect to estimate"
        problems.append(_constant(roles.exposure, what, roles, locator))
    if len(constant) == len(roles.outcomes):
        problems += [
            _constant(
                name,
                f"it is {same[name]:.6g} in all {n_obs:,} rows, so there is nothing to explain",
                roles,
                locator,
            )
            for name in constant
        ]
    if problems:
        raise DataError(*problems)
    return tuple(
        Note(
            "W-CONSTANT",
            name,
            f"The outcome is {same[name]:.6g} in all {n_obs} rows, so no estimator is fitted to it.",
        )
        for name in constant
    )


def _constant(name: str, what: str, roles: Roles, locator: RowLocator) -> Problem:
    part = "exposure" if name == roles.exposure else "outcomes"
    return Problem(
        where=f"{locator.column(name)} (roles.{part})",
        what=what,
        expected="at least two values in the rows that are kept",
        hint="name another column; or keep the rows in which it differs (data.rows, data.missing)",
    )
