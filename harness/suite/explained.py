"""Where flexible estimators gain: rank correlations of their error ratios with features of the panels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats
from harness.suite.overall import LogErrors
from harness.suite.panels import PanelPlace, PanelResult, PanelShape
from harness.suite.spec import Suite

FEATURES: Mapping[str, str] = {
    "n_entities": "entities",
    "n_periods": "periods",
    "n_obs": "rows",
    "share_between": "share of variance between entities",
    "curvature": "curvature found",
}
"""Features of a panel, in words."""

MIN_PANELS = 6
"""Fewest panels from which a rank correlation is given."""


def curvature_of(suite: Suite, results: Sequence[PanelResult]) -> Mapping[PanelPlace, float]:
    """Return the gain of the suite's curvature estimator over pooled OLS, by panel.

    It is that of the suite's first protocol which the panel was asked; NaN where either has no predictions.
    """
    found: dict[PanelPlace, float] = {}
    for result in results:
        if suite.curvature and result.has(suite.curvature) and result.has(suite.pooled):
            gain = 1.0 - result.mse[suite.curvature] / result.mse[suite.pooled]
            found.setdefault(result.place, gain)
    return {result.place: found.get(result.place, float("nan")) for result in results}


def features_of(shape: PanelShape, curvature: float) -> Mapping[str, float]:
    """Return the features of a panel, by the names of `FEATURES`."""
    return {
        "n_entities": float(shape.n_entities),
        "n_periods": float(shape.n_periods),
        "n_obs": float(shape.n_obs),
        "share_between": shape.share_between,
        "curvature": curvature,
    }


def explained_rows(
    suite: Suite,
    results: Sequence[PanelResult],
    errors: LogErrors,
    curvature: Mapping[PanelPlace, float],
    *,
    rng: Generator,
) -> Iterator[Mapping[str, object]]:
    """Yield Spearman's rank correlations of log error ratios over two-way effects with every feature.

    Intervals resample panels. A correlation below zero says that the estimator does better, beside two-way
    effects, where the feature is larger. It is a table of what goes together, not of causes.

    Parameters
    ----------
    results : of one protocol, a panel each, as in `errors`
    """
    asked = [result for result in results if result.has(suite.two_way)]
    known = [features_of(result.shape, curvature[result.place]) for result in asked]
    for estimator in suite.flexible:
        ratios, _ = errors.over(estimator, (suite.two_way,))
        for name in FEATURES:
            values = np.array([features[name] for features in known])
            there = np.isfinite(values) & np.isfinite(ratios)
            varies = np.unique(values[there]).size > 1 and np.unique(ratios[there]).size > 1
            if there.sum() >= MIN_PANELS and varies:
                low, high = _limits(ratios[there], values[there], suite=suite, rng=rng)
                yield {
                    "estimator": estimator,
                    "feature": name,
                    "rank_correlation": float(rank_correlation(ratios[there], values[there])),
                    "conf_low": low,
                    "conf_high": high,
                    "n_panels": int(there.sum()),
                }


def rank_correlation(first: Floats, second: Floats) -> Floats:
    """Return Spearman's rank correlations along the last axis; NaN where either does not vary."""
    from scipy.stats import rankdata

    one, other = (rankdata(values, axis=-1) for values in (first, second))
    one, other = (ranks - ranks.mean(axis=-1, keepdims=True) for ranks in (one, other))
    size = np.sqrt((one**2).sum(axis=-1) * (other**2).sum(axis=-1))
    varies = size > 0
    return np.where(varies, (one * other).sum(axis=-1) / np.where(varies, size, 1.0), np.nan)


def _limits(ratios: Floats, values: Floats, *, suite: Suite, rng: Generator) -> tuple[float, float]:
    picks = rng.integers(ratios.size, size=(suite.draws, ratios.size))
    drawn = rank_correlation(ratios[picks], values[picks])
    tail = (1.0 - suite.level) / 2.0
    low, high = np.quantile(drawn[np.isfinite(drawn)], [tail, 1.0 - tail])
    return float(low), float(high)
