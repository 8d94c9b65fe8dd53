"""Comparisons over all panels: gains, win rates, error ratios and ranks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.random import Generator

from harness.arrays import Floats, Ints, Mask
from harness.evaluation.gain import holm_adjusted, totals_between
from harness.evaluation.losses import SAMPLES, ClusterLosses, PairedLosses, samples
from harness.evaluation.resample import draw_counts
from harness.evaluation.tables import coverage_table
from harness.record.manifest import CellRecord, Manifest
from harness.running.folder import RunFolder
from harness.suite.findings import MIN_PANELS
from harness.suite.spec import Suite
from harness.tables.decision import decide, decide_conditionally, size_of
from harness.tables.gain import GIVEN_PERIODS

# Bytes.
MEGABYTE = 1e6

# What a fit is of, and what the manifest says of the size of data.
CELL = ["outcome", "estimator", "protocol"]
SIZES = ("source", "n_obs", "n_entities", "n_periods", "balanced")
# Study and outcome.
PanelKey = tuple[str, str]

Row = dict[str, Any]


@dataclass(frozen=True, eq=False)
class PanelResult:
    """What one protocol found on one panel.

    Attributes
    ----------
    shape : what the panel is like, as the table ``suite_panels`` has it
    data_set : file or data set of its rows, which other studies may share; the study where they are simulated
    protocol : its id
    losses : squared errors on test rows of the estimators that have predictions; None where none has
    cells : by estimator its row of ``accuracy``, with the mean absolute error (``mae``), the mean interval
        score (``mis``), the mean seconds of a fit, the megabytes that one takes at its height, the least of
        its folds and NaN where that was not measured, and the number of fits
    """

    shape: Row
    data_set: str
    protocol: str
    losses: PairedLosses | None
    cells: Mapping[str, Mapping[Any, Any]]

    @property
    def key(self) -> PanelKey:
        """Study and outcome of the panel."""
        return self.shape["study"], self.shape["outcome"]

    @cached_property
    def mse(self) -> Mapping[str, float]:
        """Mean squared errors of the estimators that have predictions."""
        return {name: cell["mse"] for name, cell in self.cells.items() if cell["status"] == "ok"}

    def has(self, estimator: str) -> bool:
        """Return whether an estimator has predictions here."""
        return estimator in self.mse

    @cached_property
    def by_entity(self) -> Mapping[str, ClusterLosses]:
        """Losses summed within entities, by estimator."""
        losses = self.losses
        return {name: losses.by_entity(name, name) for name in losses.estimators} if losses else {}


def read_panels(study: str, folder: RunFolder) -> Iterator[PanelResult]:
    """Yield what every protocol found on every panel of a study's run."""
    manifest = folder.manifest()
    summary = folder.read_table("summary").set_index("variable")
    predictions = folder.read_parquet("predictions")
    found = {
        (sample.place["outcome"], sample.place["protocol"]): PairedLosses.of(sample)
        for sample in samples(predictions, among={"test": SAMPLES["test"]})
    }
    accuracy = folder.read_table("accuracy")
    accuracy = accuracy[accuracy["sample"] == "test"].join(_fits(manifest.cells), on=CELL)
    scores = coverage_table(predictions).set_index(CELL)["interval_score"].rename("mis")
    accuracy = accuracy.join(_absolute_errors(predictions), on=CELL).join(scores, on=CELL)
    data_set = study if manifest.data.simulated else manifest.data.origin
    for outcome in manifest.study.outcomes:
        shape = _shape(study, outcome, manifest, summary)
        for protocol in manifest.study.protocols:
            own = accuracy[(accuracy["outcome"] == outcome) & (accuracy["protocol"] == protocol.id)]
            cells = {str(row["estimator"]): row for row in own.to_dict("records")}
            yield PanelResult(shape, data_set, protocol.id, found.get((outcome, protocol.id)), cells)


def _absolute_errors(predictions: pd.DataFrame) -> pd.Series:
    """Return mean absolute errors on test rows, by `CELL`."""
    test = predictions[predictions["sample"].isin(SAMPLES["test"])].astype(dict.fromkeys(CELL, str))
    distance = (test["observed"] - test["predicted"]).abs().rename("mae")
    return distance.groupby([test[name] for name in CELL]).mean()


def _shape(study: str, outcome: str, manifest: Manifest, summary: pd.DataFrame) -> Row:
    sizes = {name: getattr(manifest.data, name) for name in SIZES}
    about = {"study": study, "outcome": outcome, "title": manifest.study.title}
    shares = {"share_between": outcome, "exposure_between": manifest.study.exposure}
    return about | sizes | {name: _share_between(summary, column) for name, column in shares.items()}


