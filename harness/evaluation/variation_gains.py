"""Gains of the variations of a study, what each choice of a multiverse moves, and tests of all together.

The gains of a multiverse are a specification curve (Simonsohn, Simmons and Nelson 2020): all combinations
are computed, and none is singled out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from harness.arrays import Floats
from harness.evaluation.losses import SAMPLES, ClusterLosses, PairedLosses, SampleRows, samples
from harness.evaluation.tables import gains_table
from harness.language import Coded, marked
from harness.rng import random_stream
from harness.study.variation import MULTIVERSE, Variation
from harness.tables.decision import UNTESTED, decide, decide_by_intervals, size_of
from harness.tables.table import STATUS, coded
from harness.tables.variations import GAIN

# Cells without predictions, where there are none.
NOTHING_MISSING = pd.DataFrame(columns=["outcome", "estimator", "protocol", *STATUS, "over"])


@dataclass(frozen=True)
class GainComparison:
    """Variations whose gains are taken on the same rows.

    Attributes
    ----------
    list : that the variations belong to
    fits : keys of the variations, by what their fits are called in the predictions
    references : ids of the estimators that gains are over, by what their fits are called
    estimator : id of the estimator that is varied; empty for the names of the fits
    quantity : as in `harness.tables.variations.VariationGainRow`
    protocol : id; None for all
    splits : the first so many of the protocol's; None for all
    samples : of the rows compared
    """

    list: str
    fits: Mapping[str, str]
    references: Mapping[str, str]
    estimator: str = ""
    quantity: str = GAIN
    protocol: str | None = None
    splits: int | None = None
    samples: Sequence[str] = ("test",)

    def gains(self, predictions: pd.DataFrame, missing: pd.DataFrame, *, level: float) -> pd.DataFrame:
        """Return the gains, and a row for each cell without predictions; see `variation_gains`."""
        rows = predictions[predictions["estimator"].isin([*self.fits, *self.references])]
        missing = missing[missing["estimator"].isin(self.fits) & missing["over"].isin(self.references)]
        about: dict[str, str | int] = {"list": self.list, "quantity": self.quantity}
        if self.protocol is not None:
            rows = rows[rows["protocol"] == self.protocol]
            missing = missing[missing["protocol"] == self.protocol]
            folds = sorted(rows["fold"].astype(str).unique(), key=int)[: self.splits]
            rows = rows[rows["fold"].isin(folds)]
            about["n_folds"] = len(folds)
        among = {sample: SAMPLES[sample] for sample in self.samples}
        gains = gains_table(rows, references=tuple(self.references), level=level, among=among)
        holes = missing.rename(columns={"over": "reference"})
        parts = [
            gains.rename(columns={"gain": "estimate"}),
            holes.merge(pd.DataFrame({"sample": list(self.samples)}), how="cross"),
        ]
        filled = [part[part["estimator"].isin(self.fits)] for part in parts if len(part)]
        if not filled:
            return pd.DataFrame()
        whole = pd.concat(filled, ignore_index=True)
        estimator = self.estimator or whole["estimator"]
        names = {
            "variation": whole["estimator"].map(self.fits),
            "reference": whole["reference"].map(self.references),
        }
        return whole.assign(**names, **about, estimator=estimator)


def variation_gains(
    predictions: pd.DataFrame,
    comparisons: Iterable[GainComparison],
    missing: pd.DataFrame = NOTHING_MISSING,
    *,
    level: float,
) -> Iterator[pd.DataFrame]:
    """Yield the gains of every comparison, a row each with what it says.

    Parameters
    ----------
    predictions : as in `harness.evaluation.tables.accuracy_table`, of variations and references
    missing : cells without a gain: outcome, estimator, protocol, status, reason and its code, and what the
        fits of the reference are called
    level : in (0, 1), nominal coverage of the intervals, by which alone it is decided
    """
    for one in comparisons:
        gains = one.gains(predictions, missing, level=level)
        if len(gains):
            numbers = gains.reindex(columns=["estimate", "conf_low", "conf_high"])
            decisions = decide_by_intervals(*numbers.to_numpy().T, size=size_of(level))
            yield gains.assign(decision=decisions)


def choice_table(gains: pd.DataFrame, variations: Iterable[Variation]) -> pd.DataFrame:
    """Return what each choice of a multiverse moves.

    Parameters
    ----------
    gains : as `variation_gains` yields them
    variations : of the multiverse, among others

    Returns
    -------
    outcome, choice, level, n, mean_gain, mean_mse (over all combinations with that level) and
    share_of_variance: of the variance of the gain over all combinations, the part between the levels of this
    choice alone. The shares of all choices add up to one only where the choices do not act together.
    """
    chosen = {
        one.key: {change.option: change.text for change in one.changes}
        for one in variations
        if one.list == MULTIVERSE
    }
    whole = gains[(gains["list"] == MULTIVERSE) & (gains["status"] == "ok")]
    options = pd.DataFrame([chosen[key] for key in whole["variation"]], index=whole.index)
    choices = whole[["reference", "protocol", "sample"]].join(options)
    rows = []
    for outcome, estimates in whole.groupby("outcome", sort=False)["estimate"]:
        total = float(((estimates - estimates.mean()) ** 2).sum())
        for choice in choices:
            chosen_levels = choices[choice].loc[estimates.index]
            levels = estimates.groupby(chosen_levels, sort=False).agg(["mean", "size"])
            levels["mse"] = whole["mse"].groupby(chosen_levels, sort=False).mean()
            between = float((levels["size"] * (levels["mean"] - estimates.mean()) ** 2).sum())
            share = {"share_of_variance": between / total if total > 0 else 0.0}
            for level, row in levels.iterrows():
                key = {"outcome": outcome, "choice": choice, "level": level}
                means = {"mean_gain": float(row["mean"]), "mean_mse": float(row["mse"])}
                rows.append(key | {"n": int(row["size"])} | means | share)
    return pd.DataFrame(rows)


NEW_PERIODS = marked("period shocks are common to all entities, and few periods were tested")

# Fewest entities with which the tests kept their size where losses are skewed.
FEWEST_ENTITIES = 150
TOO_FEW_ENTITIES = Coded("there are too few entities to test: fewer than {least}", least=FEWEST_ENTITIES)

# Times that losses change places.
N_DRAWS = 2000

# Room for rounding in the comparison of statistics, which are fractions.
ROUNDING = 1e-12


def curve_tests(
    pairs: Sequence[ClusterLosses], signs: Floats, *, level: float
) -> Iterator[tuple[str, float, float]]:
    """Yield each statistic of a specification curve with its value and p-value.

    They are the median gain, the share of specifications whose gain has the dominant sign, and the larger of
    the shares of gains that are significantly positive and significantly negative. Medians are compared as
    differences over the mean of both losses, which rise with the gain and change their sign alone where all
    losses change places.

    Parameters
    ----------
    pairs : a specification each, at least one, losses summed within the same entities
    signs : (n_draws, n_entities), -1 where the losses of an entity change places
    level : in (0, 1); a gain is significant where a t test by entity rejects at 1 - `level`
    """
    from scipy import stats

    loss, reference = (np.stack([getattr(one, name) for one in pairs]) for name in ("loss", "loss_reference"))
    difference, rows, n_entities = reference - loss, pairs[0].n_rows, pairs[0].n_rows.size
    signs = np.vstack([np.ones(n_entities), signs])  # the first draw is what was observed
    mean = signs @ difference.T / rows.sum()
    scores = (difference**2).sum(axis=1) + mean**2 * float(rows @ rows)
    scores -= 2.0 * mean * (signs @ (difference * rows).T)
    error = np.sqrt(n_entities / (n_entities - 1) * np.maximum(scores, 0.0)) / rows.sum()
    half_width = float(stats.t.ppf((1.0 + level) / 2.0, n_entities - 1)) * error
    with np.errstate(divide="ignore", invalid="ignore"):  # where neither errs
        median = np.median(mean / (loss + reference).sum(axis=1), axis=1)
        gain = float(np.median(1.0 - loss.sum(axis=1) / reference.sum(axis=1)))
    for name, values in (
        ("median_gain", np.abs(median)),
        ("share_of_dominant_sign", np.maximum(*((side > 0.0).mean(axis=1) for side in (mean, -mean)))),
        ("share_significant", np.maximum(*((side > half_width).mean(axis=1) for side in (mean, -mean)))),
    ):
        value = gain if name == "median_gain" else float(values[0])
        yield name, value, float(np.mean(~(values < values[0] - ROUNDING)))


def joint_tests(
    predictions: pd.DataFrame, multiverse: Sequence[GainComparison], *, level: float, seed: int
) -> pd.DataFrame:
    """Return the joint tests of a multiverse over all references, for the test rows of every protocol.

    Parameters
    ----------
    predictions : as in `harness.evaluation.tables.accuracy_table`, of variations and references
    multiverse : its comparisons, at least one
    level : in (0, 1); a gain is significant where a t test by entity rejects at 1 - `level`
    seed : root seed

    Returns
    -------
    Columns of `harness.tables.gain.JointTestRow`. A protocol under which no tested period is trained on has
    no p-values, since entities of a period have their shocks in common; neither have fewer than
    `FEWEST_ENTITIES`, where the test of skewed losses rejects too often.
    """
    rows = []
    for sample in samples(predictions, among={"test": SAMPLES["test"]}):
        place = {name: sample.place[name] for name in ("outcome", "protocol")}
        place |= {"estimator": multiverse[0].estimator}
        rows += [{**place, **row} for row in _rows(sample, multiverse, level, seed)]
    return pd.DataFrame(map(coded, rows))


def _rows(
    sample: SampleRows, multiverse: Sequence[GainComparison], level: float, seed: int
) -> Iterator[Mapping[str, object]]:
    losses = PairedLosses.of(sample)
    there = set(losses.estimators)
    pairs = (pair for one in multiverse for pair in product(one.fits, one.references))
    names = [pair for pair in pairs if there.issuperset(pair)]
    if not names:
        return
    paired = [losses.by_entity(*pair) for pair in names]
    n_entities = paired[0].n_rows.size
    sizes = {"n_specifications": len(paired), "n_entities": n_entities, "decision": UNTESTED}
    if sample.new_periods or n_entities < FEWEST_ENTITIES:
        reason = NEW_PERIODS if sample.new_periods else TOO_FEW_ENTITIES
        yield {**sizes, "statistic": "median_gain", "status": "refused", "reason": reason}
        return
    rng = random_stream(seed, "specification curve", sample.place["outcome"])
    signs = rng.choice([-1.0, 1.0], size=(N_DRAWS, n_entities))
    for statistic, value, p_value in curve_tests(paired, signs, level=level):
        numbers: dict[str, object] = {"statistic": statistic, "value": value, "p_value": p_value}
        if statistic == "median_gain":
            numbers["decision"] = decide(value, np.nan, np.nan, p_value, by="p", size=size_of(level))
        yield {**sizes, **numbers, "status": "ok", "reason": ""}
