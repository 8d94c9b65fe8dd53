"""Tables of a prepared panel: statistics of its columns, what each step did, which cells were filled in."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from harness.arrays import Floats, Ints
from harness.data.locations import RowLocator
from harness.data.prepare.account import StepRecord
from harness.data.prepare.pipeline import PreparedColumns
from harness.data.roles import Roles


def summary_row(values: Floats, entity: Ints) -> dict[str, float]:
    """Return count, mean, spread and range of one column, as Stata's ``xtsum`` defines them.

    Parameters
    ----------
    values : (n_obs,), finite
    entity : (n_obs,), codes

    Returns
    -------
    n, mean, sd, min, max, sd_within (of the deviations from the entities' means, over n - 1) and sd_between
    (of the entities' means, over their number less 1), in the column's unit; NaN where there is one row or
    entity.
    """
    _, code = np.unique(entity, return_inverse=True)
    count = np.bincount(code)
    means = np.bincount(code, weights=values) / count
    return {
        "n": values.size,
        "mean": float(values.mean()),
        "sd": _sd(values),
        "min": float(values.min()),
        "max": float(values.max()),
        "sd_within": _sd(values - means[code]),
        "sd_between": _sd(means),
    }


def _sd(values: Floats) -> float:
    return float(values.std(ddof=1)) if values.size > 1 else float("nan")


def summary_table(columns: pd.DataFrame, entity: Ints, roles: Roles) -> pd.DataFrame:
    """Return one row of statistics a variable, led by its name and role."""
    rows = [
        {
            "variable": name,
            "role": roles.role_of(name),
            **summary_row(columns[name].to_numpy(dtype=np.float64), entity),
        }
        for name in roles.variables
    ]
    return pd.DataFrame(rows)


def steps_table(records: Iterable[StepRecord]) -> pd.DataFrame:
    """Return what each step did: step, into, inputs, detail, one row each."""
    rows = [(record.step, record.into, ", ".join(record.inputs), record.account.detail) for record in records]
    return pd.DataFrame(rows, columns=["step", "into", "inputs", "detail"])


def filled_table(prepared: PreparedColumns, locator: RowLocator) -> pd.DataFrame:
    """Return the cells that steps filled in: column, entity, time, value, one row each.

    Parameters
    ----------
    locator : of the rows that were prepared
    """
    keys = locator.frame
    parts = [
        pd.DataFrame(
            {
                "column": record.into,
                "entity": keys[locator.entity].to_numpy()[filled],
                "time": keys[locator.time].to_numpy()[filled],
                "value": prepared.columns[record.into].cells[filled],
            }
        )
        for record in prepared.records
        if (filled := record.account.filled) is not None and filled.any()
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
