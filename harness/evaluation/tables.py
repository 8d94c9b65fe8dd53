"""Accuracy, gain and metric tables, computed from stored predictions alone, and what is left of a gain."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product

import numpy as np
import pandas as pd

from harness.arrays import Floats, Ints
from harness.evaluation.gain import NUMBERS, holm_adjusted, totals_between
from harness.evaluation.losses import SAMPLES, PairedLosses, PartKey, SampleRows, Sides, cells, samples, taken
from harness.evaluation.metrics import Metric
from harness.tables.accuracy import LEVEL
from harness.tables.decision import decide, decide_conditionally, size_of
from harness.tables.gain import GIVEN_PERIODS, decide_gain
from harness.tables.table import NAN, coded, placed


@dataclass(frozen=True)
class Accuracy:
    """Errors over the rows compared, every fold's rows together.

    Attributes
    ----------
    mse : mean squared error, squared outcome units
    rmse : its root, outcome units
    nmse : mean of squared errors over the variance of the outcome on the fold's training rows; unit-free,
        1 is the error of predicting the training mean where train and test agree
    r2 : 1 - mse / variance of the outcome on the rows compared
    n_obs, n_entities : rows and entities compared; a row tested in two folds counts twice
    """

    mse: float
    rmse: float
    nmse: float
    r2: float
    n_obs: int
    n_entities: int


def accuracy(observed: Floats, predicted: Floats, *, train_variance: Floats, entities: Ints) -> Accuracy:
    """Return the accuracy of predictions.

    Parameters
    ----------
    observed, predicted : (n_obs,), outcome units
    train_variance : (n_obs,), > 0
        Variance of the outcome on the training rows of the fold that the row was predicted in.
    entities : (n_obs,), codes >= 0
    """
    squared = (observed - predicted) ** 2
    mse = float(squared.mean())
    variance = float(observed.var())
    nmse, n_entities = float((squared / train_variance).mean()), np.count_nonzero(np.bincount(entities))
    r2 = 1.0 - mse / variance if variance > 0 else float("nan")
    return Accuracy(mse, float(np.sqrt(mse)), nmse, r2, observed.size, int(n_entities))


def entity_half_widths(tested: pd.DataFrame, *, level: float = LEVEL) -> Floats:
    """Return half the width of each row's interval, (n_rows,), outcome units.

    An interval reaches to either side of a prediction as far as the absolute errors of other entities do,
    those of the other folds, which were not trained on either. Entities count alike, an entity's rows share
    its part, and the one that is predicted counts as infinitely far off: split conformal prediction for
    exchangeable entities (Lee, Barber and Willett 2023; Dunn, Wasserman and Ramdas 2023), in its
    cross-validated form (Barber, Candes, Ramdas and Tibshirani 2021).

    Parameters
    ----------
    tested : test rows with columns fold, entity, observed, predicted; every entity in one fold
    level : in (0, 1)

    Returns
    -------
    Infinite where there are too few other entities for the level.
    """
    error = (tested["observed"] - tested["predicted"]).abs().to_numpy()
    fold, entity = (pd.factorize(tested[name], sort=True)[0] for name in ("fold", "entity"))
    share = 1.0 / np.bincount(entity)[entity]
    half = np.empty(error.size)
    for held_out in np.unique(fold):
        others = fold != held_out
        order = np.argsort(error[others], kind="stable")
        n_entities = np.unique(entity[others]).size
        reached = np.cumsum(share[others][order]) / (n_entities + 1.0)
        at = int(np.searchsorted(reached, level - 1e-12))
        half[~others] = error[others][order][at] if at < reached.size else np.inf
    return half


def _intervals(predictions: pd.DataFrame) -> Iterator[tuple[tuple[str, ...], Ints, pd.DataFrame, Floats]]:
    """Yield the intervals of cells whose folds test each entity once, trained on others.

    Yields
    ------
    Outcome, estimator and protocol, the positions of the test rows in the table ``predictions``, these rows,
    and half the width of their intervals.
    """
    for place, own in cells(predictions, ("outcome", "estimator", "protocol")):
        rows = taken(predictions, own, ("fold", "entity", "sample"))
        sides = Sides.of(rows, "entity")
        if sides.are_apart and sides.are_tested_once:
            positions = own[(rows["sample"] == "test").to_numpy()]
            tested = taken(predictions, positions, ("fold", "entity", "observed", "predicted"))
            yield place, positions, tested, entity_half_widths(tested)


def with_limits(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return predictions with the limits of their intervals, NaN where entities were seen."""
    low, high = (np.full(len(predictions), np.nan) for _ in range(2))
    for _, positions, tested, half in _intervals(predictions):
        finite = np.where(np.isfinite(half), half, np.nan)
        low[positions] = tested["predicted"] - finite
        high[positions] = tested["predicted"] + finite
    return predictions.assign(predicted_low=low, predicted_high=high)


