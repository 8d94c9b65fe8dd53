"""Which rows have every value they need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.arrays import Ints, Mask
from harness.data.data_spec import MissingPolicy
from harness.data.messages import RowLocator
from harness.data.prepare.step import Column
from harness.errors import DataError
from harness.language import Message
from harness.tables.preparation import Note


@dataclass(frozen=True, eq=False)
class Completeness:
    """Rows without a value, by cause.

    Attributes
    ----------
    unreached : (n_obs,), rows that some column has no earlier row for
    missing : by column, (n_obs,), further rows whose cell is missing
    """

    unreached: Mask
    missing: Mapping[str, Mask]

    @property
    def rows(self) -> Mask:
        """Rows, (n_obs,), that have every value."""
        kept: Mask = ~np.any([self.unreached, *self.missing.values()], axis=0)
        return kept


def find_complete(columns: Mapping[str, Column], variables: Sequence[str]) -> Completeness:
    """Return which rows have a value in all these columns."""
    unreached = np.any([columns[name].unreached for name in variables], axis=0)
    missing = {name: np.isnan(columns[name].cells) & ~unreached for name in variables}
    return Completeness(unreached, {name: rows for name, rows in missing.items() if rows.any()})


def require_complete(found: Completeness, policy: MissingPolicy, locator: RowLocator) -> None:
    """Refuse missing cells where the policy says so, and a panel of which nothing is left.

    Raises
    ------
    DataError
        With every column that has missing cells.
    """
    if policy == "error" and found.missing:
        expected = "no missing cell in a column that plays a role"
        hint = "fill the cells in; or say data: missing: drop, to leave their rows out"
        missing = found.missing.items()
        raise DataError(
            *(locator.wrong(name, rows, "cells are missing", expected, hint) for name, rows in missing)
        )
    if not found.rows.any():
        raise DataError.at(
            where=locator.origin,
            what="0 rows are left: every row lacks a value"
            + (f" of {', '.join(found.missing)}" if found.missing else " some periods earlier"),
            expected="rows that have a value in every column that plays a role",
            hint="take the emptiest columns out of the roles"
            if found.missing
            else "take a shorter lag or lead, or none",
        )


def completeness_notes(found: Completeness, entity: Ints) -> tuple[Note, ...]:
    """Return notes on the rows that are left out.

    Parameters
    ----------
    entity : (n_obs,), codes
    """
    notes = []
    if found.unreached.any():
        count = int(found.unreached.sum())
        notes.append(
            Note(
                "W-LAG",
                "rows",
                Message("{count} rows have no row so many periods earlier and are left out.", count=count),
            )
        )
    if found.missing:
        count = int(np.any(list(found.missing.values()), axis=0).sum())
        lost = np.setdiff1d(entity[~found.unreached], entity[found.rows]).size
        cells = ", ".join(f"{name} {int(rows.sum())}" for name, rows in found.missing.items())
        message = Message(
            "{count} rows with missing cells are left out, {lost} entities with all their rows ({cells}).",
            count=count,
            lost=lost,
            cells=cells,
        )
        notes.append(Note("W-MISSING", "rows", message))
    return tuple(notes)
