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
from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness.arrays import Floats
from harness.evaluation.losses import SAMPLES, ClusterLosses, PairedLosses, SampleRows, samples
from harness.evaluation.multiverse import Universe
from harness.language import marked
from harness.rng import random_stream

NEW_PERIODS = marked("what is common to a period moves all entities together, and few periods were tested")
ONE_ENTITY = marked("there are no two entities")

# Times that losses change places.
N_DRAWS = 2000

# Room for rounding in the comparison of statistics, which are fractions.
ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class SpecificationCurve:
    """Losses under several specifications on the same rows, summed within entities.

    Attributes
    ----------
    gain : (n_specifications,), fractions
    difference : (n_specifications, n_entities), loss of the reference less own loss
    size : (n_specifications,), mean of both losses, summed over entities
    n_rows : (n_entities,), rows summed
    """

    gain: Floats
    difference: Floats
    size: Floats
    n_rows: Floats

    @classmethod
    def of(cls, pairs: Sequence[ClusterLosses]) -> SpecificationCurve:
        """Return the curve of pairs of losses, at least one, within the same entities."""
        loss, reference = (
            np.stack([getattr(one, name) for one in pairs]) for name in ("loss", "loss_reference")
        )
        own, other = loss.sum(axis=1), reference.sum(axis=1)
        return cls(1.0 - own / other, reference - loss, (own + other) / 2.0, pairs[0].n_rows)

    def tests(self, signs: Floats, *, level: float) -> Iterator[tuple[str, float, float]]:
        """Yield each statistic with its value and p-value.

        They are the median gain, the share of specifications whose gain has the dominant sign, and the
        larger of the shares of gains that are significantly positive and significantly negative.

        Parameters
        ----------
        signs : (n_draws, n_entities), -1 where the losses of an entity change places
        level : in (0, 1); a gain is significant where a t test by entity rejects at 1 - `level`
        """
        here = self._statistics(np.ones((1, self.n_rows.size)), level=level)
        drawn = self._statistics(signs, level=level)
        values = {name: float(own[0]) for name, own in here.items()} | {
            "median_gain": float(np.median(self.gain))
        }
        for name, own in here.items():
            n_beyond = int((drawn[name] >= own[0] - ROUNDING).sum())
            yield name, values[name], (1 + n_beyond) / (1 + len(signs))

    def _statistics(self, signs: Floats, *, level: float) -> Mapping[str, Floats]:
        """Return every statistic under each draw of signs, (n_draws,).

        The median is of differences over the mean of both losses, which rise with the gain and change
        their sign alone where all losses change places.
        """
        from scipy import stats

        n_entities, n_rows = self.n_rows.size, self.n_rows.sum()
        sums = signs @ self.difference.T
        mean = sums / n_rows
        scores = (self.difference**2).sum(axis=1) + mean**2 * float(self.n_rows @ self.n_rows)
        scores -= 2.0 * mean * (signs @ (self.difference * self.n_rows).T)
        error = np.sqrt(n_entities / (n_entities - 1) * np.maximum(scores, 0.0)) / n_rows
        reach = float(stats.t.ppf((1.0 + level) / 2.0, n_entities - 1)) * error
        sides = ((mean, reach), (-mean, reach))
        return {
            "median_gain": np.abs(np.median(sums / self.size, axis=1)),
            "share_of_dominant_sign": np.maximum(*((own > 0.0).mean(axis=1) for own, _ in sides)),
            "share_significant": np.maximum(*((own > beyond).mean(axis=1) for own, beyond in sides)),
        }


def joint_tests(
    predictions: pd.DataFrame,
    universes: Sequence[Universe],
    *,
    references: Sequence[str],
    level: float,
    seed: int,
) -> pd.DataFrame:
    """Return the joint tests of all universes over all references, for the test rows of every protocol.

    Parameters
    ----------
    predictions : as in `harness.evaluation.tables.accuracy_table`, of universes and references
    level : in (0, 1); a gain is significant where a t test by entity rejects at 1 - `level`
    seed : root seed

    Returns
    -------
    Columns of `harness.tables.gain.JointTestRow`. A protocol under which no tested period is trained on has
    no p-values: entities of a period have their shocks in common.
    """
    rows = []
    for sample in samples(predictions, among={"test": SAMPLES["test"]}):
        place = {name: sample.place[name] for name in ("outcome", "protocol")}
        place |= {"estimator": universes[0].estimator}
        rows += [{**place, **row} for row in _rows(sample, universes, references, level, seed)]
    return pd.DataFrame(rows)


def _rows(
    sample: SampleRows, universes: Sequence[Universe], references: Sequence[str], level: float, seed: int
) -> Iterator[Mapping[str, object]]:
    losses = PairedLosses.of(sample)
    there = set(losses.estimators)
    names = [(one.id, other) for other in references for one in universes if {one.id, other} <= there]
    if not names:
        return
    pairs = [losses.by_entity(*pair) for pair in names]
    n_entities = pairs[0].n_rows.size
    sizes = {"n_specifications": len(pairs), "n_entities": n_entities}
    if sample.new_periods or n_entities < 2:
        reason = NEW_PERIODS if sample.new_periods else ONE_ENTITY
        yield {**sizes, "statistic": "median_gain", "status": "refused", "reason": reason}
        return
    rng = random_stream(seed, "specification curve", sample.place["outcome"])
    signs = rng.choice([-1.0, 1.0], size=(N_DRAWS, n_entities))
    for statistic, value, p_value in SpecificationCurve.of(pairs).tests(signs, level=level):
        numbers = {"statistic": statistic, "value": value, "p_value": p_value}
        yield {**sizes, **numbers, "status": "ok", "reason": ""}
