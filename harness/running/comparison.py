"""Write the comparison of the estimators: predictions, accuracy, gains and where they come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from operator import attrgetter

import numpy as np
import pandas as pd

from harness.arrays import Ints
from harness.data.panel import Panel
from harness.evaluation import tables
from harness.evaluation.fold_fit import FoldResult
from harness.evaluation.gain import recognition_table
from harness.evaluation.losses import SAMPLES
from harness.evaluation.protocol import Fold
from harness.evaluation.variation_gains import NOTHING_MISSING, choice_table, joint_tests, variation_gains
from harness.findings.run import leading_protocols
from harness.language import Coded
from harness.record.manifest import StudyRecord
from harness.running.results import MissingCell, RunResults, TableStore
from harness.running.varied import VariedFit, comparisons_of, curve_of
from harness.scenarios.full_fit import FullResult
from harness.scenarios.truth import truth_errors
from harness.study.variation import LADDER, MULTIVERSE
from harness.tables import gain
from harness.tables.accuracy import ACCURACY, CELL, CHOSEN, METRICS, PREDICTIONS, VARIATION_PREDICTIONS
from harness.tables.csv_table import as_declared
from harness.tables.curves import CURVES
from harness.tables.decision import UNTESTED
from harness.tables.table import NAN, coded
from harness.tables.variations import CURVE_ERROR, VARIATION_GAINS

_cell = attrgetter("outcome", "estimator", "protocol")


def missing_cells(results: Iterable[FoldResult]) -> tuple[MissingCell, ...]:
    """Return the cells in which any fold went wrong, with the first reason.

    A cell with a hole in it would be compared on other rows than its neighbours, so it is left out whole.
    """
    found: dict[tuple[str, str, str], MissingCell] = {}
    for result in results:
        if result.status != "ok":
            reason = Coded("fold {fold}: {what}", fold=result.cell.fold, what=result.reason)
            key = _cell(result.cell)
            found.setdefault(key, MissingCell(*key, result.status, reason))
    return tuple(found.values())


def chosen_rows(results: Iterable[FoldResult]) -> Iterator[Mapping[str, object]]:
    """Yield in how many folds each cell chose each candidate, those chosen most often first."""
    chosen: dict[tuple[str, str, str], Counter[str]] = {}
    for result in results:
        if result.predictions is not None and result.predictions.choice:
            chosen.setdefault(_cell(result.cell), Counter())[result.predictions.choice] += 1
    for key, counts in chosen.items():
        columns = dict(zip(CELL, key, strict=True)) | {"n_folds": counts.total()}
        for candidate, n_chosen in counts.most_common():
            yield columns | {"candidate": candidate, "n_chosen": n_chosen}


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
    PREDICTIONS.require_unique(pd.DataFrame([vars(cell) for cell, _ in found]))
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
    if any(own.limits is not None for _, own in found):
        limits = np.full((2, sum(n_rows)), NAN)
        for (_, own), end in zip(found, np.cumsum(n_rows), strict=True):
            if own.limits is not None:
                limits[:, end - own.test.size : end] = own.limits
        table |= {"model_low": limits[0], "model_high": limits[1]}
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
    return pd.DataFrame([coded(vars(cell)) | {"sample": sample} for cell in missing for sample in samples])


def in_order(frame: pd.DataFrame, order: Mapping[str, Sequence[object]]) -> pd.DataFrame:
    """Return rows sorted by columns whose values have a given order, such as the order of the spec."""
    rank = pd.DataFrame(
        {
            name: frame[name].map({value: at for at, value in enumerate(values)})
            for name, values in order.items()
        }
    )
    return frame.loc[rank.sort_values(list(order), kind="stable").index].reset_index(drop=True)


def write_comparison(folder: TableStore, results: RunResults, study: StudyRecord) -> None:
    """Write predictions, accuracy, gain and decomposition of the study, as the manifest has it."""
    panels, folds = results.all_rows, results.prepared.plan.folds
    own = results.folds_by(results.estimators)
    missing = [*results.refused, *missing_cells(own)]
    predictions = predictions_table(own, panels=panels, folds=folds)
    asked = results.study.evaluation.prediction_intervals
    folder.write_parquet("predictions", _declared(tables.with_limits(predictions) if asked else predictions))
    accuracies = as_declared(ACCURACY, [tables.accuracy_table(predictions), status_rows(missing, SAMPLES)])
    folder.write_table("accuracy", in_order(accuracies, results.order))
    chosen = pd.DataFrame(list(chosen_rows(own)))
    if len(chosen):
        order = {name: results.order[name] for name in CELL}
        folder.write_table(CHOSEN.name, in_order(as_declared(CHOSEN, [chosen]), order))
    references = results.study.evaluation.references
    gains = tables.gains_table(
        predictions,
        references=references,
        level=results.study.evaluation.level,
        least_gain=results.study.evaluation.least_gain,
    )
    cells = [*product(results.outcomes, results.order["protocol"], results.estimators)]
    without = [
        status_rows(_without_gain(missing, cells, over=reference), SAMPLES).assign(reference=reference)
        for reference in references
    ]
    order = {"reference": references, **results.order}
    folder.write_table("gain", in_order(as_declared(gain.GAIN, [gains, *without]), order))
    if len(results.estimators) > 2:
        leading = {one.id for one in leading_protocols(study)}
        pairs = tables.gain_pairs_table(
            predictions, protocols=leading, level=study.level, least_gain=study.least_gain
        )
        order["reference"] = results.estimators
        folder.write_table(gain.GAIN_PAIRS.name, in_order(as_declared(gain.GAIN_PAIRS, [pairs]), order))
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


def _declared(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return predictions with all columns of the table, limits of intervals among them."""
    return predictions.reindex(columns=list(PREDICTIONS.columns))