def _share_between(summary: pd.DataFrame, column: str) -> float:
    """Return the share of a column's variance that lies between entities; NaN where it is no number."""
    if column not in summary.index:
        return float("nan")
    within, between = (
        float(summary[name].astype(np.float64)[column]) ** 2 for name in ("sd_within", "sd_between")
    )
    return between / (within + between)


def _fits(cells: Iterable[CellRecord]) -> pd.DataFrame:
    """Return seconds, megabytes and number of the fits on folds, by `CELL`.

    Of the folds the least memory counts, since in one of them libraries may be loaded.
    """
    rows = [
        (*cell.cell.split(" · ", 3), cell.seconds, cell.memory if cell.status == "ok" else None)
        for cell in cells
    ]
    fits = pd.DataFrame(rows, columns=[*CELL, "fold", "seconds", "memory"]).astype({"memory": np.float64})
    found = fits.groupby(CELL).agg(
        seconds=("seconds", "mean"), memory=("memory", "min"), n_fits=("fold", "size")
    )
    return found.assign(memory=found["memory"] / MEGABYTE)


def cells_of(results: Iterable[PanelResult]) -> pd.DataFrame:
    """Return the cells of some panels, each with its study."""
    rows = [{**cell, "study": one.shape["study"]} for one in results for cell in one.cells.values()]
    return pd.DataFrame(rows)


def gain_rows(suite: Suite, results: Sequence[PanelResult]) -> pd.DataFrame:
    """Return the gains of all panels with what they say.

    A gain is above or below zero where its interval excludes zero and its p-value, adjusted by Holm over all
    panels and flexible estimators together, is below the size of the test.
    """
    rows = pd.DataFrame([row for result in results for row in _rows(suite, result)])
    adjusted = pd.Series(np.nan, index=rows.index)
    flexible = rows[rows["estimator"].isin(suite.flexible)]
    for _, own in flexible.groupby(["protocol", "over"], sort=False):
        adjusted[own.index] = holm_adjusted(own["p_value"].to_numpy(np.float64))
    rows = rows.assign(p_holm=adjusted)
    columns = ("gain", "conf_low", "conf_high", "p_holm", "inference")
    decisions = [
        decide_conditionally(*numbers[:2])
        if inference == GIVEN_PERIODS
        else decide(*numbers, by="both", size=size_of(suite.level))
        for *numbers, inference in zip(*(rows[name] for name in columns), strict=True)
    ]
    return rows.assign(decision=decisions)


def _rows(suite: Suite, result: PanelResult) -> Iterator[Row]:
    """Yield the gains on a panel.

    The best simple rival is the one with the least error on the very rows that are tested, so that a gain
    over it is, if anything, too small.
    """
    known = {name: result.shape[name] for name in ("study", "outcome", "n_obs", "n_entities", "n_periods")}
    for estimator, over, references in suite.comparisons():
        there = [name for name in references if result.has(name)]
        reference = min(there, key=result.mse.__getitem__, default=references[0])
        place = {"estimator": estimator, "protocol": result.protocol, "over": over, "reference": reference}
        cell = result.cells.get(estimator, {})
        cost = {name: cell.get(name, np.nan) for name in ("seconds", "memory", "mse", "nmse")}
        yield {**known, **place, **cost, **_gain(suite, result, estimator, reference)}


def _gain(suite: Suite, result: PanelResult, estimator: str, reference: str) -> Row:
    for name, before in ((estimator, ""), (reference, f"the reference '{reference}' has no predictions: ")):
        if not result.has(name):
            reason = before + result.cells.get(name, {}).get("reason", "it was not run")
            none = dict.fromkeys(("gain", "conf_low", "conf_high", "p_value"), np.nan)
            return {**none, "inference": "", "status": "refused", "reason": reason}
    if result.losses is None:
        raise AssertionError("estimators with an error have losses")
    numbers = totals_between(result.losses, estimator, reference).numbers(suite.level)
    kept = ("gain", "conf_low", "conf_high", "p_value", "inference")
    return {name: numbers[name] for name in kept} | {"status": "ok", "reason": ""}


@dataclass(frozen=True)
class Comparison:
    """One estimator against its references, over the panels that the references have predictions of.

    Attributes
    ----------
    win_rate : share of the panels on which the error is less than the reference's; refusing is no win
    win_low, win_high : limits of its interval
    log_error_ratio : mean over panels of log(error / error of the reference); below zero is better
    conf_low, conf_high : limits of its interval
    simultaneous_low, simultaneous_high : limits that hold for all flexible estimators at once
    n_panels : with predictions of the reference
    n_refused : of these, without predictions of the estimator; they count as lost, and in no mean
    """

    win_rate: float
    win_low: float
    win_high: float
    log_error_ratio: float
    conf_low: float
    conf_high: float
    simultaneous_low: float
    simultaneous_high: float
    n_panels: int
    n_refused: int


