"""The gain of one estimator over another on the same rows: its interval and its test, by one pivot."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness.arrays import Floats
from harness.evaluation.losses import ClusterLosses, PairedLosses
from harness.language import marked
from harness.tables.decision import decide, size_of
from harness.tables.gain import ENTITIES, ENTITIES_AND_PERIODS, GIVEN_PERIODS, Inference
from harness.tables.table import coded

# Of a test at the least gain or effect that it could detect.
POWER = 0.8

# Share of the reference's losses by which losses that are equal can differ: that of rounding.
EQUAL = 1e-6

# Fewest new periods from which a p-value can be had: with fewer, shocks that last cannot be told from a gain.
MIN_PERIODS = 15

# New periods for each degree of freedom of their variance.
PERIODS_PER_DF = 20


# Columns of `harness.tables.gain.GainRow` that losses give.
NUMBERS = (
    *("gain", "conf_low", "conf_high", "p_value", "least_detectable"),
    *("mse", "mse_reference", "n_entities", "inference"),
)


@dataclass(frozen=True, eq=False)
class LossTotals:
    """The summed losses of two estimators, compared by one pivot.

    The pivot at a ratio r of expected losses is (A - r B) over its standard error, A and B the sums, on a t
    distribution. At r = 1 it is the test of Diebold and Mariano (1995); the ratios that it does not reject
    are the interval of Fieller (1954), so that interval and p-value never part.

    Attributes
    ----------
    totals : (2,), summed loss of the estimator and of the reference
    covariance : (2, 2), of both sums
    df : degrees of freedom
    n_rows, n_entities : tested
    inference : what the covariance allows for; where it is given few periods, there is no test
    """

    totals: Floats
    covariance: Floats
    df: int
    n_rows: float
    n_entities: int
    inference: Inference = ENTITIES

    def numbers(self, level: float, *, n_tests: int = 1) -> Mapping[str, float | int | str]:
        """Return the gain, its interval and its test by the columns of `harness.tables.gain.GainRow`.

        Parameters
        ----------
        level : in (0, 1), nominal coverage
        n_tests : gains that the p-value is adjusted for
        """
        values = (
            *(self.gain, *self.interval(level), self.p_value),
            self.least_detectable(level, n_tests=n_tests),
            *(self.totals / self.n_rows).tolist(),
            *(self.n_entities, self.inference),
        )
        return dict(zip(NUMBERS, values, strict=True))

    @property
    def has_test(self) -> bool:
        """Whether equal expected losses can be tested."""
        return self.df >= 1 and self.inference != GIVEN_PERIODS

    @property
    def is_equal(self) -> bool:
        """Whether the losses differ by rounding alone: sums and standard error of their difference do."""
        difference, variance = self._difference
        return abs(difference) + math.sqrt(max(variance, 0.0)) <= EQUAL * float(self.totals[1])

    @property
    def _difference(self) -> tuple[float, float]:
        """The difference of the sums, and its variance."""
        sides = np.array([1.0, -1.0])
        return float(self.totals @ sides), float(sides @ self.covariance @ sides)

    @property
    def gain(self) -> float:
        """1 - the ratio of the sums; zero where the losses are equal."""
        return 0.0 if self.is_equal else float(1.0 - self.totals[0] / self.totals[1])

    @property
    def p_value(self) -> float:
        """Two-sided p-value of equal expected losses, 1 for equal ones; NaN without a test."""
        from scipy import stats

        if not self.has_test:
            return float("nan")
        if self.is_equal:
            return 1.0
        difference, variance = self._difference
        if variance <= 0.0:
            return 0.0
        return float(2.0 * stats.t.sf(abs(difference) / np.sqrt(variance), self.df))

    def interval(self, level: float) -> tuple[float, float]:
        """Return the limits of the gain's interval of coverage `level`.

        Both zero where the losses are equal. NaN where there is no degree of freedom, or where the ratio has
        no bound: the reference's own sum is not known from zero.
        """
        from scipy import stats

        nothing = float("nan"), float("nan")
        if self.df < 1:
            return nothing
        if self.is_equal:
            return 0.0, 0.0
        critical_value = float(stats.t.ppf((1.0 + level) / 2.0, self.df))
        limits = ratio_limits(self.totals, self.covariance, critical_value=critical_value)
        return nothing if limits is None else (1.0 - limits[1], min(1.0 - limits[0], 1.0))

    def least_detectable(self, level: float, *, n_tests: int) -> float:
        """Return the least gain that a test could have found, at most 1; NaN without a test.

        It is the greater of two. One goes by the error of the logarithm of the ratio as observed. That
        vanishes where the estimator predicts as the reference does, which it would not were there a gain: the
        other goes by the error at the gain d itself. Normal errors of two predictions, one of which takes the
        share d of the other's variance away, have squares whose correlation is 1 - d, and a difference of
        losses whose variance is d (2 - d) times that of the reference's.

        Parameters
        ----------
        n_tests : gains that the p-value is adjusted for
        """
        if not self.has_test or (self.totals <= 0.0).any():
            return float("nan")
        slope = np.array([1.0, -1.0]) / self.totals
        error = max(float(slope @ self.covariance @ slope), 0.0) ** 0.5
        widths = least_detectable(1.0, self.df, size=size_of(level), n_tests=n_tests)
        # The gain d at which d is `widths` standard errors of the difference.
        square = widths**2 * float(self.covariance[1, 1] / self.totals[1] ** 2)
        return max(float(-np.expm1(-widths * error)), min(2.0 * square / (1.0 + square), 1.0))


def ratio_limits(values: Floats, covariance: Floats, *, critical_value: float) -> tuple[float, float] | None:
    """Return the limits of the interval of Fieller (1954) for the ratio of two estimates.

    Parameters
    ----------
    values : (2,), what is divided, and by what
    covariance : (2, 2), of both
    critical_value : half the width of an interval in standard errors

    Returns
    -------
    None where the ratio has no bound: what it is divided by is not known from zero.
    """
    # The pivot's square is that of `critical_value` where square r² - 2 cross r + rest = 0.
    moments = np.outer(values, values) - critical_value**2 * covariance
    rest, cross, square = moments[0, 0], moments[0, 1], moments[1, 1]
    if square <= 0.0:
        return None
    root = max(float(cross**2 - square * rest), 0.0) ** 0.5
    return float((cross - root) / square), float((cross + root) / square)


def least_detectable(std_error: float, df: float, *, size: float, n_tests: int) -> float:
    """Return the least size of an effect that a two-sided t test finds with a chance of `POWER`.

    The minimum detectable effect of Bloom (1995): the standard error times the sum of two quantiles.

    Parameters
    ----------
    std_error : of the estimate, in its unit
    df : degrees of freedom of the test
    size : of the test, in (0, 1)
    n_tests : tests that the size is shared by
    """
    from scipy.special import stdtrit

    return float((stdtrit(df, 1.0 - size / (2.0 * n_tests)) + stdtrit(df, POWER)) * std_error)


def loss_totals(
    entities: ClusterLosses, periods: ClusterLosses | None = None, *, test_to_train: float = 0.0
) -> LossTotals:
    """Return summed losses with their covariance by entity and, where periods are new, by period.

    Entities count with the factor G / (G - 1). What is common to a period moves all rows of it together.
    Where no tested period is trained on, `MIN_PERIODS` or more add the variance of period sums, and with
    fewer it is given these periods. Sums within periods may depend on earlier ones, so their variance is
    taken at the lowest frequencies alone, a degree of freedom for each `PERIODS_PER_DF` periods
    (equal-weighted cosines: Lazarus, Lewis, Stock and Watson 2018, equation 10): the part that both have in
    common is counted twice, which never makes the variance too small (Davezies, D'Haultfœuille and
    Guyonvarch 2021).
    Folds share training rows, so that test rows are not quite independent: the variance is that of as many
    rows as a fold trains on.

    Parameters
    ----------
    entities : losses summed within entities
    periods : the same within periods, in the order of time; None where tested periods are trained on
    test_to_train : test rows over training rows of a fold; 0 holds the trained models fixed
    """
    totals = np.array([entities.loss.sum(), entities.loss_reference.sum()])
    scores = _scores(entities, totals)
    inference: Inference = ENTITIES
    n_entities, df = scores.shape[1], scores.shape[1] - 1
    covariance = scores @ scores.T * n_entities / max(df, 1)
    if periods is not None:
        n_periods, inference = periods.n_rows.size, GIVEN_PERIODS
        if n_periods >= MIN_PERIODS:
            inference, df = ENTITIES_AND_PERIODS, max(1, n_periods // PERIODS_PER_DF)
            angles = np.pi * np.outer(np.arange(1, df + 1), (np.arange(n_periods) + 0.5) / n_periods)
            waves = _scores(periods, totals) @ (np.sqrt(2.0) * np.cos(angles)).T
            covariance = covariance + waves @ waves.T / df
    widened = covariance * (1.0 + test_to_train)
    return LossTotals(totals, widened, df, float(entities.n_rows.sum()), n_entities, inference)


def _scores(clusters: ClusterLosses, totals: Floats) -> Floats:
    """Return the losses of each cluster less what as many mean rows have, (2, n_clusters)."""
    shares = clusters.n_rows / clusters.n_rows.sum()
    scores: Floats = np.stack([clusters.loss, clusters.loss_reference]) - totals[:, None] * shares
    return scores


def holm_adjusted(p_values: Floats) -> Floats:
    """Return p-values adjusted by Holm (1979) over the table, (n_tests,); a missing one stays missing."""
    adjusted = np.full(p_values.shape, np.nan)
    known = np.flatnonzero(np.isfinite(p_values))
    order = known[np.argsort(p_values[known])]
    n_left = np.arange(order.size, 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(n_left * p_values[order]), 1.0)
    return adjusted


def totals_between(losses: PairedLosses, estimator: str, reference: str) -> LossTotals:
    """Return the losses of one estimator and of another on the rows of a sample, see `loss_totals`."""
    return loss_totals(
        losses.by_entity(estimator, reference),
        losses.by_period(estimator, reference),
        test_to_train=losses.test_to_train,
    )


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
    scores : (n_entities,), by how much it falls without each; their sum is zero
    """

    gain: float
    scores: Floats

    @classmethod
    def of(cls, loss: Floats, loss_reference: Floats, *, test_to_train: float = 0.0) -> ScoredGain:
        """Return the gain of losses that are summed within entities, (n_entities,) each.

        Scores are those of the jackknife: linear ones are too small where few entities have much of the
        losses (CV3 of MacKinnon, Nielsen and Webb 2023). Folds share training rows, for which they are
        widened as the errors of gains are (`harness.evaluation.gain.loss_totals`), given test rows over
        training rows of a fold.
        """
        total, total_reference = loss.sum(), loss_reference.sum()
        with np.errstate(divide="ignore", invalid="ignore"):  # of a reference without error none is defined
            gain = float(1.0 - total / total_reference)
            without = 1.0 - (total - loss) / (total_reference - loss_reference)
            scores = (1.0 - 1.0 / loss.size) * (without.mean() - without)
        return cls(gain, scores * np.sqrt(1.0 + test_to_train))


