"""From the results of folds to the predictions, and to the cells without any."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness.arrays import Floats, Ints
from harness.data.panel import Panel
from harness.estimators.guard import Status
from harness.evaluation.fold_fit import FoldCell, FoldPredictions, FoldResult
from harness.evaluation.protocol import Fold
from harness.language import Message
from harness.tables.accuracy import PREDICTIONS

Cells = Floats | pd.Categorical
"""Cells of one column."""

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
            reason = Message("{where}: {what}", where=f"fold {cell.fold}", what=result.reason)
            found[key] = MissingCell(*key, result.status, reason)
    return tuple(found.values())


def predictions_table(
    results: Sequence[FoldResult],
    *,
    panels: Mapping[str, Panel],
    folds: Mapping[tuple[str, str], Fold],
    missing: Iterable[MissingCell],
) -> pd.DataFrame:
    """Return the table ``predictions`` of all complete cells, without the limits of their intervals.

    Parameters
    ----------
    panels : by outcome, all rows
    folds : by protocol and fold name
    missing : cells to leave out
    """
    left_out = {(cell.outcome, cell.estimator, cell.protocol) for cell in missing}
    kept = [
        (result.cell, result.predictions)
        for result in results
        if result.predictions is not None
        and (result.cell.outcome, result.cell.estimator, result.cell.protocol) not in left_out
    ]
    if not kept:
        return pd.DataFrame(columns=list(PREDICTIONS.columns))
    texts = {name: Texts.of([getattr(cell, name) for cell, _ in kept]) for name in _CELL}
    keys = {
        outcome: (Texts.of(panel.entity.labels), Texts.of(panel.time.labels))
        for outcome, panel in panels.items()
    }

    def cells(column: str, cell: FoldCell, predictions: FoldPredictions) -> Cells:
        """Return the cells of a column, the rows that the fold trained on first."""
        panel, fold = panels[cell.outcome], folds[cell.protocol, cell.fold]
        rows = np.concatenate([fold.train, fold.test])
        match column:
            case "entity":
                return keys[cell.outcome][0].column(panel.entity.codes[rows])
            case "time":
                return keys[cell.outcome][1].column(panel.time.codes[rows])
            case "observed":
                observed: Floats = panel.observed[rows]
                return observed
            case "predicted":
                predicted: Floats = np.concatenate([predictions.train, predictions.test])
                return predicted
            case "sample":
                return _SIDES.column(np.repeat([0, 1], [fold.train.size, fold.test.size]))
            case "train_variance":
                return np.full(rows.size, predictions.train_variance)
        return texts[column].same(getattr(cell, column), rows.size)

    # One column after the other: all parts side by side would not fit into memory beside the table.
    table = {
        name: pd.concat([pd.Series(cells(name, *one)) for one in kept], ignore_index=True)
        for name in PREDICTIONS.columns
        if name in (*_CELL, *_COLUMNS)
    }
    return pd.DataFrame(table, copy=False)


_CELL = ("outcome", "estimator", "protocol", "fold")
_COLUMNS = ("entity", "time", "observed", "predicted", "sample", "train_variance")


@dataclass(frozen=True, eq=False)
class Texts:
    """Few texts of which many cells hold one each, as whole numbers: a table of 10^7 rows fits into memory.

    Attributes
    ----------
    dtype : the texts in their order, so that cells are sorted as texts are
    places : (n_texts,), of the texts as they were given
    """

    dtype: pd.CategoricalDtype
    places: Ints

    @classmethod
    def of(cls, texts: Sequence[str]) -> Texts:
        """Return texts, some of which may be alike."""
        ordered = sorted(set(texts))
        place = {text: at for at, text in enumerate(ordered)}
        return cls(pd.CategoricalDtype(ordered), np.array([place[text] for text in texts], dtype=np.int64))

    def column(self, codes: Ints) -> pd.Categorical:
        """Return cells from positions among the texts as they were given, (n_rows,)."""
        return pd.Categorical.from_codes(self.places[codes], dtype=self.dtype)

    def same(self, text: str, n_rows: int) -> pd.Categorical:
        """Return cells that all hold one text."""
        place = self.dtype.categories.get_loc(text)
        return pd.Categorical.from_codes(np.full(n_rows, place), dtype=self.dtype)


_SIDES = Texts.of(["train", "test"])


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