@dataclass(frozen=True, eq=False)
class LogErrors:
    """Logarithms of mean squared errors.

    Attributes
    ----------
    estimators : in the order of the last axis
    data_sets : (n_panels,), a number for what each panel's rows are of
    observed : (n_panels, n_estimators); NaN where an estimator has no predictions
    drawn : (n_panels, n_draws, n_estimators), over draws of each panel's entities
    """

    estimators: tuple[str, ...]
    data_sets: Ints
    observed: Floats
    drawn: Floats

    def of(self, chosen: Mask) -> LogErrors:
        """Return those of some panels, (n_panels,) true or false."""
        return LogErrors(self.estimators, self.data_sets[chosen], self.observed[chosen], self.drawn[chosen])

    def over(self, estimator: str, references: Sequence[str]) -> tuple[Floats, Floats, Ints]:
        """Return log error ratios over the best of some references on each panel that one of them predicts.

        Returns
        -------
        (n_panels,) and (n_panels, n_draws), NaN where the estimator has no predictions; and their data sets.
        """
        others = [self.estimators.index(name) for name in references if name != estimator]
        has = ~np.isnan(self.observed[:, others]).all(axis=-1)
        drawn = self.drawn[has]
        ratios = drawn[:, :, self.estimators.index(estimator)] - np.fmin.reduce(drawn[:, :, others], axis=-1)
        return self.ratios(estimator, references)[has], ratios, self.data_sets[has]

    def ratios(self, estimator: str, references: Sequence[str]) -> Floats:
        """Return log error ratios over the best of some references, (n_panels,); NaN without errors."""
        others = [self.estimators.index(name) for name in references if name != estimator]
        least = np.fmin.reduce(self.observed[:, others], axis=-1)
        return np.asarray(self.observed[:, self.estimators.index(estimator)] - least)


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
    for row, result in enumerate(results):
        losses = result.by_entity
        if not losses:
            continue
        rows = next(iter(losses.values())).n_rows
        counts = draw_counts(rows.size, n_draws, rng).astype(np.float64)
        n_rows = counts @ rows
        for column, name in enumerate(estimators):
            if name in losses:
                observed[row, column] = np.log(losses[name].loss.sum() / rows.sum())
                drawn[row, :, column] = np.log(counts @ losses[name].loss / n_rows)
    data_sets, _ = pd.factorize(np.array([result.data_set for result in results], dtype=np.object_))
    return LogErrors(tuple(estimators), data_sets, observed, drawn)


def draw_data_sets(data_sets: Ints, n_draws: int, rng: Generator) -> Ints:
    """Return panels, (n_draws, n), of data sets that are drawn with replacement; -1 where a draw has fewer.

    All panels of a drawn data set come with it, since they share entities and periods.

    Parameters
    ----------
    data_sets : (n_panels,)
    """
    codes, labels = pd.factorize(data_sets)
    nth = pd.Series(codes).groupby(codes).cumcount().to_numpy()
    panels = np.full((labels.size, nth.max() + 1), -1, dtype=np.int64)
    panels[codes, nth] = np.arange(codes.size)
    return panels[rng.integers(labels.size, size=(n_draws, labels.size))].reshape(n_draws, -1)


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

    Data sets are drawn with replacement, and of each panel of a drawn one a draw of its entities, so that
    intervals speak of other data and of other entities in them. Both levels of variation are in the drawn
    means, that of entities twice, so that intervals are rather too wide than too narrow.

    Parameters
    ----------
    level : in (0, 1), nominal coverage
    n_at_once : comparisons that the simultaneous interval is to hold for, by Bonferroni's inequality
    """
    observed, drawn, data_sets = errors.over(estimator, references)
    n_panels, n_draws = drawn.shape
    if n_panels == 0 or np.isnan(observed).all():
        return None
    panels = draw_data_sets(data_sets, n_draws, rng)
    values = np.where(panels >= 0, drawn[panels, rng.integers(n_draws, size=panels.shape)], np.nan)
    wins = (values < 0.0).sum(axis=1) / (panels >= 0).sum(axis=1)
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        means = np.where(known, values, 0.0).sum(axis=1) / known.sum(axis=1)
    means = means[np.isfinite(means)]
    return Comparison(
        float(np.where(np.isnan(observed), 0.0, observed < 0.0).mean()),
        *limits(wins, level),
        float(np.nanmean(observed)),
        *limits(means, level),
        *limits(means, 1.0 - (1.0 - level) / n_at_once),
        n_panels=n_panels,
        n_refused=int(np.isnan(observed).sum()),
    )


def limits(drawn: Floats, level: float) -> tuple[float, float]:
    """Return the limits of the interval of a level, in (0, 1), that has as many draws below as above it."""
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(drawn, [tail, 1.0 - tail])
    return float(low), float(high)


@dataclass(frozen=True, eq=False)
class Ranking:
    """How estimators stand over panels (Demsar 2006, section 3.2.2).

    Attributes
    ----------
    estimators : in the order of the columns
    ranks : (n_panels, n_estimators), 1 is the least error; ties share their mean rank
    level : of the comparisons
    """

    estimators: tuple[str, ...]
    ranks: Floats
    level: float

    @property
    def average(self) -> Floats:
        """Average ranks, (n_estimators,)."""
        return np.asarray(self.ranks.mean(axis=0))

    @property
    def friedman(self) -> tuple[float, float]:
        """Friedman's statistic, corrected for ties, and its p-value; NaN for fewer than three estimators."""
        from scipy.stats import friedmanchisquare

        if len(self.estimators) < 3 or len(self.ranks) < 2:
            return float("nan"), float("nan")
        found = friedmanchisquare(*self.ranks.T)
        return float(found.statistic), float(found.pvalue)

    @property
    def critical_difference(self) -> float:
        """Difference of average ranks from which on two estimators differ (Nemenyi 1963)."""
        from scipy.stats import studentized_range

        n_estimators = len(self.estimators)
        quantile = studentized_range.ppf(self.level, n_estimators, np.inf)
        std_error = float(np.sqrt(n_estimators * (n_estimators + 1) / (6.0 * len(self.ranks))))
        return float(quantile / np.sqrt(2.0) * std_error)

    @property
    def tied_with_best(self) -> tuple[str, ...]:
        """The estimators whose average rank lies within the critical difference of the best, best first."""
        order = np.argsort(self.average, kind="stable")
        best = self.average[order[0]]
        return tuple(
            self.estimators[at] for at in order if self.average[at] - best < self.critical_difference
        )


