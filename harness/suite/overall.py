"""Win rates and mean log error ratios over panels; their intervals resample panels and entities within."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats
from harness.evaluation.resample import draw_counts
from harness.suite.panels import PanelResult


@dataclass(frozen=True)
class IntervalEstimate:
    """A number with the limits of its interval."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """One estimator against its references, over the panels that the references have predictions of.

    Attributes
    ----------
    win_rate : share of the panels on which the error is less than the reference's; refusing is no win
    log_error_ratio : mean over panels of log(error / error of the reference); below zero is better
    simultaneous : interval of the same that holds for all flexible estimators at once
    n_panels : with predictions of the reference
    n_refused : of these, without predictions of the estimator; they count as lost, and in no mean
    """

    win_rate: IntervalEstimate
    log_error_ratio: IntervalEstimate
    simultaneous: IntervalEstimate
    n_panels: int
    n_refused: int


@dataclass(frozen=True, eq=False)
class LogErrors:
    """Logarithms of mean squared errors.

    Attributes
    ----------
    estimators : in the order of the last axis
    observed : (n_panels, n_estimators); NaN where an estimator has no predictions
    drawn : (n_panels, n_draws, n_estimators), over draws of each panel's entities
    """

    estimators: tuple[str, ...]
    observed: Floats
    drawn: Floats

    def over(self, estimator: str, references: Sequence[str]) -> tuple[Floats, Floats]:
        """Return log error ratios over the best of some references on each panel that one of them predicts.

        Returns
        -------
        (n_panels,) and (n_panels, n_draws); NaN where the estimator has no predictions.
        """
        own = self.estimators.index(estimator)
        others = [self.estimators.index(name) for name in references if name != estimator]
        least = _least(self.observed[:, others])
        asked = ~np.isnan(least)
        observed = self.observed[asked, own] - least[asked]
        return observed, self.drawn[asked][:, :, own] - _least(self.drawn[asked][:, :, others])


def _least(values: Floats) -> Floats:
    """Return the least of the last axis, missing ones apart; NaN where all are missing."""
    filled = np.where(np.isnan(values), np.inf, values).min(axis=-1)
    return np.where(np.isinf(filled), np.nan, filled)


def log_errors(
    results: Sequence[PanelResult], estimators: Sequence[str], *, n_draws: int, rng: Generator
) -> LogErrors:
    """Return the errors of all panels, and those over draws of whole entities, the same for all estimators.

    Parameters
    ----------
    results : of one protocol, a panel each
    """
    shape = (len(results), len(estimators))
    observed = np.full(shape, np.nan)
    drawn = np.full((len(results), n_draws, len(estimators)), np.nan)
    for at, result in enumerate(results):
        losses, rows = result.by_entity
        if not losses:
            continue
        counts = draw_counts(rows.size, n_draws, rng).astype(np.float64)
        n_rows = counts @ rows
        for place, name in enumerate(estimators):
            if name in losses:
                observed[at, place] = np.log(losses[name].sum() / rows.sum())
                drawn[at, :, place] = np.log(counts @ losses[name] / n_rows)
    return LogErrors(tuple(estimators), observed, drawn)


def comparison(
    errors: LogErrors,
    estimator: str,
    references: Sequence[str],
    *,
    level: float,
    n_at_once: int,
    rng: Generator,
) -> Comparison | None:
    """Compare an estimator with the best of some references; None where no panel has predictions of both.

    Panels are drawn with replacement, and of each drawn panel one of the draws of its entities, so that
    intervals speak of other panels and of other entities in them. Both levels of variation are in the drawn
    means, that of entities twice, so that intervals are rather too wide than too narrow.

    Parameters
    ----------
    level : in (0, 1), nominal coverage
    n_at_once : comparisons that the simultaneous interval is to hold for, by Bonferroni's inequality
    """
    observed, drawn = errors.over(estimator, references)
    n_panels, n_draws = drawn.shape
    if n_panels == 0 or np.isnan(observed).all():
        return None
    panels = rng.integers(n_panels, size=(n_draws, n_panels))
    inner = rng.integers(n_draws, size=(n_draws, n_panels))
    values = drawn[panels, inner]
    wins = np.where(np.isnan(values), 0.0, values < 0.0).mean(axis=1)
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        means = np.where(known, values, 0.0).sum(axis=1) / known.sum(axis=1)
    means = means[np.isfinite(means)]
    mean = float(np.nanmean(observed))
    return Comparison(
        win_rate=_interval(float(np.where(np.isnan(observed), 0.0, observed < 0.0).mean()), wins, level),
        log_error_ratio=_interval(mean, means, level),
        simultaneous=_interval(mean, means, 1.0 - (1.0 - level) / n_at_once),
        n_panels=n_panels,
        n_refused=int(np.isnan(observed).sum()),
    )


def _interval(estimate: float, drawn: Floats, level: float) -> IntervalEstimate:
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(drawn, [tail, 1.0 - tail])
    return IntervalEstimate(estimate, float(low), float(high))
