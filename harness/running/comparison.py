"""Write the comparison of the estimators: predictions, accuracy, gains and where they come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter

import numpy as np
import pandas as pd

from harness.arrays import Ints
from harness.data.panel import Panel
from harness.evaluation import tables
from harness.evaluation.fold_fit import FoldResult
from harness.evaluation.gain import recognition_table
from harness.evaluation.losses import SAMPLES
from harness.evaluation.multiverse import choice_table, multiverse_table
from harness.evaluation.protocol import Fold
from harness.evaluation.specification_curve import joint_tests
from harness.language import Message
from harness.running.csv_table import as_declared
from harness.running.folder import RunFolder
from harness.running.results import MissingCell, RunResults
from harness.running.varied import LadderStep, curve_of
from harness.scenarios.full_fit import FullResult
from harness.scenarios.truth import truth_errors
from harness.tables import gain
from harness.tables.accuracy import ACCURACY, METRICS, PREDICTIONS
from harness.tables.curves import CURVES

_cell = attrgetter("outcome", "estimator", "protocol")


def missing_cells(results: Iterable[FoldResult]) -> tuple[MissingCell, ...]:
    """Return the cells in which any fold went wrong, with the first reason.

    A cell with a hole in it would be compared on other rows than its neighbours, so it is left out whole.
    """
    found: dict[tuple[str, str, str], MissingCell] = {}
    for result in results:
        if result.status != "ok":
            reason = Message("{where}: {what}", where=f"fold {result.cell.fold}", what=result.reason)
            key = _cell(result.cell)
            found.setdefault(key, MissingCell(*key, result.status, reason))
    return tuple(found.values())


def predictions_table(
    results: Sequence[FoldResult], panels: Mapping[str, Panel], folds: Mapping[tuple[str, str], Fold]
) -> pd.DataFrame:
    """Return the table ``predictions`` of all complete cells, without the limits of their intervals.

    Parameters
    ----------
    panels : by outcome, all rows
    folds : by protocol and fold name
    """
    left_out = {_cell(cell) for cell in missing_cells(results)}
    found = [
        (result.cell, result.predictions)
        for result in results
        if result.predictions is not None and _cell(result.cell) not in left_out
    ]
    if not found:
        return pd.DataFrame(columns=list(PREDICTIONS.columns))
    trained = [folds[cell.protocol, cell.fold] for cell, _ in found]
    # Of every cell its outcome and its rows, those that the fold trained on first.
    rows = [
        (cell.outcome, np.concatenate([fold.train, fold.test]))
        for (cell, _), fold in zip(found, trained, strict=True)
    ]
    n_rows = [own.size for _, own in rows]
    table: dict[str, object] = {
        name: _texts(
            {"": [getattr(cell, name) for cell, _ in found]}, [("", np.repeat(np.arange(len(found)), n_rows))]
        )
        for name in ("outcome", "estimator", "protocol", "fold")
    }
    for name in ("entity", "time"):
        keys = {outcome: getattr(panel, name) for outcome, panel in panels.items()}
        labels = {outcome: key.labels for outcome, key in keys.items()}
        table[name] = _texts(labels, [(outcome, keys[outcome].codes[own]) for outcome, own in rows])
    samples = [("", np.repeat([0, 1], [fold.train.size, fold.test.size])) for fold in trained]
    table |= {
        "observed": np.concatenate([panels[outcome].observed[own] for outcome, own in rows]),
        "predicted": np.concatenate([side for _, own in found for side in (own.train, own.test)]),
        "sample": _texts({"": ["train", "test"]}, samples),
        "train_variance": np.repeat([own.train_variance for _, own in found], n_rows),
    }
    return pd.DataFrame(table, copy=False)


def _texts(texts: Mapping[str, Sequence[str]], cells: Iterable[tuple[str, Ints]]) -> pd.Categorical:
    """Return few texts of which many cells hold one each: a table of 10^7 rows fits into memory.

    Parameters
    ----------
    texts : by a name of theirs; some may be alike
    cells : parts of the column, each with the name of its texts and positions among them
    """
    ordered = sorted({text for own in texts.values() for text in own})
    place = {text: at for at, text in enumerate(ordered)}
    codes = {name: np.array([place[text] for text in own], dtype=np.int32) for name, own in texts.items()}
    dtype = pd.CategoricalDtype(ordered)
    return pd.Categorical.from_codes(
        np.concatenate([codes[name][positions] for name, positions in cells]), dtype=dtype
    )


def status_rows(missing: Iterable[MissingCell], samples: Iterable[str]) -> pd.DataFrame:
    """Return a row for every missing cell and sample, with its status and reason."""
    return pd.DataFrame([vars(cell) | {"sample": sample} for cell in missing for sample in samples])


def in_order(frame: pd.DataFrame, order: Mapping[str, Sequence[object]]) -> pd.DataFrame:
    """Return rows sorted by columns whose values have a given order, such as the order of the spec."""
    rank = pd.DataFrame(
        {
            name: frame[name].map({value: at for at, value in enumerate(values)})
            for name, values in order.items()
        }
    )
    return frame.loc[rank.sort_values(list(order), kind="stable").index].reset_index(drop=True)


def write_comparison(folder: RunFolder, results: RunResults) -> None:
    """Write predictions, accuracy, gain, decomposition and, where the spec asks for one, the multiverse."""
    panels, folds = results.all_rows, results.prepared.plan.folds
    own = results.folds_by(results.estimators)
    missing = [*results.refused, *missing_cells(own)]
    predictions = predictions_table(own, panels=panels, folds=folds)
    asked = results.study.evaluation.prediction_intervals
    folder.write_parquet("predictions", _declared(tables.with_limits(predictions) if asked else predictions))
    accuracies = as_declared(ACCURACY, [tables.accuracy_table(predictions), status_rows(missing, SAMPLES)])
    folder.write_table("accuracy", in_order(accuracies, results.order))
    references = results.study.evaluation.references
    gains = tables.gains_table(
        predictions,
        references=references,
        level=results.study.evaluation.level,
        least_gain=results.study.evaluation.least_gain,
    )
    without = [
        status_rows(_without_gain(missing, results, over=reference), SAMPLES).assign(reference=reference)
        for reference in references
    ]
    order = {"reference": references, **results.order}
    folder.write_table("gain", in_order(as_declared(gain.GAIN, [gains, *without]), order))
    within = as_declared(gain.GAIN_WITHIN, [tables.gains_within(predictions, references=references)])
    folder.write_table("gain_within", within)
    if results.study.evaluation.metrics:
        _write_metrics(folder, results, predictions, missing)
    protocols = {entry.use: entry.id for entry in results.study.evaluation.protocols}
    parts = tables.decomposition_table(gains, reference=references[0], protocols=protocols)
    folder.write_table("decomposition", as_declared(gain.DECOMPOSITION, [parts]))
    level = results.study.evaluation.level
    shares = recognition_table(predictions, reference=references[0], protocols=protocols, level=level)
    if len(shares):
        folder.write_table(gain.RECOGNITION.name, as_declared(gain.RECOGNITION, [shares]))
    if results.universes:
        _write_multiverse(folder, results)


def _declared(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return predictions with all columns of the table, limits of intervals among them."""
    return predictions.reindex(columns=list(PREDICTIONS.columns))


