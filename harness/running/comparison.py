"""Write the comparison of the estimators: predictions, accuracy, gains and where they come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from harness.data.panel import Panel
from harness.evaluation.accuracy import with_limits
from harness.evaluation.losses import SAMPLES
from harness.evaluation.multiverse import choice_table, multiverse_table
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
from harness.running.predictions import MissingCell, in_order, missing_cells, predictions_table, status_rows
from harness.running.results import RunResults
from harness.tables.accuracy import ACCURACY, METRICS, PREDICTIONS
from harness.tables.gain import DECOMPOSITION, GAIN, GAIN_WITHIN, MULTIVERSE_CHOICES


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
