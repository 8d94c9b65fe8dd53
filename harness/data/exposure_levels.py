"""An exposure that is no dose: its levels, and a column of 0 and 1 for each but the base."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from harness.data.locations import few, quoted
from harness.data.name import exposure_columns
from harness.data.prepare.account import Account, StepRecord
from harness.data.prepare.table_step import Groups, indicators
from harness.data.read.type_inference import NUMBER
from harness.data.roles import MOST_LEVELS, Roles
from harness.errors import DataError, Problem


@dataclass(frozen=True, eq=False)
class ExposureLevels:
    """The levels of an exposure as columns of the table.

    Attributes
    ----------
    roles : with the levels, the base first
    columns : of 0 and 1, (n_obs,) each, by name; NaN where the exposure is missing
    record : how many rows each level has
    """

    roles: Roles
    columns: Mapping[str, pd.Series]
    record: StepRecord

    @property
    def labels(self) -> Mapping[str, tuple[str, str]]:
        """The exposure and the level that each column is of."""
        levels = zip(self.columns, self.roles.levels[1:], strict=True)
        return {name: (self.roles.exposure, str(level)) for name, level in levels}


def has_levels(frame: pd.DataFrame, roles: Roles) -> bool:
    """Return whether the exposure is no dose: the roles list its levels, or all its cells are texts."""
    return roles.exposure in frame.columns and (bool(roles.levels) or _is_text(frame[roles.exposure]))


def _is_text(column: pd.Series) -> bool:
    """Return whether a column holds texts alone, none of which is written like a number."""
    cells = column.dropna().unique().tolist()
    return bool(cells) and all(isinstance(cell, str) and not NUMBER.fullmatch(cell) for cell in cells)


def find_levels(groups: Groups, roles: Roles, *, origin: str) -> ExposureLevels:
    """Return the levels of an exposure, those that the roles list or else those of the data in their order.

    Parameters
    ----------
    groups : the exposure's
    origin : of the data, for messages

    Raises
    ------
    DataError
        Where the roles' levels are not those of the data, or there are too few or too many.
    """
    where = f"{origin}: column '{groups.name}' (roles.exposure)"
    if not 2 <= len(groups.labels) <= MOST_LEVELS:
        one = "" if len(groups.labels) > 1 else "; one is no comparison"
        raise DataError(
            Problem(
                where=where,
                what=f"{len(groups.labels)} different texts: {quoted(list(groups.labels))}{one}",
                expected=f"numbers, or from 2 to {MOST_LEVELS} texts",
                hint="put several texts into one by the step recode, or name another exposure",
            )
        )
    listed = [_label(level) for level in roles.levels] or list(groups.labels)
    unknown = [level for level in listed if level not in groups.labels]
    unlisted = [level for level in groups.labels if level not in listed]
    if unknown or unlisted:
        what = f"no row has {quoted(unknown)}" if unknown else f"some rows have {quoted(unlisted)}"
        raise DataError(
            Problem(
                where=where.replace("roles.exposure", "roles.levels"),
                what=f"{what}, against the levels that are listed",
                expected=few(list(groups.labels)),
                hint="list all levels of the exposure, the base first",
            )
        )
    made, _ = indicators(groups, listed[0], step="levels")
    columns = {name: made[name] for name in exposure_columns(roles.exposure, listed)}
    counted = dict(zip(groups.labels, groups.counts, strict=True))
    others = few([f"{level} {counted[level]}" for level in listed[1:]])
    detail = f"rows: {listed[0]} {counted[listed[0]]} (base), {others}"
    return ExposureLevels(
        roles=replace(roles, levels=tuple(listed)),
        columns=columns,
        record=StepRecord("levels", roles.exposure, (roles.exposure,), Account(detail)),
    )


def _label(level: object) -> str:
    """Return a level as groups of rows are called."""
    is_whole = isinstance(level, float) and np.isfinite(level) and level.is_integer()
    return str(int(level)) if is_whole and isinstance(level, float) else str(level)