def _write_metrics(
    folder: TableStore, results: RunResults, predictions: pd.DataFrame, missing: Sequence[MissingCell]
) -> None:
    evaluation = results.study.evaluation
    metrics = {entry.id: entry.metric for entry in evaluation.metrics}
    losses = tables.metrics_table(
        predictions, metrics, reference=evaluation.reference, level=evaluation.level
    )
    without = [status_rows(missing, SAMPLES).assign(metric=name) for name in metrics]
    order = {**results.order, "metric": tuple(metrics)}
    folder.write_table("metrics", in_order(as_declared(METRICS, [losses, *without]), order))


def write_variations(folder: TableStore, results: RunResults) -> None:
    """Write what variations of the study gain, and how far curves of a ladder are from the truth.

    Parameters
    ----------
    folder : that holds the truth behind simulated data
    """
    plan, study = results.prepared.plan, results.study
    if not plan.varied:
        return
    comparisons, level = tuple(comparisons_of(study, plan.varied)), study.evaluation.level
    fitted = results.folds_by({name for one in plan.varied for name in one.fits})
    references = dict.fromkeys(name for one in comparisons for name in one.references)
    of_references = results.folds_by(references.keys() & set(results.estimators))
    of_panels = results.all_rows, plan.folds
    folder.write_parquet(VARIATION_PREDICTIONS.name, _declared(predictions_table(fitted, *of_panels)))
    predictions = predictions_table([*of_references, *fitted], *of_panels)
    holes = missing_cells([*of_references, *fitted])
    cells = dict.fromkeys((one.cell.outcome, one.cell.protocol, one.cell.estimator) for one in fitted)
    without = [
        coded(vars(cell)) | {"over": name}
        for name in references
        for cell in _without_gain(holes, cells, over=name)
    ]
    missing = pd.DataFrame(without, columns=NOTHING_MISSING.columns)
    gains = list(variation_gains(predictions, comparisons, missing, level=level))
    curve = curve_of(study)
    if curve is not None:
        gains += ladder_curves(plan.varied, results.varied_fulls, folder.read_table("truth"), curve.id)
    table = in_order(as_declared(VARIATION_GAINS, gains), {"outcome": results.outcomes})
    folder.write_table(VARIATION_GAINS.name, table)
    if multiverse := [one for one in comparisons if one.list == MULTIVERSE]:
        choices = choice_table(table, (fit.variation for fit in plan.varied))
        folder.write_table(gain.MULTIVERSE_CHOICES.name, as_declared(gain.MULTIVERSE_CHOICES, [choices]))
        tests = joint_tests(predictions, multiverse, level=level, seed=study.seed)
        folder.write_table(gain.MULTIVERSE_TESTS.name, as_declared(gain.MULTIVERSE_TESTS, [tests]))


def ladder_curves(
    varied: Sequence[VariedFit], fulls: Sequence[FullResult], truth: pd.DataFrame, scenario: str
) -> Iterator[pd.DataFrame]:
    """Yield how far the curve of every step of a ladder is from the truth, for each outcome.

    Parameters
    ----------
    fulls : of the fits of the steps
    truth : the table ``truth``
    scenario : id of the curve
    """
    for full in fulls:
        answer = full.answers[scenario]
        about = {"outcome": full.outcome, "estimator": full.estimator, "quantity": CURVE_ERROR}
        about |= {"list": LADDER, "decision": UNTESTED, **answer.how}
        estimates = [NAN]
        if answer.value is not None:
            curves = answer.value[CURVES.name].assign(
                outcome=full.outcome, estimator=full.estimator, scenario=scenario
            )
            is_taken = (curves["kind"] == "level_supported") & (curves["band"] == "pointwise")
            supported = curves[is_taken & curves["supported"].astype(bool)]
            estimates = truth_errors(supported, truth, columns=("at",))["rmse"].tolist()
        steps = [one.variation.key for one in varied if one.entry.id == full.estimator]
        of_steps = product(steps, estimates)
        yield pd.DataFrame([about | {"variation": step, "estimate": error} for step, error in of_steps])


def _without_gain(
    missing: Sequence[MissingCell], cells: Iterable[tuple[str, str, str]], *, over: str
) -> Iterator[MissingCell]:
    """Yield cells without a gain over a reference: their own predictions are missing, or the reference's.

    Parameters
    ----------
    cells : outcome, protocol and estimator
    """
    own = {(cell.outcome, cell.protocol, cell.estimator): cell for cell in missing}
    for outcome, protocol, estimator in cells:
        if estimator == over:
            continue
        if (outcome, protocol, estimator) in own:
            yield own[outcome, protocol, estimator]
        elif (outcome, protocol, over) in own:
            hole = own[outcome, protocol, over]
            where = Coded("the reference '{over}' has no predictions", over=over)
            reason = Coded("{where}: {what}", where=where, what=hole.reason)
            yield MissingCell(outcome, estimator, protocol, hole.status, reason)