def _write_metrics(
    folder: RunFolder, results: RunResults, predictions: pd.DataFrame, missing: Sequence[MissingCell]
) -> None:
    evaluation = results.study.evaluation
    metrics = {entry.id: entry.metric for entry in evaluation.metrics}
    losses = tables.metrics_table(
        predictions, metrics, reference=evaluation.reference, level=evaluation.level
    )
    without = [status_rows(missing, SAMPLES).assign(metric=name) for name in metrics]
    order = {**results.order, "metric": tuple(metrics)}
    folder.write_table("metrics", in_order(as_declared(METRICS, [losses, *without]), order))


def _write_multiverse(folder: RunFolder, results: RunResults) -> None:
    asked = results.study.multiverse
    of_panels = results.all_rows, results.prepared.plan.folds
    own = results.folds_by([universe.id for universe in results.universes])
    folder.write_parquet("multiverse", _declared(predictions_table(own, *of_panels)))
    references, level = asked.references if asked else (), results.study.evaluation.level
    of = predictions_table([*results.folds_by(references), *own], *of_panels), results.universes
    multiverse = multiverse_table(*of, references=references, level=level)
    folder.write_table("multiverse", multiverse)
    tests = joint_tests(*of, references=references, level=level, seed=results.study.seed)
    folder.write_table(gain.MULTIVERSE_TESTS.name, as_declared(gain.MULTIVERSE_TESTS, [tests]))
    folder.write_table("multiverse_choices", as_declared(gain.MULTIVERSE_CHOICES, [choice_table(multiverse)]))


