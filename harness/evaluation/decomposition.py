"""Where a gain comes from: the in-sample gain, taken apart into differences between protocols."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness.arrays import Floats
from harness.evaluation.losses import PairedLosses
from harness.evaluation.resample import draw_counts
from harness.evaluation.tables import Bootstrap
from harness.rng import random_stream


@dataclass(frozen=True)
class GainPart:
    """A part of the in-sample gain.

    Attributes
    ----------
    name : of the part
    with_it : protocol whose gain holds the part
    without_it : protocol whose gain does not, all else equal; empty for what remains at the end
    """

    name: str
    with_it: str
    without_it: str = ""


PARTS: tuple[GainPart, ...] = (
    GainPart("optimism of in-sample fit", "in_sample", "as_published"),
    GainPart("selection on the test rows", "as_published", "random_rows"),
    GainPart("recognising entities and periods", "random_rows", "held_out_entities"),
    GainPart("functional form", "held_out_entities"),
)
"""The parts add up to the in-sample gain. What remains for entities never seen is due to functional form."""


@dataclass(frozen=True, eq=False)
class Losses:
    """Losses of one estimator and the reference under one protocol, (n_entities,) each, zero if untested."""

    own: Floats
    reference: Floats

    def gain(self, counts: Floats) -> Floats:
        """Return the gain in each draw of entities, (n_draws,), from counts (n_draws, n_entities)."""
        return np.asarray(1.0 - (counts @ self.own) / (counts @ self.reference))


def decomposition_table(
    predictions: pd.DataFrame, *, reference: str, protocols: Mapping[str, str], bootstrap: Bootstrap
) -> pd.DataFrame:
    """Return the parts of every estimator's in-sample gain, with intervals from draws of whole entities.

    Parameters
    ----------
    predictions : as in `harness.evaluation.tables.accuracy_table`
    reference : estimator that gains are over
    protocols : id in `predictions` of each protocol in `PARTS`; without all of them the table is empty

    Returns
    -------
    outcome, estimator, reference, part, estimate, conf_low, conf_high; ``in-sample gain`` is the sum.
    """
    needed = [part.with_it for part in PARTS]
    if not set(needed) <= set(protocols):
        return pd.DataFrame()
    rows = predictions[predictions["sample"] == "test"]
    found: list[dict[str, object]] = []
    for outcome, own in rows.groupby("outcome", sort=False, observed=True):
        entities = sorted(own["entity"].unique())
        paired = {name: PairedLosses.of(own[own["protocol"] == protocols[name]]) for name in needed}
        rng = random_stream(bootstrap.seed, "decomposition", str(outcome))
        counts = draw_counts(len(entities), bootstrap.n_draws, rng).astype(np.float64)
        for estimator in _in_all(paired.values(), reference):
            losses = {name: _losses(pairs, estimator, reference, entities) for name, pairs in paired.items()}
            place = {"outcome": outcome, "estimator": estimator, "reference": reference}
            found += [place | row for row in _rows(losses, counts, level=bootstrap.level)]
    return pd.DataFrame(found)


def _in_all(paired: Collection[PairedLosses], reference: str) -> list[str]:
    """Return the estimators beside the reference that have predictions under every protocol."""
    first, *others = (losses.estimators for losses in paired)
    if not all(reference in names for names in (first, *others)):
        return []
    return [name for name in first if name != reference and all(name in names for names in others)]


def _losses(paired: PairedLosses, estimator: str, reference: str, entities: Sequence[str]) -> Losses:
    sums = paired.frame.groupby(level="entity")[[estimator, reference]].sum()
    by = sums.reindex(list(entities), fill_value=0.0)
    return Losses(by[estimator].to_numpy(), by[reference].to_numpy())


def _rows(losses: Mapping[str, Losses], counts: Floats, *, level: float) -> Iterator[dict[str, object]]:
    everyone = np.ones((1, counts.shape[1]))
    tail = (1.0 - level) / 2.0
    total = GainPart("in-sample gain", PARTS[0].with_it)
    for part in (total, *PARTS):
        at, drawn = (
            losses[part.with_it].gain(weights)
            - (losses[part.without_it].gain(weights) if part.without_it else 0.0)
            for weights in (everyone, counts)
        )
        low, high = np.quantile(drawn, [tail, 1.0 - tail])
        yield {"part": part.name, "estimate": float(at[0]), "conf_low": float(low), "conf_high": float(high)}
