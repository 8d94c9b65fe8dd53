"""The recognition index: what share of a gain on random rows is gone for entities never seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness.arrays import Floats
from harness.evaluation.gain import ratio_limits
from harness.language import marked

# The protocols whose gains are compared, as they are chosen by name.
KNOWN, NEW = "random_rows", "held_out_entities"

NOTHING_GAINED = marked("the gain under random rows is not significantly above zero")
NO_PREDICTIONS = marked("the estimator or the reference has no predictions under one of the two protocols")


@dataclass(frozen=True, eq=False)
class ScoredGain:
    """A gain, and what each entity does to it.

    Attributes
    ----------
    gain : fraction of the error of the reference
    scores : (n_entities,), linear parts of the gain; their sum is zero
    """

    gain: float
    scores: Floats

    @classmethod
    def of(cls, loss: Floats, loss_reference: Floats, *, test_to_train: float = 0.0) -> ScoredGain:
        """Return the gain of losses that are summed within entities, (n_entities,) each.

        Folds share training rows, for which scores are widened as the errors of gains are
        (`harness.evaluation.gain.loss_totals`), given test rows over training rows of a fold.
        """
        total = loss_reference.sum()
        with np.errstate(divide="ignore", invalid="ignore"):  # of a reference without error none is defined
            gain = float(1.0 - loss.sum() / total)
            scores = ((1.0 - gain) * loss_reference - loss) / total
        return cls(gain, scores * np.sqrt(1.0 + test_to_train))


def share_gone(known: ScoredGain, new: ScoredGain, *, level: float) -> tuple[float, float, float] | None:
    """Return 1 - new / known and the limits of its interval; None where `known` is not above zero.

    The interval is that of Fieller (1954) for a ratio: all shares that a t test with errors clustered by
    entity does not reject, both gains resampling the same entities. It is bounded where the same test finds
    `known` above zero, and holds its level however small `known` is, which that of the delta method does not.

    Parameters
    ----------
    known, new : gains on the same entities; zero scores where one of them does not test an entity
    level : in (0, 1), nominal coverage
    """
    from scipy import stats

    n_entities = known.scores.size
    if n_entities < 2:
        return None
    scores = np.stack([new.scores, known.scores])
    covariance = scores @ scores.T * n_entities / (n_entities - 1)
    reach = float(stats.t.ppf((1.0 + level) / 2.0, n_entities - 1))
    limits = ratio_limits(np.array([new.gain, known.gain]), covariance, reach=reach)
    if limits is None or not known.gain > 0.0:
        return None
    return 1.0 - new.gain / known.gain, 1.0 - limits[1], 1.0 - limits[0]


def recognition_table(
    predictions: pd.DataFrame, *, reference: str, protocols: Mapping[str, str], level: float
) -> pd.DataFrame:
    """Return of every estimator's gain on random rows the share that is gone for entities never seen.

    Parameters
    ----------
    predictions : the table ``predictions``
    reference : estimator that gains are over
    protocols : id in `predictions` of each protocol, by the name it is chosen by
    level : in (0, 1), nominal coverage of the intervals

    Returns
    -------
    Columns of `harness.tables.gain.RecognitionRow`; no rows where the study lacks one of the protocols.
    """
    if not {KNOWN, NEW} <= protocols.keys() or predictions.empty:
        return pd.DataFrame()
    pair = [protocols[KNOWN], protocols[NEW]]
    compared = predictions[predictions["protocol"].isin(pair)]
    sizes = compared.groupby(["protocol", "sample"], observed=True).size()
    shares = {protocol: float(sizes[protocol, "test"] / sizes[protocol, "train"]) for protocol in pair}
    tested = compared[compared["sample"] == "test"]
    losses = tested.assign(loss=(tested["observed"] - tested["predicted"]) ** 2)
    return pd.DataFrame(
        [
            {"outcome": outcome, "estimator": estimator, "reference": reference, **row}
            for outcome, own in losses.groupby("outcome", sort=False, observed=True)
            for estimator, row in _rows(own, reference, shares, level=level)
        ]
    )


def _rows(
    losses: pd.DataFrame, reference: str, shares: Mapping[str, float], *, level: float
) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield every estimator of one outcome with its row; shares of test to training rows are by protocol."""
    wide = losses.pivot_table(
        "loss", ["protocol", "estimator"], "entity", "sum", fill_value=0.0, observed=True, sort=False
    )
    for estimator in losses["estimator"].unique():
        if estimator == reference:
            continue
        cells = [(protocol, name) for protocol in shares for name in (estimator, reference)]
        if not all(cell in wide.index for cell in cells):
            yield estimator, {"status": "refused", "reason": NO_PREDICTIONS}
            continue
        own = wide.loc[cells].to_numpy(np.float64)
        pairs = zip((own[:2], own[2:]), shares.values(), strict=True)
        known, new = (ScoredGain.of(*two, test_to_train=share) for two, share in pairs)
        numbers = {"gain_known": known.gain, "gain_new": new.gain, "n_entities": wide.shape[1]}
        found = share_gone(known, new, level=level)
        if found is None:
            yield estimator, {**numbers, "status": "refused", "reason": NOTHING_GAINED}
        else:
            limits = dict(zip(("estimate", "conf_low", "conf_high"), found, strict=True))
            yield estimator, {**limits, **numbers, "status": "ok", "reason": ""}
