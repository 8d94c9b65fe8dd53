"""Standings over all panels of a suite and over those of a shape: ranks and error ratios with intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats, Ints, Mask
from harness.suite.findings import MIN_PANELS
from harness.suite.overall import LogErrors, PanelResult, Row, comparison, draw_data_sets, limits
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
    ALL: "All studies",
    WITHOUT_INFLUENTIAL: "Without the ten most influential panels",
    "short": "Fewer than ten periods",
    "long": "Ten periods and more",
    "few": "Fewer than 100 entities",
    "many": "100 entities and more",
    "moving": "Exposure varies mostly within entities",
    "standing": "Exposure varies mostly between entities",
}

# Data sets that an answer has to do without.
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

    Data sets are drawn with replacement, and of each panel of a drawn one a draw of its entities, as
    `harness.suite.overall.comparison` does.

    Returns
    -------
    (n_estimators,) each: average rank, lower and upper limit.
    """
    n_draws = errors.drawn.shape[1]
    drawn = ranks_of(errors.drawn)
    panels = draw_data_sets(errors.data_sets, n_draws, rng)
    there = (panels >= 0)[:, :, None]
    ranks = np.where(there, drawn[panels, rng.integers(n_draws, size=panels.shape)], 0.0)
    means = ranks.sum(axis=1) / there.sum(axis=1)
    both = [limits(drawn_ranks, level) for drawn_ranks in means.T]
    return ranks_of(errors.observed).mean(axis=0), *np.array(both, dtype=np.float64).T


def influential(ratios: Floats, data_sets: Ints) -> Mask:
    """Return which panels, (n_panels,) true or false, are of the data sets that move the mean most.

    Parameters
    ----------
    ratios : (n_panels,), log error ratios; NaN for a refusal, which moves no mean
    data_sets : (n_panels,), as in `LogErrors`
    """
    distance, known = np.nan_to_num(ratios - np.nanmean(ratios)), np.isfinite(ratios)
    totals, sizes = (np.bincount(data_sets, weights) for weights in (distance, known.astype(np.float64)))
    moves = np.abs(totals) / np.maximum(known.sum() - sizes, 1.0)
    order = np.argsort(np.where(sizes > 0, moves, -1.0), kind="stable")
    return np.isin(data_sets, order[-N_INFLUENTIAL:])


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
    if suite.network and np.unique(errors.data_sets).size >= N_INFLUENTIAL + MIN_PANELS:
        of_network = errors.ratios(suite.network, references)
        if np.isfinite(of_network).any():
            subsets[WITHOUT_INFLUENTIAL] = ~influential(of_network, errors.data_sets)
    for name, chosen in subsets.items():
        if chosen.sum() < MIN_PANELS:
            continue
        chosen_errors = errors.of(chosen)
        ranks = rank_intervals(chosen_errors, level=suite.level, rng=rng)
        for estimator, rank, low, high in zip(chosen_errors.estimators, *ranks, strict=True):
            row = {"subset": name, "estimator": estimator, "n_panels": int(chosen.sum())}
            row |= {"average_rank": float(rank), "rank_low": float(low), "rank_high": float(high)}
            compared = None
            if estimator not in references:
                among = [results[at] for at in np.flatnonzero(chosen).tolist()]
                for loss, columns in OTHER_LOSSES.items():
                    ratios = loss_ratios(among, loss, estimator, references)
                    known = np.isfinite(ratios)
                    pair = ratios[known], chosen_errors.data_sets[known]
                    means = _mean_and_limits(*pair, level=suite.level, n_draws=suite.draws, rng=rng)
                    row |= dict(zip(columns, means, strict=False))
                compared = comparison(
                    chosen_errors, estimator, references, level=suite.level, n_at_once=1, rng=rng
                )
            yield {**(vars(compared) if compared else {}), **row}


def _mean_and_limits(
    ratios: Floats, data_sets: Ints, *, level: float, n_draws: int, rng: Generator
) -> tuple[float, ...]:
    """Return the mean of log ratios and the limits of its interval over data sets; nothing of no panels."""
    if not ratios.size:
        return ()
    panels = draw_data_sets(data_sets, n_draws, rng)
    means = np.where(panels >= 0, ratios[panels], 0.0).sum(axis=1) / (panels >= 0).sum(axis=1)
    return float(ratios.mean()), *limits(means, level)
