"""Write the comparison of the estimators: predictions, accuracy, gains and where they come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness.arrays import Floats, Ints
from harness.data.panel import Panel
from harness.evaluation.accuracy import with_limits
from harness.evaluation.fold_fit import FoldCell, FoldPredictions, FoldResult
from harness.evaluation.losses import SAMPLES
from harness.evaluation.multiverse import choice_table, multiverse_table
from harness.evaluation.protocol import Fold
from harness.evaluation.tables import (
    accuracy_table,
    decomposition_table,
    gains_table,
    gains_within,
    metrics_table,
)
from harness.language import Message
from harness.running.csv_table import as_declared
from harness.running.folder import RunFolder
from harness.running.results import MissingCell, RunResults
from harness.tables.accuracy import ACCURACY, METRICS, PREDICTIONS
from harness.tables.gain import DECOMPOSITION, GAIN, GAIN_WITHIN, MULTIVERSE_CHOICES

# Cells of one column.
Cells = Floats | pd.Categorical

# Outcome, estimator, protocol.
CellKey = tuple[str, str, str]


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


def write_comparison(folder: RunFolder, results: RunResults, panels: Mapping[str, Panel]) -> None:
    """Write predictions, accuracy, gain, decomposition and, where the spec asks for one, the multiverse.

    Parameters
    ----------
    panels : by outcome, all rows
    """
    missing = [*results.refused, *missing_cells(results.folds_by(results.estimators))]
    predictions = _predictions(results, results.estimators, panels=panels, missing=missing)
    asked = results.study.evaluation.prediction_intervals
    folder.write_parquet("predictions", _declared(with_limits(predictions) if asked else predictions))
    accuracies = as_declared(ACCURACY, [accuracy_table(predictions), status_rows(missing, SAMPLES)])
    folder.write_table("accuracy", in_order(accuracies, results.order))
    references = results.study.evaluation.references
    gains = gains_table(predictions, references=references, bootstrap=results.bootstrap)
    without = [
        status_rows(_without_gain(missing, results, over=reference), SAMPLES).assign(reference=reference)
        for reference in references
    ]
    order = {"reference": references, **results.order}
    folder.write_table("gain", in_order(as_declared(GAIN, [gains, *without]), order))
    within = as_declared(GAIN_WITHIN, [gains_within(predictions, references=references)])
    folder.write_table("gain_within", within)
    if results.study.evaluation.metrics:
        _write_metrics(folder, results, predictions, missing)
    protocols = {entry.use: entry.id for entry in results.study.evaluation.protocols}
    parts = decomposition_table(gains, reference=references[0], protocols=protocols)
    folder.write_table("decomposition", as_declared(DECOMPOSITION, [parts]))
    if results.universes:
        _write_multiverse(folder, results, predictions, panels=panels)


def _declared(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return predictions with all columns of the table, limits of intervals among them."""
    return predictions.reindex(columns=list(PREDICTIONS.columns))


def _write_metrics(
    folder: RunFolder, results: RunResults, predictions: pd.DataFrame, missing: Sequence[MissingCell]
) -> None:
    evaluation = results.study.evaluation
    metrics = {entry.id: entry.metric for entry in evaluation.metrics}
    losses = metrics_table(predictions, metrics, reference=evaluation.reference, bootstrap=results.bootstrap)
    without = [status_rows(missing, SAMPLES).assign(metric=name) for name in metrics]
    order = {**results.order, "metric": tuple(metrics)}
    folder.write_table("metrics", in_order(as_declared(METRICS, [losses, *without]), order))


def _predictions(
    results: RunResults,
    estimators: Sequence[str],
    *,
    panels: Mapping[str, Panel],
    missing: Sequence[MissingCell],
) -> pd.DataFrame:
    return predictions_table(
        results.folds_by(estimators), panels=panels, folds=results.fold_of(), missing=missing
    )


def _write_multiverse(
    folder: RunFolder, results: RunResults, predictions: pd.DataFrame, *, panels: Mapping[str, Panel]
) -> None:
    asked = results.study.multiverse
    ids = tuple(universe.id for universe in results.universes)
    missing = missing_cells(results.folds_by(ids))
    own = _predictions(results, ids, panels=panels, missing=missing)
    folder.write_parquet("multiverse", _declared(own))
    multiverse = multiverse_table(
        pd.concat([predictions, own], ignore_index=True),
        results.universes,
        references=asked.references if asked else (),
        bootstrap=results.bootstrap,
    )
    folder.write_table("multiverse", multiverse)
    folder.write_table("multiverse_choices", as_declared(MULTIVERSE_CHOICES, [choice_table(multiverse)]))


def _without_gain(missing: Sequence[MissingCell], results: RunResults, *, over: str) -> Iterator[MissingCell]:
    """Yield cells without a gain over a reference: their own predictions are missing, or the reference's."""
    own = {(cell.outcome, cell.protocol, cell.estimator): cell for cell in missing}
    for outcome in results.outcomes:
        for protocol in results.order["protocol"]:
            for estimator in results.estimators:
                if estimator == over:
                    continue
                if (outcome, protocol, estimator) in own:
                    yield own[outcome, protocol, estimator]
                elif (outcome, protocol, over) in own:
                    hole = own[outcome, protocol, over]
                    where = f"the reference '{over}' has no predictions"
                    reason = Message("{where}: {what}", where=where, what=hole.reason)
                    yield MissingCell(outcome, estimator, protocol, hole.status, reason)