def interval_scores(observed: Floats, low: Floats, high: Floats) -> Floats:
    """Return the interval score of each row, (n_rows,), outcome units: less is better.

    The width, and where the outcome lies outside, how far, times 2 / (1 - `LEVEL`): limits at the outcome's
    quantiles have the least expected score (Gneiting and Raftery 2007, equation 43).

    Parameters
    ----------
    observed, low, high : (n_rows,), outcome units
    """
    outside = np.maximum(low - observed, 0.0) + np.maximum(observed - high, 0.0)
    return high - low + 2.0 / (1.0 - LEVEL) * outside


def coverage_table(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return how often intervals hold a row of an entity never seen, how wide they are, and their mean score.

    Returns
    -------
    Columns outcome, estimator, protocol, sample, coverage, width, interval_score; no row where there are no
    such intervals.
    """
    rows = []
    for place, _, tested, half in _intervals(predictions):
        if np.isfinite(half).all():
            error = (tested["observed"] - tested["predicted"]).abs().to_numpy()
            score = interval_scores(error, -half, half).mean()
            rows.append((*place, "test", (error <= half).mean(), 2.0 * half.mean(), score))
    columns = ["outcome", "estimator", "protocol", "sample", "coverage", "width", "interval_score"]
    return pd.DataFrame(rows, columns=columns)


def model_coverage_table(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return how often the limits that models give hold a test row, how wide they are, and their mean score.

    Returns
    -------
    Columns outcome, estimator, protocol, sample, model_coverage, model_width, model_interval_score; no row
    where any test row has no limits, as where folds choose one model that gives them and one that does not.
    """
    has_limits = "model_low" in predictions
    rows = predictions[predictions["sample"] == "test"] if has_limits else predictions[:0]
    low, high = (rows.get(name, rows["observed"]) for name in ("model_low", "model_high"))
    keys = [rows[name].astype(object) for name in ("outcome", "estimator", "protocol", "sample")]
    figures = pd.DataFrame(
        {
            "model_coverage": rows["observed"].between(low, high),
            "model_width": high - low,
            "model_interval_score": interval_scores(
                *(one.to_numpy() for one in (rows["observed"], low, high))
            ),
        }
    )
    has_all = low.notna().groupby(keys, observed=True).transform("all")
    return figures[has_all].groupby([key[has_all] for key in keys], observed=True).mean().reset_index()


# What gains are given within, and its key in the predictions.
WITHIN: Mapping[str, PartKey] = {"fold": "fold", "period": "time"}


# Share of the largest outcome up to which errors, the root of their mean square, are rounding.
EXACT = 64.0 * float(np.finfo(np.float64).eps)

_OF_ACCURACY = ("entity", "observed", "predicted", "train_variance")


def accuracy_table(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return the errors of every estimator under every protocol, and how good its intervals are.

    Parameters
    ----------
    predictions : the table ``predictions``: outcome, estimator, protocol, fold, entity, time, observed,
        predicted, sample, train_variance; all estimators of a protocol on the same rows
    """
    rows = []
    for sample in samples(predictions):
        for estimator in sample.estimators:
            predicted_rows = taken(sample.predictions, sample.positions(estimator), _OF_ACCURACY)
            observed, predicted, variance = (predicted_rows[name].to_numpy() for name in _OF_ACCURACY[1:])
            entities = predicted_rows["entity"].cat.codes.to_numpy().astype(np.int64)
            figures = accuracy(observed, predicted, train_variance=variance, entities=entities)
            place = {**sample.place, "estimator": estimator}
            rows.append(place | asdict(figures) | {"status": "ok", "reason": ""})
    table = pd.DataFrame(rows)
    for intervals in (coverage_table, model_coverage_table) if len(table) else ():
        table = table.merge(intervals(predictions), how="left")
    return table


_DECIDED_BY = ("gain", "conf_low", "conf_high", "p_holm", "inference")


def gains_table(
    predictions: pd.DataFrame,
    *,
    references: Sequence[str],
    level: float,
    least_gain: float = NAN,
    among: Mapping[str, tuple[str, ...]] = SAMPLES,
) -> pd.DataFrame:
    """Return the gain of every estimator over one reference after the other, on the rows both predicted.

    Next to the p-value of each gain on its own stands ``p_holm``, which allows for all estimators of the
    protocol, and ``decision`` has what is decided by it.

    Parameters
    ----------
    predictions : as in `accuracy_table`
    references : estimators that gains are over
    level : in (0, 1), nominal coverage of the intervals
    least_gain : fraction from which on a gain matters; NaN where every one does
    among : samples that gains are computed on, and the sides of the folds that make up each
    """
    gains_over: dict[str, list[dict[str, object]]] = {reference: [] for reference in references}
    for sample in samples(predictions, among=among):
        losses = PairedLosses.of(sample)
        for reference, rows in gains_over.items():
            if reference in losses.estimators and len(losses.estimators) > 1:
                rows += [{**sample.place, **row} for row in _gains(losses, reference, sample, level)]
    parts = [pd.DataFrame(map(coded, rows)) for rows in gains_over.values() if rows]
    for table in parts:
        family = table.groupby(["outcome", "protocol", "sample"], sort=False)["p_value"]
        table["p_holm"] = family.transform(lambda p_values: holm_adjusted(p_values.to_numpy()))
        table["decision"] = [
            decide_gain(*numbers, inference=inference, size=size_of(level), least_gain=least_gain)
            for *numbers, inference in zip(*(table[name] for name in _DECIDED_BY), strict=True)
        ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def gain_pairs_table(
    predictions: pd.DataFrame, *, protocols: Collection[str], level: float, least_gain: float
) -> pd.DataFrame:
    """Return the gains of each estimator over each other, on the test rows of some protocols.

    Numbers are those of `gains_table`, whose `p_holm` allows for all gains over one reference.
    """
    rows = predictions[predictions["protocol"].isin(protocols)]
    names = rows["estimator"].unique().astype(str).tolist() if len(rows) else []
    among = {"test": SAMPLES["test"]}
    return gains_table(rows, references=names, level=level, least_gain=least_gain, among=among)


def _gains(
    losses: PairedLosses, reference: str, sample: SampleRows, level: float
) -> Iterator[dict[str, object]]:
    outcome = sample.place["outcome"]
    others = [name for name in losses.estimators if name != reference]
    largest = taken(sample.predictions, sample.positions(reference), ("observed",)).abs().to_numpy().max()
    if losses.mean(reference) <= (EXACT * largest) ** 2:
        reason = (
            f"the reference '{reference}' predicts without error, so nothing can be gained: do its "
            f"regressors or effects determine '{outcome}'?"
        )
        nothing = dict.fromkeys(NUMBERS, float("nan"))
        refused = {"reference": reference, **nothing, "status": "refused", "reason": reason}
        yield from ({"estimator": name, **refused} for name in others)
        return
    n_folds = losses.frame.index.get_level_values("fold").nunique()
    for name in others:
        numbers = totals_between(losses, name, reference).numbers(level, n_tests=len(others))
        own = {"estimator": name, "reference": reference, "n_folds": n_folds}
        yield {**numbers, **own, "status": "ok", "reason": ""}


def gains_within(predictions: pd.DataFrame, *, references: Sequence[str]) -> pd.DataFrame:
    """Return the gains on the test rows fold by fold and period by period.

    Returns
    -------
    outcome, estimator, reference, protocol, by (fold or period), part, gain, mse, mse_reference, n_obs
    """
    cells = []
    for sample in samples(predictions, among={"test": SAMPLES["test"]}):
        losses = PairedLosses.of(sample)
        for reference, name, (by, part) in product(references, losses.estimators, WITHIN.items()):
            if name != reference and reference in losses.estimators:
                place = {key: sample.place[key] for key in ("outcome", "protocol")}
                place |= {"estimator": name, "reference": reference, "by": by}
                cells.append((losses.within(part, name, reference), place))
    return placed(cells) if cells else pd.DataFrame()


def metrics_table(
    predictions: pd.DataFrame, metrics: Mapping[str, Metric], *, reference: str, level: float
) -> pd.DataFrame:
    """Return the mean loss of every estimator, and 1 - it over the reference's, by every metric.

    Intervals are as those of gains in squared error; where the reference has no predictions on a sample,
    values stand without a gain.

    Parameters
    ----------
    predictions : as in `harness.evaluation.tables.accuracy_table`
    metrics : by id
    reference : estimator that gains are over; its own row has a value alone
    level : in (0, 1), nominal coverage of the intervals
    """
    rows = [
        {**sample.place, "metric": name, **row, "status": "ok", "reason": ""}
        for sample in samples(predictions)
        for name, metric in metrics.items()
        for row in _rows(PairedLosses.of(sample, metric.loss), reference, level)
    ]
    return pd.DataFrame(rows)


def _rows(losses: PairedLosses, reference: str, level: float) -> Iterator[dict[str, object]]:
    for estimator in losses.estimators:
        row: dict[str, object] = {"estimator": estimator, "value": losses.mean(estimator)}
        if estimator != reference and reference in losses.estimators:
            totals = totals_between(losses, estimator, reference)
            numbers, (low, high) = totals.numbers(level), totals.interval(level)
            row |= {
                name: numbers[name] for name in ("gain", "conf_low", "conf_high", "p_value", "n_entities")
            }
            row["decision"] = (
                decide_conditionally(totals.gain, low)
                if totals.inference == GIVEN_PERIODS
                else decide(totals.gain, low, high, by="interval")
            )
        yield row


# What is predicted, by the protocol under which it is, from what is nearest to the training rows on.
LEFT: Mapping[str, str] = {
    "in sample": "in_sample",
    "other rows, used to select": "as_published",
    "other rows of the same entities": "random_rows",
    "later periods": "forward",
    "new entities": "held_out_entities",
    "new entities, later periods": "entities_and_time",
}


def decomposition_table(gains: pd.DataFrame, *, reference: str, protocols: Mapping[str, str]) -> pd.DataFrame:
    """Return every estimator's gain under each protocol of `LEFT` that the study has, and what it says.

    They are the gains of the test rows as they stand, not parts of one gain. The reference errs differently
    under each protocol, and protocols also differ in training rows, selection and preparation, so that a
    difference of two gains is due to no single one of these.

    Parameters
    ----------
    gains : the table ``gain``; rows without a gain are left out
    reference : estimator that gains are over
    protocols : id in `gains` of each protocol, by the name it is chosen by

    Returns
    -------
    Columns of `harness.tables.gain.PartRow`.
    """
    known = {protocols[use]: part for part, use in LEFT.items() if use in protocols}
    if gains.empty or not known:
        return pd.DataFrame()
    own = gains[
        (gains["reference"] == reference)
        & (gains["sample"] == "test")
        & gains["protocol"].isin(known)
        & gains["gain"].notna()
    ]
    found = own.assign(part=own["protocol"].map(known)).rename(columns={"gain": "estimate"})
    ordered = found.sort_values(
        ["outcome", "estimator", "part"],
        key=lambda own: pd.Categorical(own, list(LEFT) if own.name == "part" else own.unique()).codes,
        kind="stable",
    )
    columns = ["outcome", "estimator", "reference", "part", "protocol", "estimate"]
    numbers = ["conf_low", "conf_high", "mse", "mse_reference", "decision"]
    return ordered[[*columns, *numbers]].reset_index(drop=True)
