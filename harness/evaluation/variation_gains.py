"""Gains of the variations of a study, and what each choice of a multiverse moves.

The gains of a multiverse are a specification curve (Simonsohn, Simmons and Nelson 2020): all combinations
are computed, and none is singled out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from harness.evaluation.losses import SAMPLES
from harness.evaluation.tables import gains_table
from harness.study.variation import MULTIVERSE, Variation
from harness.tables.decision import decide_by_intervals, size_of
from harness.tables.table import STATUS
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