def write_method_ladder(folder: RunFolder, results: RunResults) -> None:
    """Write what every step of the study's ladder of methods gains, and how far its curve is from the truth.

    Parameters
    ----------
    folder : that holds the truth behind simulated data
    """
    plan, study, ladder = results.prepared.plan, results.study, results.study.method_ladder
    if ladder is None:
        return
    fitted = results.folds_by({step.fit for step in plan.steps})
    of_references, of_panels = results.folds_by(study.evaluation.references), (results.all_rows, plan.folds)
    folder.write_parquet(gain.METHOD_LADDER.name, _declared(predictions_table(fitted, *of_panels)))
    parts = list(
        ladder_gains(
            plan.steps,
            predictions_table([*of_references, *fitted], *of_panels),
            unseen=ladder.unseen,
            references=study.evaluation.references,
            missing=missing_cells(fitted),
            level=results.study.evaluation.level,
        )
    )
    curve = curve_of(study)
    if curve is not None:
        parts += ladder_curves(plan.steps, results.ladder_fulls, folder.read_table("truth"), curve.id)
    order = {"outcome": results.outcomes, "step": range(len(plan.steps))}
    folder.write_table(gain.METHOD_LADDER.name, in_order(as_declared(gain.METHOD_LADDER, parts), order))


def ladder_gains(
    steps: Sequence[LadderStep],
    predictions: pd.DataFrame,
    *,
    unseen: str,
    references: Sequence[str],
    missing: Sequence[MissingCell],
    level: float,
) -> Iterator[pd.DataFrame]:
    """Yield the gains of every step over every reference.

    Parameters
    ----------
    predictions : of the fits of the steps and of the references, as in `gains_table`
    unseen : id of the protocol that is the same for all steps
    missing : cells without predictions
    level : in (0, 1), nominal coverage of the intervals
    """
    folds = {
        protocol: sorted(own.unique(), key=lambda fold: int(fold))
        for protocol, own in predictions["fold"].astype(str).groupby(predictions["protocol"].astype(str))
    }
    for step in steps:
        for quantity, protocol, splits in (
            ("gain", step.protocol, step.splits),
            ("gain_unseen", unseen, None),
        ):
            names = folds.get(protocol, [])[:splits]
            own = predictions[
                (predictions["protocol"] == protocol)
                & predictions["fold"].isin(names)
                & predictions["estimator"].isin([step.fit, *references])
            ]
            about = _about(step) | {"quantity": quantity, "protocol": protocol, "splits": len(names)}
            gains = tables.gains_table(
                own, references=references, level=level, among={"test": SAMPLES["test"]}
            )
            if not gains.empty:
                of_step = gains[gains["estimator"] == step.fit].rename(columns={"gain": "estimate"})
                yield of_step.assign(**about)
            for cell in missing:
                if (cell.estimator, cell.protocol) == (step.fit, protocol):
                    hole = {"outcome": cell.outcome, "status": cell.status, "reason": cell.reason}
                    yield pd.DataFrame([about | hole | {"reference": one} for one in references])


def ladder_curves(
    steps: Sequence[LadderStep], fulls: Sequence[FullResult], truth: pd.DataFrame, scenario: str
) -> Iterator[pd.DataFrame]:
    """Yield how far the curve of every step is from the truth, for each outcome.

    Parameters
    ----------
    fulls : of the fits of the steps
    truth : the table ``truth``
    scenario : id of the curve
    """
    for full in fulls:
        answer = full.answers[scenario]
        about = {"outcome": full.outcome, "quantity": "curve_error", "status": answer.status}
        if answer.value is None:
            found = pd.DataFrame([about | {"reason": answer.reason}])
        else:
            curves = answer.value[CURVES.name].assign(
                outcome=full.outcome, estimator=full.estimator, scenario=scenario
            )
            is_taken = (curves["kind"] == "level_supported") & (curves["band"] == "pointwise")
            supported = curves[is_taken & curves["supported"].astype(bool)]
            errors = truth_errors(supported, truth, columns=("at",))
            found = errors[["rmse"]].rename(columns={"rmse": "estimate"}).assign(**about, reason="")
        for step in steps:
            if step.fit == full.estimator:
                yield found.assign(**_about(step))


def _about(step: LadderStep) -> dict[str, str | int]:
    return {"step": step.position, "change": step.change, "to": step.to, "label": step.label}


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
