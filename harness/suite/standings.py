"""Standings over all panels of a suite and over those of a shape: ranks and error ratios with intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats, Mask
from harness.suite.findings import MIN_PANELS
from harness.suite.overall import LogErrors, PanelResult, Row, comparison, limits
from harness.suite.spec import Suite

ALL, WITHOUT_INFLUENTIAL = "all", "without_influential"

# Which panels a subset has, by their shape, and how it is headed; the limits were set before any run.
SUBSETS: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    ALL: lambda _: True,
    "short": lambda shape: shape["n_periods"] < 10,
    "long": lambda shape: shape["n_periods"] >= 10,
    "few": lambda shape: shape["n_entities"] < 100,
    "many": lambda shape: shape["n_entities"] >= 100,
    "moving": lambda shape: shape["exposure_between"] < 0.5,
    "standing": lambda shape: shape["exposure_between"] >= 0.5,
}
SUBSET_TITLES: Mapping[str, str] = {
    ALL: "All panels",
    WITHOUT_INFLUENTIAL: "Without the ten most influential",
    "short": "Fewer than ten periods",
    "long": "Ten periods and more",
    "few": "Fewer than 100 entities",
    "many": "100 entities and more",
    "moving": "Exposure varies mostly within entities",
    "standing": "Exposure varies mostly between entities",
}

# Panels that an answer has to do without.
N_INFLUENTIAL = 10


def ranks_of(log_errors: Floats) -> Floats:
    """Return ranks along the last axis, 1 the least; NaN, which stands for a refusal, is last.

    Errors that are alike to ten digits are ties.
    """
    from scipy.stats import rankdata

    known = np.where(np.isnan(log_errors), np.inf, np.round(log_errors, 10))
    return np.asarray(rankdata(known, axis=-1), dtype=np.float64)


def rank_intervals(errors: LogErrors, *, level: float, rng: Generator) -> tuple[Floats, Floats, Floats]:
    """Return average ranks of all estimators over the panels and the limits of their intervals.

    Panels are drawn with replacement, and of each drawn panel one of the draws of its entities, as
    `harness.suite.overall.comparison` does.

    Returns
    -------
    (n_estimators,) each: average rank, lower and upper limit.
    """
    n_panels, n_draws = errors.drawn.shape[:2]
    drawn = ranks_of(errors.drawn)
    panels, inner = (rng.integers(size, size=(n_draws, n_panels)) for size in (n_panels, n_draws))
    means = drawn[panels, inner].mean(axis=1)
    both = [limits(drawn_ranks, level) for drawn_ranks in means.T]
    return ranks_of(errors.observed).mean(axis=0), *np.array(both, dtype=np.float64).T


def influential(ratios: Floats) -> Mask:
    """Return which panels, (n_panels,) true or false, move the mean most by their absence.

    Parameters
    ----------
    ratios : (n_panels,), log error ratios; NaN for a refusal, which moves no mean
    """
    distance = np.abs(ratios - np.nanmean(ratios))
    order = np.argsort(np.where(np.isnan(distance), -1.0, distance), kind="stable")
    found = np.zeros(ratios.size, dtype=np.bool_)
    found[order[-N_INFLUENTIAL:]] = True
    return found


# Other losses than squared error: what a cell calls them, and the columns of their ratios and limits.
OTHER_LOSSES: Mapping[str, tuple[str, str, str]] = {
    "mae": ("log_absolute_ratio", "absolute_low", "absolute_high"),
    "mis": ("log_interval_ratio", "interval_low", "interval_high"),
}


def loss_ratios(
    results: Sequence[PanelResult], loss: str, estimator: str, references: Sequence[str]
) -> Floats:
    """Return log ratios of a loss, one of `OTHER_LOSSES`, to the least of some references', (n_panels,)."""

    def error(result: PanelResult, name: str) -> float:
        return float(result.cells.get(name, {}).get(loss, np.nan))

    least = [np.fmin.reduce([error(result, name) for name in references]) for result in results]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log([error(result, estimator) for result in results]) - np.log(least)


def standing_rows(
    suite: Suite, results: Sequence[PanelResult], errors: LogErrors, *, rng: Generator
) -> Iterator[Row]:
    """Yield where every estimator stands over all panels, without the most influential, and by shape.

    Error ratios are over the suite's best simple rival. Nothing is said of fewer than `MIN_PANELS` panels.

    Parameters
    ----------
    results : of one protocol, a panel each, as in `errors`
    """
    references = (suite.rival,) if suite.rival else suite.simple
    subsets = {
        name: np.array([holds(result.shape) for result in results], dtype=np.bool_)
        for name, holds in SUBSETS.items()
    }
    if suite.network and len(results) >= N_INFLUENTIAL + MIN_PANELS:
        of_network = errors.ratios(suite.network, references)
        if np.isfinite(of_network).any():
            subsets[WITHOUT_INFLUENTIAL] = ~influential(of_network)
    for name, chosen in subsets.items():
        if chosen.sum() < MIN_PANELS:
            continue
        chosen_errors = LogErrors(errors.estimators, errors.observed[chosen], errors.drawn[chosen])
        ranks = rank_intervals(chosen_errors, level=suite.level, rng=rng)
        for estimator, rank, low, high in zip(chosen_errors.estimators, *ranks, strict=True):
            row = {"subset": name, "estimator": estimator, "n_panels": int(chosen.sum())}
            row |= {"average_rank": float(rank), "rank_low": float(low), "rank_high": float(high)}
            compared = None
            if estimator not in references:
                among = [results[at] for at in np.flatnonzero(chosen).tolist()]
                for loss, columns in OTHER_LOSSES.items():
                    ratios = loss_ratios(among, loss, estimator, references)
                    known = ratios[np.isfinite(ratios)]
                    means = _mean_and_limits(known, level=suite.level, n_draws=suite.draws, rng=rng)
                    row |= dict(zip(columns, means, strict=False))
                compared = comparison(
                    chosen_errors, estimator, references, level=suite.level, n_at_once=1, rng=rng
                )
            yield {**(vars(compared) if compared else {}), **row}


def _mean_and_limits(ratios: Floats, *, level: float, n_draws: int, rng: Generator) -> tuple[float, ...]:
    """Return the mean of log ratios and the limits of its interval over panels; nothing of no panels."""
    if not ratios.size:
        return ()
    means = ratios[rng.integers(ratios.size, size=(n_draws, ratios.size))].mean(axis=1)
    return float(ratios.mean()), *limits(means, level)