def recognition_share(
    known: ScoredGain, new: ScoredGain, *, level: float
) -> tuple[float, float, float] | None:
    """Return 1 - new / known and the limits of its interval; None where `known` is not above zero.

    The interval is that of Fieller (1954) for a ratio: all shares that a t test with errors clustered by
    entity does not reject, of the jackknife that leaves out the same entity of both gains. It is bounded
    where the same test finds `known` above zero, and holds its level however small `known` is, which that of
    the delta method does not.

    Parameters
    ----------
    known, new : gains on the same entities; of zero losses where one of them does not test an entity
    level : in (0, 1), nominal coverage
    """
    from scipy import stats

    n_entities = known.scores.size
    scores = np.stack([new.scores, known.scores])
    if n_entities < 2 or not np.isfinite(scores).all():
        return None
    covariance = scores @ scores.T * n_entities / (n_entities - 1)
    critical_value = float(stats.t.ppf((1.0 + level) / 2.0, n_entities - 1))
    limits = ratio_limits(np.array([new.gain, known.gain]), covariance, critical_value=critical_value)
    if limits is None or not known.gain > EQUAL:
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
    # NaN of a protocol under which nothing is predicted.
    shares = {name: sizes.get((name, "test"), np.nan) / sizes.get((name, "train"), np.nan) for name in pair}
    tested = compared[compared["sample"] == "test"]
    losses = tested.assign(loss=(tested["observed"] - tested["predicted"]) ** 2)
    return pd.DataFrame(
        [
            {"outcome": outcome, "estimator": estimator, "reference": reference, **coded(row)}
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
        found = recognition_share(known, new, level=level)
        if found is None:
            yield estimator, {**numbers, "status": "refused", "reason": NOTHING_GAINED}
        else:
            limits = dict(zip(("estimate", "conf_low", "conf_high"), found, strict=True))
            decision = decide(*found, by="interval")
            yield estimator, {**limits, **numbers, "decision": decision, "status": "ok", "reason": ""}
