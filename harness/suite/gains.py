"""Gains of every estimator on every panel: over pooled OLS, two-way effects and the best simple rival."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from harness.evaluation.gain import gain_over, holm_adjusted
from harness.evaluation.tables import Bootstrap
from harness.suite.panels import PanelResult
from harness.suite.spec import Suite

Row = Mapping[str, object]

Over = Literal["pooled", "two_way", "simple"]
OVERS: tuple[Over, ...] = ("pooled", "two_way", "simple")
"""What gains are over: pooled least squares, two-way effects, and on each panel the best simple rival."""


def reference_of(suite: Suite, result: PanelResult, over: Over) -> str:
    """Return the estimator that a gain is over on a panel.

    The best simple rival is the one with the least error on the very rows that are tested, so that a gain
    over it is, if anything, too small.
    """
    if over == "simple":
        return result.best_of(suite.simple) or suite.simple[0]
    return suite.pooled if over == "pooled" else suite.two_way


def gain_rows(suite: Suite, results: Sequence[PanelResult]) -> pd.DataFrame:
    """Return the gains of all panels; Holm's adjustment is over panels and flexible estimators together."""
    rows = pd.DataFrame([row for result in results for row in _rows(suite, result)])
    adjusted = pd.Series(np.nan, index=rows.index)
    flexible = rows[rows["estimator"].isin(suite.flexible)]
    for _, own in flexible.groupby(["protocol", "over"], sort=False):
        adjusted[own.index] = holm_adjusted(own["p_value"].to_numpy(np.float64))
    return rows.assign(p_holm=adjusted)


def _rows(suite: Suite, result: PanelResult) -> Iterator[Row]:
    shape = result.shape
    size = {"n_obs": shape.n_obs, "n_entities": shape.n_entities, "n_periods": shape.n_periods}
    for estimator in suite.estimator_ids:
        for over in OVERS:
            reference = reference_of(suite, result, over)
            if reference == estimator or (over == "simple" and estimator in suite.simple):
                continue
            place: Row = {"study": shape.place.study, "outcome": shape.place.outcome, "estimator": estimator}
            within = {"protocol": result.protocol, "over": over, "reference": reference}
            yield {**place, **within, **size, **_gain(suite, result, estimator, reference)}


def _gain(suite: Suite, result: PanelResult, estimator: str, reference: str) -> Row:
    cost: Row = {
        "seconds": result.seconds.get(estimator, np.nan),
        "memory": result.memory.get(estimator, np.nan),
        "mse": result.mse.get(estimator, np.nan),
        "nmse": result.nmse.get(estimator, np.nan),
    }
    for name, before in ((estimator, ""), (reference, f"the reference '{reference}' has no predictions: ")):
        if not result.has(name):
            reason = before + result.reasons.get(name, "it was not run")
            return {**cost, "p_value": np.nan, "status": "refused", "reason": reason}
    if result.losses is None:
        raise AssertionError("estimators with an error have losses")
    found = gain_over(
        result.losses.by_entity(estimator, reference),
        level=suite.level,
        draws=Bootstrap(suite.level, suite.draws, suite.seed).draws(result.place.outcome),
        periods=result.losses.by_period(estimator, reference),
    )
    figures = {"gain": found.gain, "conf_low": found.conf_low, "conf_high": found.conf_high}
    tested = {"p_value": found.p_value, "inference": found.inference}
    return {**cost, **figures, **tested, "status": "ok", "reason": ""}
