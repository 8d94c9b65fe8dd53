"""From the results of tasks to the predictions and to the cells without any."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness.data.panel import Panel
from harness.estimators.guard import Status
from harness.evaluation.fold import Fold
from harness.evaluation.fold_fit import FoldPredictions, FoldResult
from harness.tables import PREDICTIONS

CellKey = tuple[str, str, str]
"""Outcome, estimator, protocol."""


@dataclass(frozen=True)
class MissingCell:
    """A cell of the comparison that has no predictions, and why."""

    outcome: str
    estimator: str
    protocol: str
    status: Status
    reason: str


def missing_cells(results: Iterable[FoldResult]) -> tuple[MissingCell, ...]:
    """Return the cells in which any fold went wrong, with the first reason.

    A cell with a hole in it would be compared on other rows than its neighbours, so it is left out whole.
    """
    found: dict[CellKey, MissingCell] = {}
    for result in results:
        cell = result.cell
        key = (cell.outcome, cell.estimator, cell.protocol)
        if result.status != "ok" and key not in found:
            found[key] = MissingCell(*key, result.status, f"fold {cell.fold}: {result.reason}")
    return tuple(found.values())


def predictions_table(
    results: Sequence[FoldResult],
    *,
    panels: Mapping[str, Panel],
    folds: Mapping[tuple[str, str], Fold],
    missing: Iterable[MissingCell],
) -> pd.DataFrame:
    """Return the table ``predictions`` of all complete cells.

    Parameters
    ----------
    panels : by outcome, all rows
    folds : by protocol and fold name
    missing : cells to leave out
    """
    left_out = {(cell.outcome, cell.estimator, cell.protocol) for cell in missing}
    parts = []
    for result in results:
        cell = result.cell
        if result.predictions is None or (cell.outcome, cell.estimator, cell.protocol) in left_out:
            continue
        rows = _rows(result.predictions, panels[cell.outcome], folds[cell.protocol, cell.fold])
        place = {"outcome": cell.outcome, "estimator": cell.estimator}
        parts.append(rows.assign(**place, protocol=cell.protocol, fold=cell.fold))
    if not parts:
        return pd.DataFrame(columns=list(PREDICTIONS.columns))
    return pd.concat(parts, ignore_index=True).reindex(columns=list(PREDICTIONS.columns))


def _rows(predictions: FoldPredictions, panel: Panel, fold: Fold) -> pd.DataFrame:
    rows = np.concatenate([fold.train, fold.test])
    return pd.DataFrame(
        {
            "entity": np.asarray(panel.entity.labels, dtype=object)[panel.entity.codes[rows]],
            "time": np.asarray(panel.time.labels, dtype=object)[panel.time.codes[rows]],
            "observed": panel.observed[rows],
            "predicted": np.concatenate([predictions.train, predictions.test]),
            "sample": np.repeat(["train", "test"], [fold.train.size, fold.test.size]),
            "train_variance": predictions.train_variance,
        }
    )


def status_rows(missing: Iterable[MissingCell], samples: Iterable[str]) -> pd.DataFrame:
    """Return a row for every missing cell and sample, with its status and reason."""
    return pd.DataFrame([vars(cell) | {"sample": sample} for cell in missing for sample in samples])


def in_order(frame: pd.DataFrame, order: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Return rows sorted by columns whose values have a given order, such as the order of the spec."""
    rank = pd.DataFrame(
        {
            name: frame[name].map({value: at for at, value in enumerate(values)})
            for name, values in order.items()
        }
    )
    return frame.loc[rank.sort_values(list(order), kind="stable").index].reset_index(drop=True)
