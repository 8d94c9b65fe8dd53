"""Gains in periods that were not trained on: shocks of a period count, and few periods test nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.stats import binom

from harness.evaluation.gain import gain_over, two_way_difference, two_way_gain
from harness.evaluation.losses import PeriodLosses, cluster_losses
from harness.evaluation.resample import EntityDraws
from harness.evaluation.samples import Sides
from harness.evaluation.tables import Bootstrap, gain_table, gains_within
from harness.tables.gain import GainRow, GainStatus

OFFSET = 0.5
"""Of the two predictions from the outcome's mean, one above, one below: both are equally good."""


def losses_of(own, reference, entities, periods):
    cells = entities * (periods.max() + 1) + periods
    by_period = PeriodLosses(cluster_losses(own, reference, periods), cluster_losses(own, reference, cells))
    return cluster_losses(own, reference, entities), by_period


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
    entities, periods = losses_of(*null_rows(seed, n_periods=n_periods, share=share))
    gain = gain_over(entities, level=0.95, draws=EntityDraws(200, seed, ("gain",)), periods=periods)
    p_values = {"p_holm": gain.p_value, "p_best": gain.p_value, "p_splits": np.nan}
    folds = {"fold_gain_min": gain.gain, "fold_gain_max": gain.gain, "inference": gain.inference}
    cell = dict.fromkeys(("outcome", "estimator", "reference", "protocol", "sample", "status", "reason"), "")
    row = GainRow(conf_low=gain.conf_low, conf_high=gain.conf_high, **p_values, **folds, **cell)
    naive = gain_over(entities, level=0.95, draws=EntityDraws(1, seed, ("gain",))).p_value
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
    keys = pd.MultiIndex.from_product([[f"e{at:02}" for at in range(20)], times])
    observed = rng.normal(size=len(keys))
    is_late = keys.get_level_values(1) >= times[train_periods]
    rows = pd.DataFrame({"observed": observed, "sample": np.where(is_late, "test", "train")})
    rows = rows.assign(entity=keys.get_level_values(0), time=keys.get_level_values(1), train_variance=1.0)
    rows = rows.assign(outcome="y", protocol="forward", fold="1")
    noise = {"ols": 1.0, "ann": 0.3, "tree": 0.9}
    return pd.concat(
        [
            rows.assign(estimator=name, predicted=observed + size * rng.normal(size=len(keys)))
            for name, size in noise.items()
        ],
        ignore_index=True,
    )


def gains_on_test_rows(frame):
    table = gain_table(frame, reference="ols", bootstrap=Bootstrap(level=0.95, n_draws=300, seed=1))
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
        keys = pd.MultiIndex.from_product([range(6), range(4)])
        rows = pd.DataFrame({"observed": rng.normal(size=24), "sample": "test", "train_variance": 1.0})
        rows = rows.assign(entity=keys.get_level_values(0), time=keys.get_level_values(1))
        rows = pd.concat([rows, rows.assign(sample="train")], ignore_index=True)
        for name in ("ols", "a", "b", "c", "d", "f"):
            own = rows.assign(estimator=name, outcome=f"y{seed:02}", protocol="random", fold="1")
            frames.append(own.assign(predicted=0.5 * rng.normal(size=48)))
    bootstrap = Bootstrap(level=0.95, n_draws=200, seed=1)
    table = gain_table(pd.concat(frames), reference="ols", bootstrap=bootstrap, among={"test": ("test",)})
    assert (table["p_best"] >= table["p_value"]).all()
