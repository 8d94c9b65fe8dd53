"""Panels for tests, built without the spec, the sources or the schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from harness import Key, Panel
from harness.data.panel import Derivation, SplitUnit

if TYPE_CHECKING:
    import pandas as pd


def key_from(name: str, values: npt.ArrayLike) -> Key:
    """Return the key of a column of labels, (n_obs,): numbers in numeric order, texts in alphabetic order."""
    levels, codes = np.unique(np.asarray(values), return_inverse=True)
    return Key(name, tuple(str(level) for level in levels.tolist()), codes)


def panel_from_arrays(
    *,
    entity: npt.ArrayLike,
    period: npt.ArrayLike,
    outcome: npt.ArrayLike,
    X: npt.ArrayLike,
    columns: Sequence[str] = (),
    n_moderators: int = 0,
    derived: tuple[Derivation, ...] = (),
    split_unit: SplitUnit = "entity",
) -> Panel:
    """Return a panel of plain arrays, rows in the order given.

    Parameters
    ----------
    entity : (n_obs,), labels of any kind
    period : (n_obs,), whole numbers
    outcome : (n_obs,)
    X : (n_obs, n_columns) or (n_obs,)
    columns : names of the columns of X, the exposure first; ``x0, x1, ...`` where not given
    n_moderators : how many of the columns after the exposure are moderators; the others are controls
    """
    matrix = np.asarray(X, dtype=np.float64)
    matrix = matrix.reshape(len(matrix), -1)
    names = tuple(columns) or tuple(f"x{at}" for at in range(matrix.shape[1]))
    return Panel(
        entity=key_from("entity", entity),
        time=key_from("time", period),
        period=np.asarray(period, dtype=np.int64),
        outcome="outcome",
        observed=np.asarray(outcome, dtype=np.float64),
        exposure=names[0],
        moderators=names[1 : 1 + n_moderators],
        controls=names[1 + n_moderators :],
        X=matrix,
        derived=derived,
        split_unit=split_unit,
    )


def panel_from_frame(
    frame: pd.DataFrame,
    *,
    entity: str,
    time: str,
    outcome: str,
    exposure: str,
    moderators: Sequence[str] = (),
    controls: Sequence[str] = (),
    split_unit: SplitUnit = "entity",
) -> Panel:
    """Return a panel of a table's columns, rows in canonical order: by entity, then by time."""
    ordered = frame.sort_values([entity, time], kind="stable")
    columns = [exposure, *moderators, *controls]
    return Panel(
        entity=key_from(entity, ordered[entity].to_numpy()),
        time=key_from(time, ordered[time].to_numpy()),
        period=ordered[time].to_numpy(dtype=np.int64),
        outcome=outcome,
        observed=ordered[outcome].to_numpy(dtype=np.float64),
        exposure=exposure,
        moderators=tuple(moderators),
        controls=tuple(controls),
        X=ordered[columns].to_numpy(dtype=np.float64),
        split_unit=split_unit,
    )
