"""The gain with its interval and tests, over entities, splits, many estimators and new periods."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from scipy.stats import binom

from evaluation.rows import rows_of
from harness.evaluation.gain import (
    corrected_t_p_value,
    equal_accuracy_p_value,
    gain_over,
    holm_adjusted,
    max_t_p_values,
    two_way_difference,
    two_way_gain,
)
from harness.evaluation.losses import ClusterLosses, Sides, cluster_losses
from harness.evaluation.resample import EntityDraws
from harness.evaluation.tables import Bootstrap, gains_table, gains_within
from harness.plugin import random_stream
from harness.tables.gain import GainRow, GainStatus


def simulated(n_entities=40, n_periods=6, better=0.0, seed=0):
    """Squared errors of two estimators whose errors share an entity's component."""
    rng = np.random.default_rng(seed)
    entities = np.repeat(np.arange(n_entities), n_periods)
    common = rng.normal(size=n_entities)[entities]
    reference = (common + rng.normal(size=entities.size)) ** 2
    own = (common + rng.normal(size=entities.size)) ** 2 * (1.0 - better)
    return own, reference, entities


def test_gain_is_one_minus_the_ratio_of_mean_squared_errors():
    own, reference, entities = simulated()
    gain = gain_over(cluster_losses(own, reference, entities), level=0.95, draws=EntityDraws(500, 1, ("g",)))
    assert gain.gain == pytest.approx(1 - own.mean() / reference.mean(), rel=1e-14)
    assert gain.mse == pytest.approx(own.mean(), rel=1e-14)
    assert gain.mse_reference == pytest.approx(reference.mean(), rel=1e-14)
    assert gain.n_entities == 40
    assert gain.conf_low < gain.gain < gain.conf_high


def test_interval_equals_resampling_whole_entities_one_draw_at_a_time():
    own, reference, entities = simulated()
    counts = np.asarray(random_stream(1, "g").multinomial(40, np.full(40, 1 / 40), size=200))
    by_hand = []
    for draw in counts:
        rows = np.concatenate([np.tile(np.flatnonzero(entities == e), n) for e, n in enumerate(draw)])
        by_hand.append(1 - own[rows.astype(int)].mean() / reference[rows.astype(int)].mean())
    gain = gain_over(cluster_losses(own, reference, entities), level=0.9, draws=EntityDraws(200, 1, ("g",)))
    assert [gain.conf_low, gain.conf_high] == pytest.approx(np.quantile(by_hand, [0.05, 0.95]), rel=1e-12)


def test_p_value_equals_a_clustered_regression_of_the_loss_difference_on_a_constant():
    own, reference, entities = simulated(better=0.2)
    fit = sm.OLS(reference - own, np.ones(own.size)).fit()
    clustered = fit.get_robustcov_results(
        "cluster", groups=entities, use_correction=True, df_correction=True, use_t=True
    )
    # statsmodels multiplies by (n - 1) / (n - K) as well, which is one for K = 1.
    p_value = equal_accuracy_p_value(cluster_losses(own, reference, entities))
    assert p_value == pytest.approx(float(clustered.pvalues[0]), rel=1e-10)


def test_equal_losses_have_no_gain_and_no_doubt():
    own, _, entities = simulated()
    gain = gain_over(cluster_losses(own, own, entities), level=0.95, draws=EntityDraws(50, 1, ("g",)))
    assert (gain.gain, gain.conf_low, gain.conf_high, gain.p_value) == (0.0, 0.0, 0.0, 1.0)


@pytest.mark.filterwarnings("error")
def test_draws_in_which_the_reference_has_no_error_leave_no_lower_limit():
    """A reference with levels of entities may predict those whose outcome never moves without error."""
    losses = cluster_losses(np.array([1.0, 1.0, 1.0]), np.array([0.0, 0.0, 2.0]), np.arange(3))
    found = gain_over(losses, level=0.95, draws=EntityDraws(2000, 0, ()))
    assert found.gain == -0.5
    assert np.isnan(found.conf_low)
    assert found.conf_high == 0.5


