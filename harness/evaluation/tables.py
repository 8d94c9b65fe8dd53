"""Accuracy, gain and metric tables, computed from stored predictions alone, and what is left of a gain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import product

import numpy as np
import pandas as pd

from harness.arrays import Floats
from harness.evaluation.accuracy import accuracy, coverage_table
from harness.evaluation.gain import Gain, corrected_t_p_value, gain_over, holm_adjusted, max_t_p_values
from harness.evaluation.losses import SAMPLES, PairedLosses, PartKey, SampleRows, samples, taken
from harness.evaluation.metrics import Metric
from harness.evaluation.resample import EntityDraws
from harness.language import marked
from harness.tables.gain import GIVEN_PERIODS

# What gains are given within, and its key in the predictions.
WITHIN: Mapping[str, PartKey] = {"fold": "fold", "period": "time"}


@dataclass(frozen=True)
class Bootstrap:
    """How intervals are drawn.

    Attributes
    ----------
    level : in (0, 1), nominal coverage
    n_draws : draws of entities
    seed : root seed
    """

    level: float
    n_draws: int
    seed: int

    def draws(self, outcome: str) -> EntityDraws:
        """Return the draws of entities, the same for all gains of an outcome.

        Entities stand in the order of their labels, so protocols, samples and references that test the same
        ones draw the same ones: equal rows have equal intervals in every table.
        """
        return EntityDraws(self.n_draws, self.seed, ("gain", outcome))


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
    found = []
    for sample in samples(predictions):
        for estimator in sample.estimators:
            own = taken(sample.predictions, sample.positions(estimator), _OF_ACCURACY)
            observed, predicted, variance = (own[name].to_numpy() for name in _OF_ACCURACY[1:])
            entities = own["entity"].cat.codes.to_numpy().astype(np.int64)
            figures = accuracy(observed, predicted, train_variance=variance, entities=entities)
            place = {**sample.place, "estimator": estimator}
            found.append(place | asdict(figures) | {"status": "ok", "reason": ""})
    table = pd.DataFrame(found)
    return table if table.empty else table.merge(coverage_table(predictions), how="left")


def gains_table(
    predictions: pd.DataFrame,
    *,
    references: Sequence[str],
    bootstrap: Bootstrap,
    among: Mapping[str, tuple[str, ...]] = SAMPLES,
) -> pd.DataFrame:
    """Return the gain of every estimator over one reference after the other, on the rows both predicted.

    Next to the p-value of each gain on its own stand three that allow for more: ``p_splits`` for the overlap
    of repeated splits, ``p_holm`` for all gains of the outcome and sample over the reference, ``p_best`` for
    picking the best estimator of the protocol.

    Parameters
    ----------
    predictions : as in `accuracy_table`
    references : estimators that gains are over
    among : samples that gains are computed on, and the sides of the folds that make up each
    """
    found: dict[str, list[dict[str, object]]] = {reference: [] for reference in references}
    for sample in samples(predictions, among=among):
        losses = PairedLosses.of(sample)
        for reference, rows in found.items():
            if reference in losses.estimators and len(losses.estimators) > 1:
                rows += [
                    {**sample.place, **row} for row in _gains(losses, reference, sample, bootstrap=bootstrap)
                ]
    parts = [pd.DataFrame(rows) for rows in found.values() if rows]
    for table in parts:
        family = table.groupby(["outcome", "sample"], sort=False)["p_value"]
        table["p_holm"] = family.transform(lambda own: holm_adjusted(own.to_numpy()))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _gains(
    losses: PairedLosses, reference: str, sample: SampleRows, *, bootstrap: Bootstrap
) -> Iterator[dict[str, object]]:
    outcome = sample.place["outcome"]
    others = [name for name in losses.estimators if name != reference]
    largest = taken(sample.predictions, sample.positions(reference), ("observed",)).abs().to_numpy().max()
    if losses.mean(reference) <= (EXACT * largest) ** 2:
        reason = (
            f"the reference '{reference}' predicts without error, so nothing can be gained: do its "
            f"regressors or effects determine '{outcome}'?"
        )
        nothing = dict.fromkeys((field.name for field in fields(Gain)), float("nan"))
        refused = {"reference": reference, **nothing, "status": "refused", "reason": reason}
        yield from ({"estimator": name, **refused} for name in others)
        return
    found = [_gain(losses, name, reference, outcome, bootstrap) for name in others]
    best = _best_of_many(losses, found, reference, draws=bootstrap.draws(outcome))
    for estimator, figures, p_best in zip(others, found, best, strict=True):
        who = {"estimator": estimator, "reference": reference}
        own = {"p_best": float(p_best), **_over_folds(losses, estimator, reference, sample)}
        if figures.inference == GIVEN_PERIODS:
            own["p_splits"] = float("nan")
        yield who | asdict(figures) | own | {"status": "ok", "reason": ""}


def _gain(losses: PairedLosses, estimator: str, reference: str, outcome: str, bootstrap: Bootstrap) -> Gain:
    clusters = losses.by_cluster(estimator, reference)
    return gain_over(*clusters, level=bootstrap.level, draws=bootstrap.draws(outcome))


def _best_of_many(
    losses: PairedLosses, found: Sequence[Gain], reference: str, *, draws: EntityDraws
) -> Floats:
    """Return p-values that allow for picking the best estimator of a protocol, never below those of each.

    By draws of entities where those are all that interval and test allow for, by Bonferroni's inequality
    where new periods are allowed for too. With few entities the draws alone reject too often.
    """
    p_values = np.array([figures.p_value for figures in found])
    if losses.new_periods:
        return np.asarray(np.minimum(len(found) * p_values, 1.0))
    drawn = max_t_p_values(*losses.differences(reference), draws=draws)
    return np.asarray(np.fmax(drawn, p_values))


def _over_folds(losses: PairedLosses, estimator: str, reference: str, sample: SampleRows) -> dict[str, float]:
    """Return how the gain stands over the folds; of test rows alone, since training rows overlap."""
    if sample.place["sample"] != "test":
        return {}
    gains = losses.within("fold", estimator, reference)["gain"].to_numpy()
    return {
        "p_splits": corrected_t_p_value(gains, test_to_train=sample.test_to_train),
        "n_folds": gains.size,
        "fold_gain_min": float(gains.min()),
        "fold_gain_max": float(gains.max()),
    }


def gains_within(predictions: pd.DataFrame, *, references: Sequence[str]) -> pd.DataFrame:
    """Return the gains on the test rows fold by fold and period by period.

    Returns
    -------
    outcome, estimator, reference, protocol, by (fold or period), part, gain, mse, mse_reference, n_obs
    """
    found = []
    for sample in samples(predictions, among={"test": SAMPLES["test"]}):
        losses = PairedLosses.of(sample)
        for reference, name, (by, part) in product(references, losses.estimators, WITHIN.items()):
            if name != reference and reference in losses.estimators:
                own = losses.within(part, name, reference)
                own.insert(0, "part", own.index)
                place = {key: sample.place[key] for key in ("outcome", "protocol")}
                found.append(own.assign(**place, estimator=name, reference=reference, by=by))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def metrics_table(
    predictions: pd.DataFrame, metrics: Mapping[str, Metric], *, reference: str, bootstrap: Bootstrap
) -> pd.DataFrame:
    """Return the mean loss of every estimator, and 1 - it over the reference's, by every metric.

    Intervals are drawn as those of gains in squared error, over the same draws of entities; where the
    reference has no predictions on a sample, values stand without a gain.

    Parameters
    ----------
    predictions : as in `harness.evaluation.tables.accuracy_table`
    metrics : by id
    reference : estimator that gains are over; its own row has a value alone
    """
    rows = [
        {**sample.place, "metric": name, **row, "status": "ok", "reason": ""}
        for sample in samples(predictions)
        for name, metric in metrics.items()
        for row in _rows(PairedLosses.of(sample, metric.loss), reference, sample.place["outcome"], bootstrap)
    ]
    return pd.DataFrame(rows)


def _rows(
    losses: PairedLosses, reference: str, outcome: str, bootstrap: Bootstrap
) -> Iterator[dict[str, object]]:
    for estimator in losses.estimators:
        row: dict[str, object] = {"estimator": estimator, "value": losses.mean(estimator)}
        if estimator != reference and reference in losses.estimators:
            found = asdict(_gain(losses, estimator, reference, outcome, bootstrap))
            row |= {name: found[name] for name in ("gain", "conf_low", "conf_high", "p_value", "n_entities")}
        yield row


# What is predicted, by the protocol under which it is, from what is nearest to the training rows on.
LEFT: Mapping[str, str] = {
    marked("rows at hand"): "in_sample",
    marked("other rows, selected on"): "as_published",
    marked("other rows of the same entities"): "random_rows",
    marked("later periods"): "forward",
    marked("entities never seen"): "held_out_entities",
    marked("entities never seen, later periods"): "entities_and_time",
}


def decomposition_table(gains: pd.DataFrame, *, reference: str, protocols: Mapping[str, str]) -> pd.DataFrame:
    """Return every estimator's gain under each protocol of `LEFT` that the study has, with both errors.

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
    outcome, estimator, reference, part, protocol, estimate, conf_low, conf_high, mse, mse_reference.
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
    return ordered[[*columns, "conf_low", "conf_high", "mse", "mse_reference"]].reset_index(drop=True)
