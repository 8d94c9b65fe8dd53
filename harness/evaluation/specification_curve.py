"""All combinations of a multiverse taken together, compared with what chance alone would make of them.

Simonsohn, Simmons and Nelson (2020, Nature Human Behaviour 4, 1208-1214) compare three statistics of the
curve with their distribution where no specification has an effect, all specifications drawn together. Here
no effect is that estimator and reference predict equally well, and a draw lets their losses change places in
entities picked at random, the same ones in every specification: random signs of loss differences, under the
null as in the wild cluster bootstrap (Cameron, Gelbach and Miller 2008). It is exact where differences are
symmetric about zero, and holds in large samples otherwise (Canay, Romano and Shaikh 2017).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

import numpy as np
import pandas as pd

from harness.arrays import Floats
from harness.evaluation.losses import SAMPLES, ClusterLosses, PairedLosses, SampleRows, samples
from harness.evaluation.variation_gains import GainComparison
from harness.language import Coded, marked
from harness.rng import random_stream
from harness.tables.decision import UNTESTED, decide, size_of
from harness.tables.table import coded

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