def test_corrected_t_by_hand():
    ratios = np.array([1.0, 2.0, 4.0, 1.0])
    # variance between splits 2, times (1/4 + 1/9); mean 2.
    t = 2.0 / np.sqrt((1 / 4 + 1 / 9) * 2.0)
    expected = 2 * stats.t.sf(t, 3)
    assert corrected_t_p_value(1.0 - np.exp(ratios), test_to_train=1 / 9) == pytest.approx(
        expected, rel=1e-12
    )


def test_one_split_tests_nothing_and_equal_splits_leave_no_doubt():
    assert np.isnan(corrected_t_p_value(np.array([0.5]), test_to_train=0.1))
    assert np.isnan(corrected_t_p_value(np.array([0.5, 1.0]), test_to_train=0.1))
    assert corrected_t_p_value(np.zeros(5), test_to_train=0.1) == 1.0


def test_splits_that_agree_on_a_loss_are_as_sure_as_those_that_agree_on_a_gain():
    worse, better = np.array([-15.6, -8.0, -5.0]), 1.0 - 1.0 / (1.0 + np.array([15.6, 8.0, 5.0]))
    loss, gain = (corrected_t_p_value(gains, test_to_train=0.5) for gains in (worse, better))
    assert loss == pytest.approx(gain, rel=1e-12)
    assert loss < 0.05


def test_a_gain_that_one_split_of_three_carries_is_not_told_from_none():
    gains = np.array([0.07, 0.49, 0.06])
    assert corrected_t_p_value(gains, test_to_train=0.5) == pytest.approx(0.49, abs=0.005)


def test_holm_by_hand():
    p_values = np.array([0.01, np.nan, 0.04, 0.03])
    assert holm_adjusted(p_values) == pytest.approx([0.03, np.nan, 0.06, 0.06], nan_ok=True)