def ranking(results: Sequence[PanelResult], estimators: Sequence[str], *, level: float) -> Ranking:
    """Rank estimators by their error on every panel; one that refuses a panel is last there.

    Errors that are alike to ten digits are ties: such differences are of the machine, not of estimators.

    Parameters
    ----------
    results : of one protocol, a panel each
    level : in (0, 1), of the comparisons
    """
    from scipy.stats import rankdata

    errors = [[float(f"{one.mse.get(name, np.inf):.10g}") for name in estimators] for one in results]
    return Ranking(tuple(estimators), rankdata(np.array(errors), axis=1), level)


# Features of a panel, each with the head of its column.
FEATURES: Mapping[str, str] = {
    "n_entities": "Entities",
    "n_periods": "Periods",
    "n_obs": "Rows",
    "share_between": "Variance between",
    "curvature": "Curvature",
}


def curvature_of(suite: Suite, results: Sequence[PanelResult]) -> Mapping[PanelKey, float]:
    """Return the gain of the suite's curvature estimator over pooled OLS, by panel.

    It is that of the suite's first protocol which the panel was asked; NaN where either has no predictions.
    """
    found: dict[PanelKey, float] = {}
    for result in results:
        if suite.curvature and result.has(suite.curvature) and result.has(suite.pooled):
            gain = 1.0 - result.mse[suite.curvature] / result.mse[suite.pooled]
            found.setdefault(result.key, gain)
    return {result.key: found.get(result.key, float("nan")) for result in results}


def explained_rows(
    suite: Suite,
    results: Sequence[PanelResult],
    errors: LogErrors,
    curvature: Mapping[PanelKey, float],
    *,
    rng: Generator,
) -> Iterator[Row]:
    """Yield Spearman's rank correlations of log error ratios over two-way effects with every feature.

    Intervals resample data sets. Below zero the estimator does better, next to two-way effects, where the
    feature is larger. It is a table of what goes together, not of causes.

    Parameters
    ----------
    results : of one protocol, a panel each, as in `errors`
    """
    comparable = [result for result in results if result.has(suite.two_way)]
    known = [{**result.shape, "curvature": curvature[result.key]} for result in comparable]
    for estimator in suite.flexible:
        ratios, _, data_sets = errors.over(estimator, (suite.two_way,))
        for name in FEATURES:
            values = np.array([float(features[name]) for features in known])
            there = np.isfinite(values) & np.isfinite(ratios)
            varies = np.unique(values[there]).size > 1 and np.unique(ratios[there]).size > 1
            if there.sum() >= MIN_PANELS and varies:
                picks = draw_data_sets(data_sets[there], suite.draws, rng)
                sizes = (picks >= 0).sum(axis=1)
                alike = (picks[sizes == size] for size in np.unique(sizes))
                drawn = np.concatenate(
                    [
                        rank_correlation(ratios[there][rows], values[there][rows])
                        for rows in (part[part >= 0].reshape(len(part), -1) for part in alike)
                    ]
                )
                low, high = limits(drawn[np.isfinite(drawn)], suite.level)
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