def nulls(n_estimators, seed, n_entities=60):
    """Loss differences without any true difference, alike over the estimators."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=n_entities)
    return 0.7 * common + 0.7 * rng.normal(size=(n_estimators, n_entities)), np.full(n_entities, 5.0)


def test_with_one_estimator_it_agrees_with_the_clustered_test():
    for seed in range(5):
        difference, n_rows = nulls(1, seed)
        (p_best,) = max_t_p_values(difference, n_rows, draws=EntityDraws(4000, 1, ("m",)))
        losses = ClusterLosses(np.zeros(60), difference[0], n_rows)
        assert p_best == pytest.approx(equal_accuracy_p_value(losses), abs=0.04)


def test_the_chance_of_any_false_finding_is_held():
    smallest = [
        max_t_p_values(*nulls(8, seed), draws=EntityDraws(300, 1, ("m",))).min() for seed in range(200)
    ]
    # Exact binomial limits of 0.05 at 0.1 % two-sided for 200 panels.
    assert 0.01 <= np.mean(np.array(smallest) <= 0.05) <= 0.115
    unadjusted = [
        min(
            equal_accuracy_p_value(ClusterLosses(np.zeros(60), row, n_rows))
            for difference, n_rows in [nulls(8, seed)]
            for row in difference
        )
        for seed in range(200)
    ]
    assert np.mean(np.array(unadjusted) <= 0.05) > 0.115


def test_a_true_gain_among_many_is_found():
    difference, n_rows = nulls(8, 3)
    difference[2] += 1.5
    p_values = max_t_p_values(difference, n_rows, draws=EntityDraws(1000, 1, ("m",)))
    assert p_values[2] < 0.01
    assert np.delete(p_values, 2).min() > 0.05


def test_no_difference_at_all_is_no_finding():
    p_values = max_t_p_values(np.zeros((2, 10)), np.ones(10), draws=EntityDraws(50, 1, ("m",)))
    assert p_values.tolist() == [1.0, 1.0]


# Of the two predictions from the outcome's mean, one above, one below: both are equally good.
OFFSET = 0.5


def losses_of(own, reference, entities, periods):
    cells = entities * (periods.max() + 1) + periods
    return tuple(cluster_losses(own, reference, clusters) for clusters in (entities, periods, cells))


def null_rows(seed, *, n_periods, share, n_entities=100):
    """Return squared errors of two predictions that are equally good, entities and periods.

    Of the outcome's unit variance, `share` is common to a period and .3 to an entity.
    """
    rng = np.random.default_rng([seed, n_periods, round(100 * share)])
    entities = np.repeat(np.arange(n_entities), n_periods)
    periods = np.tile(np.arange(n_periods), n_entities)
    outcome = np.sqrt(share) * rng.normal(size=n_periods)[periods]
    outcome += np.sqrt(0.3) * rng.normal(size=n_entities)[entities]
    outcome += np.sqrt(0.7 - share) * rng.normal(size=entities.size)
    return (outcome + OFFSET) ** 2, (outcome - OFFSET) ** 2, entities, periods


def test_the_error_is_that_of_a_regression_clustered_both_ways():
    own, reference, entities, periods = null_rows(3, n_periods=12, share=0.2)
    found = two_way_difference(*losses_of(own, reference, entities, periods))
    fit = sm.OLS(reference - own, np.ones(own.size)).fit()
    clustered = fit.get_robustcov_results("cluster", groups=np.column_stack([entities, periods]))
    assert found.std_error == pytest.approx(float(clustered.bse[0]), rel=1e-10)
    assert found.df == 11


def test_the_interval_of_the_gain_is_that_of_a_ratio_of_means():
    own, reference, entities, periods = null_rows(3, n_periods=12, share=0.2)
    own = 0.8 * own
    found = two_way_gain(*losses_of(own, reference, entities, periods))
    linear = ((1 - found.mean) * reference - own) / reference.mean()
    fit = sm.OLS(linear, np.ones(own.size)).fit()
    clustered = fit.get_robustcov_results("cluster", groups=np.column_stack([entities, periods]))
    assert found.mean == pytest.approx(1 - own.sum() / reference.sum(), rel=1e-14)
    assert found.std_error == pytest.approx(float(clustered.bse[0]), rel=1e-10)


def test_the_error_is_never_below_a_one_way_error():
    """Where losses within a period offset each other, the sum of three estimates can be negative."""
    entities, periods = np.repeat([0, 1, 2, 3], 4), np.tile([0, 1, 2, 3], 4)
    signs = np.array([1.0, -1.0, 1.0, -1.0])
    own = 2.0 + signs[entities] * signs[periods]
    found = two_way_difference(*losses_of(own, np.full(16, 2.0), entities, periods))
    assert found.std_error == 0.0
    assert found.p_value == 1.0


def verdict(seed, *, n_periods, share):
    """Return how the report would judge one estimator under `forward`, and the p-value by entities alone."""
    clusters = losses_of(*null_rows(seed, n_periods=n_periods, share=share))
    gain = gain_over(*clusters, level=0.95, draws=EntityDraws(200, seed, ("gain",)))
    p_values = {"p_holm": gain.p_value, "p_best": gain.p_value, "p_splits": np.nan}
    folds = {"fold_gain_min": gain.gain, "fold_gain_max": gain.gain, "inference": gain.inference}
    cell = dict.fromkeys(("outcome", "estimator", "reference", "protocol", "sample", "status", "reason"), "")
    row = GainRow(conf_low=gain.conf_low, conf_high=gain.conf_high, **p_values, **folds, **cell)
    naive = gain_over(clusters[0], level=0.95, draws=EntityDraws(1, seed, ("gain",))).p_value
    return row.status_at(0.95), naive


def false_verdicts(*, n_periods, share, n_panels):
    found = [verdict(seed, n_periods=n_periods, share=share) for seed in range(n_panels)]
    judged = sum(status in {GainStatus.BETTER, GainStatus.WORSE} for status, _ in found)
    return judged, sum(naive < 0.05 for _, naive in found)


@pytest.mark.parametrize("n_periods", [2, 5])
def test_shocks_of_a_period_are_taken_for_no_gain(n_periods):
    judged, naive = false_verdicts(n_periods=n_periods, share=0.2, n_panels=100)
    assert judged <= binom.ppf(0.9995, 100, 0.05)
    assert naive >= 40


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.05, 0.2])
@pytest.mark.parametrize("n_periods", [2, 3, 4, 5, 6, 8, 10])
def test_a_verdict_is_false_in_at_most_seven_of_a_hundred(n_periods, share):
    judged, _ = false_verdicts(n_periods=n_periods, share=share, n_panels=500)
    assert judged <= 0.07 * 500


@pytest.mark.slow
def test_a_gain_that_every_period_shows_is_found():
    found = 0
    for seed in range(100):
        own, reference, entities, periods = null_rows(seed, n_periods=8, share=0.05)
        sides = losses_of(0.6 * own, reference, entities, periods)
        found += two_way_difference(*sides).p_value < 0.05
    assert found >= 60


def predictions(test_periods, *, train_periods=3):
    """Return predictions of two estimators under a protocol that tests the last periods."""
    rng = np.random.default_rng(0)
    times = [str(2000 + at) for at in range(train_periods + test_periods)]
    observed = rng.normal(size=20 * len(times))
    rows = rows_of(20, times, protocol="forward", observed=observed)
    rows["sample"] = np.where(rows["time"] >= times[train_periods], "test", "train")
    noise = {"ols": 1.0, "ann": 0.3, "tree": 0.9}
    return pd.concat(
        [
            rows.assign(estimator=name, predicted=observed + size * rng.normal(size=len(rows)))
            for name, size in noise.items()
        ],
        ignore_index=True,
    )


def gains_on_test_rows(frame):
    table = gains_table(frame, references=("ols",), bootstrap=Bootstrap(level=0.95, n_draws=300, seed=1))
    return table[table["sample"] == "test"].set_index("estimator")


def test_below_five_periods_there_is_an_interval_and_no_p_value():
    table = gains_on_test_rows(predictions(4))
    assert (table["inference"] == "given these periods").all()
    assert table[["p_value", "p_holm", "p_best", "p_splits"]].isna().all(axis=None)
    assert (table["conf_low"] < table["gain"]).all()
    assert (table["gain"] < table["conf_high"]).all()


def test_from_five_periods_on_the_p_value_allows_for_them():
    table = gains_on_test_rows(predictions(5))
    assert (table["inference"] == "entities and periods").all()
    assert table["p_value"].between(0, 1).all()
    assert table["p_best"].tolist() == pytest.approx(np.minimum(2 * table["p_value"], 1.0).tolist())


def test_periods_are_new_where_no_fold_trains_on_what_it_tests():
    frame = predictions(2)
    assert Sides.of(frame, "time").are_apart
    mixed = frame.assign(sample=np.where(frame["entity"] < "e05", "test", "train"))
    assert not Sides.of(mixed, "time").are_apart


def test_gains_by_period_and_fold_are_those_of_their_rows():
    frame = predictions(3)
    table = gains_within(frame, references=("ols",))
    own = table[(table["estimator"] == "ann") & (table["by"] == "period")].set_index("part")
    assert list(own.index) == ["2003", "2004", "2005"]
    squared = frame.assign(loss=(frame["observed"] - frame["predicted"]) ** 2)
    means = squared[squared["sample"] == "test"].groupby(["estimator", "time"])["loss"].mean()
    for period, row in own.iterrows():
        assert row["gain"] == pytest.approx(1 - means["ann", period] / means["ols", period], rel=1e-12)
        assert row["n_obs"] == 20
    fold = table[(table["estimator"] == "ann") & (table["by"] == "fold")]
    assert fold["gain"].tolist() == pytest.approx([gains_on_test_rows(frame).loc["ann", "gain"]], rel=1e-12)


def test_few_entities_never_make_the_best_of_many_surer_than_a_gain_alone():
    """By draws alone the share below .05 is .22 at six entities and five estimators; p_value's is .03."""
    frames = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        rows = rows_of(6, range(4), observed=rng.normal(size=24), sample="test")
        rows = pd.concat([rows, rows.assign(sample="train")], ignore_index=True)
        for name in ("ols", "a", "b", "c", "d", "f"):
            own = rows.assign(estimator=name, outcome=f"y{seed:02}")
            frames.append(own.assign(predicted=0.5 * rng.normal(size=48)))
    bootstrap = Bootstrap(level=0.95, n_draws=200, seed=1)
    table = gains_table(
        pd.concat(frames), references=("ols",), bootstrap=bootstrap, among={"test": ("test",)}
    )
    assert (table["p_best"] >= table["p_value"]).all()
