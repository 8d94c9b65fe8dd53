"""The gain with its interval and tests, over entities, splits and new periods, and tests of residuals."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from scipy.stats import binom

from evaluation.rows import rows_of
from harness.evaluation.gain import POWER, holm_adjusted, least_detectable, loss_totals
from harness.evaluation.losses import Sides, cluster_losses, samples
from harness.evaluation.resample import out_of_bag, weights_of
from harness.evaluation.residual_tests import encompassing_test, geography_of, moran_test
from harness.evaluation.tables import gains_table, gains_within
from harness.plugin import draw_weights, random_stream
from harness_panel.diagnostics.effects import moran, weight_matrix
from panels import panel_from_arrays


def gain_over(*clusters, level):
    """Return the numbers of the row of a gain."""
    return SimpleNamespace(**loss_totals(*clusters).numbers(level))


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
    gain = gain_over(cluster_losses(own, reference, entities), level=0.95)
    assert gain.gain == pytest.approx(1 - own.mean() / reference.mean(), rel=1e-14)
    assert gain.mse == pytest.approx(own.mean(), rel=1e-14)
    assert gain.mse_reference == pytest.approx(reference.mean(), rel=1e-14)
    assert gain.n_entities == 40
    assert gain.conf_low < gain.gain < gain.conf_high


def clustered_p_value(difference, entities):
    """By statsmodels, which multiplies by (n - 1) / (n - K) as well: one for K = 1."""
    fit = sm.OLS(difference, np.ones(difference.size)).fit()
    clustered = fit.get_robustcov_results("cluster", groups=entities, use_t=True)
    return float(clustered.pvalues[0])


def test_p_value_equals_a_clustered_regression_of_the_loss_difference_on_a_constant():
    own, reference, entities = simulated(better=0.2)
    gain = gain_over(cluster_losses(own, reference, entities), level=0.95)
    assert gain.p_value == pytest.approx(clustered_p_value(reference - own, entities), rel=1e-10)


@pytest.mark.parametrize(("level", "better"), [(0.95, 0.0), (0.95, 0.4), (0.8, 0.1)])
def test_the_limits_are_the_ratios_that_the_same_test_just_rejects(level, better):
    """Fieller (1954): the losses of the reference, times the ratio, against those of the estimator."""
    own, reference, entities = simulated(better=better)
    gain = gain_over(cluster_losses(own, reference, entities), level=level)
    for limit in (gain.conf_low, gain.conf_high):
        p_value = clustered_p_value((1.0 - limit) * reference - own, entities)
        assert p_value == pytest.approx(1.0 - level, rel=1e-8)


def test_shared_training_rows_widen_the_error_to_that_of_as_many_rows_as_are_trained_on():
    own, reference, entities = simulated(better=0.2)
    losses = cluster_losses(own, reference, entities)
    alone, folds = (loss_totals(losses, test_to_train=share) for share in (0.0, 0.25))
    assert folds.covariance == pytest.approx(1.25 * alone.covariance)
    shares = {one.place["sample"]: one.test_to_train for one in samples(predictions(6))}
    assert shares == {"test": 2.0, "train": 0.0, "all": 0.0}


def test_equal_losses_have_no_gain_and_no_doubt():
    own, _, entities = simulated()
    gain = gain_over(cluster_losses(own, own, entities), level=0.95)
    assert (gain.gain, gain.p_value, gain.conf_low, gain.conf_high) == (0.0, 1.0, 0.0, 0.0)


@pytest.mark.parametrize(("size", "is_equal"), [(1e-9, True), (1e-5, False)])
def test_losses_that_differ_by_rounding_are_equal(size, is_equal):
    """As of splines and a line in an indicator, whose predictions agree to ten digits."""
    own, _, entities = simulated()
    gain = gain_over(cluster_losses(own * (1.0 - size), own, entities), level=0.95)
    if is_equal:
        assert (gain.gain, gain.p_value, gain.conf_low, gain.conf_high) == (0.0, 1.0, 0.0, 0.0)
    else:
        assert gain.gain == pytest.approx(size)
        assert gain.p_value < 1e-6


def test_the_least_detectable_gain_does_not_vanish_where_both_predict_alike():
    """Normal errors of 400 entities: 2 k / (1 + k), k = c² 2 / 400 with c the sum of two quantiles of t."""
    rng = np.random.default_rng(3)
    losses = rng.normal(size=400) ** 2
    entities = np.arange(400)
    gain = gain_over(cluster_losses(losses, losses, entities), level=0.95)
    widths = stats.t.ppf(0.975, 399) + stats.t.ppf(0.8, 399)
    k = widths**2 * 2.0 / 400
    assert gain.least_detectable == pytest.approx(2.0 * k / (1.0 + k), rel=0.15)


@pytest.mark.slow
@pytest.mark.parametrize("persistence", [0.0, 0.7])
@pytest.mark.parametrize(("n_entities", "n_periods"), [(40, 8), (200, 5)])
def test_the_least_detectable_gain_of_equal_predictions_is_found_in_four_of_five_panels(
    n_entities, n_periods, persistence
):
    """The study that sees equal predictions states d; then a share d of the errors' variance is explained."""
    rng = np.random.default_rng(11)

    def drawn(n_panels, share):
        """Return errors of the reference of which a share can be predicted, and that part."""
        errors = np.empty((2, n_panels, n_entities, n_periods))
        errors[..., 0] = rng.normal(size=errors.shape[:-1])
        fresh = np.sqrt(1.0 - persistence**2)
        for period in range(1, n_periods):
            noise = fresh * rng.normal(size=errors.shape[:-1])
            errors[..., period] = persistence * errors[..., period - 1] + noise
        whole, part = np.sqrt([1.0 - share, share])[:, None, None, None] * errors
        flat = (n_panels, n_entities * n_periods)
        return (whole + part).reshape(flat), part.reshape(flat)

    entities = np.repeat(np.arange(n_entities), n_periods)
    equal = [cluster_losses(error**2, error**2, entities) for error in drawn(200, 0.0)[0]]
    least = float(np.median([gain_over(pair, level=0.95).least_detectable for pair in equal]))
    pairs = zip(*drawn(1500, least), strict=True)
    losses = [cluster_losses((error - part) ** 2, error**2, entities) for error, part in pairs]
    share = np.mean([gain_over(pair, level=0.95).p_value < 0.05 for pair in losses])
    assert 0.74 <= share <= 0.86


@pytest.mark.filterwarnings("error")
def test_a_reference_that_errs_at_one_entity_alone_bounds_no_gain():
    """A reference with levels of entities may predict those whose outcome never moves without error."""
    losses = cluster_losses(np.array([1.0, 1.0, 1.0]), np.array([0.0, 0.0, 2.0]), np.arange(3))
    found = gain_over(losses, level=0.95)
    assert found.gain == -0.5
    assert np.isnan([found.conf_low, found.conf_high]).all()
    exact = gain_over(cluster_losses(np.zeros(3), np.ones(3), np.arange(3)), level=0.95)
    assert (exact.gain, exact.p_value) == (1.0, 0.0)
    assert np.isnan(exact.least_detectable)


def test_one_entity_tests_nothing():
    found = gain_over(cluster_losses(np.ones(3), np.full(3, 2.0), np.zeros(3, dtype=int)), level=0.95)
    assert np.isnan([found.conf_low, found.conf_high, found.p_value, found.least_detectable]).all()


def test_the_least_detectable_effect_is_that_of_the_power_of_a_t_test():
    """By the noncentral t of scipy; the sum of two quantiles is exact in large samples."""
    for df, n_tests in ((30, 1), (269, 1), (269, 5)):
        effect = least_detectable(1.0, df, size=0.05, n_tests=n_tests)
        power = stats.nct.sf(stats.t.ppf(1 - 0.025 / n_tests, df), df, effect)
        assert power == pytest.approx(POWER, abs=0.01)


def test_a_gain_as_large_as_the_least_detectable_is_found_in_four_of_five_panels():
    rng = np.random.default_rng(5)
    entities = np.arange(200)
    common = rng.gamma(4.0, size=(2000, 200))
    own, reference = common + rng.gamma(2.0, size=(2, 2000, 200))
    found = gain_over(cluster_losses(own[0], reference[0], entities), level=0.95).least_detectable
    pairs = (cluster_losses((1 - found) * a, b, entities) for a, b in zip(own, reference, strict=True))
    assert np.mean([gain_over(pair, level=0.95).p_value < 0.05 for pair in pairs]) == pytest.approx(
        POWER, abs=0.06
    )


def test_holm_by_hand():
    p_values = np.array([0.01, np.nan, 0.04, 0.03])
    assert holm_adjusted(p_values) == pytest.approx([0.03, np.nan, 0.06, 0.06], nan_ok=True)


# Of the two predictions from the outcome's mean, one above, one below: both are equally good.
OFFSET = 0.5


def losses_of(own, reference, entities, periods):
    return tuple(cluster_losses(own, reference, clusters) for clusters in (entities, periods))


def null_rows(seed, *, n_periods, share, lasts=0.0, n_entities=100):
    """Return squared errors of two predictions that are equally good, entities and periods.

    Of the outcome's unit variance, `share` is common to a period, lasting as an AR(1), and .3 to an entity.
    """
    rng = np.random.default_rng([seed, n_periods, round(100 * share)])
    entities = np.repeat(np.arange(n_entities), n_periods)
    periods = np.tile(np.arange(n_periods), n_entities)
    shocks = rng.normal(size=n_periods)
    for period in range(1, n_periods):
        shocks[period] = lasts * shocks[period - 1] + np.sqrt(1.0 - lasts**2) * shocks[period]
    outcome = np.sqrt(share) * shocks[periods]
    outcome += np.sqrt(0.3) * rng.normal(size=n_entities)[entities]
    outcome += np.sqrt(0.7 - share) * rng.normal(size=entities.size)
    return (outcome + OFFSET) ** 2, (outcome - OFFSET) ** 2, entities, periods


def test_the_variance_of_periods_is_that_at_the_lowest_frequencies():
    own, reference, entities, periods = null_rows(3, n_periods=40, share=0.2)
    by_entity, by_period = losses_of(own, reference, entities, periods)
    both, alone = (loss_totals(by_entity, extra, test_to_train=0.0) for extra in (by_period, None))
    assert (both.df, alone.df) == (2, 99)
    sums = np.bincount(periods, reference - own) - (reference - own).sum() / 40
    waves = [sums @ (np.sqrt(2) * np.cos(np.pi * j * (np.arange(40) + 0.5) / 40)) for j in (1, 2)]
    contrast = np.array([1.0, -1.0])
    added = contrast @ (both.covariance - alone.covariance) @ contrast
    assert added == pytest.approx(np.mean(np.square(waves)), rel=1e-10)


def rejections(n_panels, **how):
    """Return in how many panels a true null is rejected, and by the error of entities alone."""
    clusters = [losses_of(*null_rows(seed, **how)) for seed in range(n_panels)]
    found = [gain_over(*own, level=0.95).p_value < 0.05 for own in clusters]
    naive = [gain_over(own[0], level=0.95).p_value < 0.05 for own in clusters]
    return sum(found), sum(naive)


def test_period_shocks_that_last_are_taken_for_no_gain():
    found, naive = rejections(100, n_periods=16, share=0.2, lasts=0.8)
    assert found <= binom.ppf(0.9995, 100, 0.07)
    assert naive >= 60
    assert rejections(5, n_periods=14, share=0.2, lasts=0.8)[0] == 0


@pytest.mark.slow
@pytest.mark.parametrize("lasts", [0.0, 0.5, 0.8])
@pytest.mark.parametrize("n_periods", [15, 20, 30, 40, 60])
def test_a_null_is_rejected_in_seven_of_a_hundred_at_most(n_periods, lasts):
    found, naive = rejections(1000, n_periods=n_periods, share=0.2, lasts=lasts)
    assert found <= binom.ppf(0.999, 1000, 0.07) < naive


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
    table = gains_table(frame, references=("ols",), level=0.95)
    return table[table["sample"] == "test"].set_index("estimator")


def test_with_few_new_periods_there_is_an_interval_and_no_p_value():
    table = gains_on_test_rows(predictions(14))
    assert (table["inference"] == "conditional on periods").all()
    assert table[["p_value", "p_holm", "least_detectable"]].isna().all(axis=None)
    assert (table["conf_low"] < table["gain"]).all()
    assert (table["gain"] < table["conf_high"]).all()


def test_from_fifteen_periods_on_the_p_value_allows_for_them():
    table = gains_on_test_rows(predictions(15))
    assert (table["inference"] == "entities and periods").all()
    assert table["p_value"].between(0, 1).all()
    assert table["p_holm"].tolist() == pytest.approx(holm_adjusted(table["p_value"].to_numpy()).tolist())


def test_periods_are_in_the_order_of_time_whatever_their_digits():
    """Labels are text, of which "10" stands before "9"."""
    frame = predictions(20)
    numbered = frame.assign(time=frame["time"].astype(int).sub(1998).astype(str))
    columns = ["gain", "conf_low", "p_value"]
    pd.testing.assert_frame_equal(gains_on_test_rows(frame)[columns], gains_on_test_rows(numbered)[columns])


def test_periods_are_new_where_no_fold_trains_on_what_it_tests():
    frame = predictions(2)
    assert Sides.of(frame, "time").are_apart
    mixed = frame.assign(sample=np.where(frame["entity"] < "e05", "test", "train"))
    assert not Sides.of(mixed, "time").are_apart


def test_gains_by_period_and_fold_are_those_of_their_rows():
    frame = predictions(3)
    table = gains_within(frame, references=("ols",))
    assert set(table["reference"]) == {"ols"}
    assert "ols" not in set(table["estimator"])
    own = table[(table["estimator"] == "ann") & (table["by"] == "period")].set_index("part")
    assert list(own.index) == ["2003", "2004", "2005"]
    squared = frame.assign(loss=(frame["observed"] - frame["predicted"]) ** 2)
    means = squared[squared["sample"] == "test"].groupby(["estimator", "time"])["loss"].mean()
    for period, row in own.iterrows():
        assert row["gain"] == pytest.approx(1 - means["ann", period] / means["ols", period], rel=1e-12)
        assert row["n_obs"] == 20
    fold = table[(table["estimator"] == "ann") & (table["by"] == "fold")]
    assert fold["gain"].tolist() == pytest.approx([gains_on_test_rows(frame).loc["ann", "gain"]], rel=1e-12)


def make_panel():
    entity = np.repeat([3, 5, 9], [4, 2, 3])
    period = np.concatenate([np.arange(4), np.arange(2), np.arange(3)])
    return panel_from_arrays(entity=entity, period=period, outcome=np.arange(9.0), X=np.arange(9.0))


def test_entities_are_drawn_whole_and_as_many_as_there_are():
    panel = make_panel()
    weights = draw_weights(panel, 50, unit="entity", rng=random_stream(0, "w"))
    assert weights.shape == (50, 9)
    for code in range(3):
        rows = weights[:, panel.entity.codes == code]
        assert (rows == rows[:, :1]).all()
    first_rows = weights[:, [0, 4, 6]]
    assert (first_rows.sum(axis=1) == 3).all()


def test_rows_are_drawn_as_many_as_there_are():
    weights = draw_weights(make_panel(), 50, unit="row", rng=random_stream(0, "w"))
    assert (weights.sum(axis=1) == 9).all()
    assert set(np.unique(weights)) >= {0.0, 1.0, 2.0}


def test_each_entity_is_drawn_once_on_average():
    weights = draw_weights(make_panel(), 4000, unit="entity", rng=random_stream(0, "w"))
    # The standard error of the mean of a count with variance 2/3 over 4,000 draws is 0.013.
    assert np.abs(weights.mean(axis=0) - 1.0).max() < 4 * 0.013


@pytest.mark.parametrize("unit", ["entity", "row"])
@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 0, 2, 1), (2, 2, 0, 3, 1)])
def test_blocks_of_draws_are_parts_of_all_draws_in_whatever_order_they_are_made(unit, order):
    panel = make_panel()
    every = draw_weights(panel, 20, unit=unit, rng=random_stream(1, "blocks", unit))
    for block in order:
        draws = range(5 * block, 5 * block + 5)
        some = weights_of(panel, draws, unit=unit, rng=random_stream(1, "blocks", unit))
        np.testing.assert_array_equal(some, every[draws.start : draws.stop])


def test_out_of_bag_are_rows_that_a_draw_left_out():
    np.testing.assert_array_equal(out_of_bag(np.array([[0.0, 2.0], [1.0, 0.0]])), [[1.0, 0.0], [0.0, 1.0]])


def rival_predictions(seed=1, n_entities=60, n_periods=6):
    rng = np.random.default_rng(seed)
    n_obs = n_entities * n_periods
    keys = {
        "fold": "1",
        "entity": np.repeat(np.arange(n_entities), n_periods),
        "time": np.tile(np.arange(n_periods), n_entities),
    }
    signal, extra = rng.standard_normal((2, n_obs))
    frame = pd.DataFrame(keys).assign(observed=signal + extra + rng.standard_normal(n_obs))
    return frame.assign(predicted=signal), frame.assign(predicted=signal + extra), signal, rng


def test_the_statistic_is_that_of_least_squares_within_periods_one_entity_left_out_after_another():
    reference, rival, *_ = rival_predictions()
    found = encompassing_test(rival, reference)
    error = reference["observed"] - reference["predicted"]
    difference = rival["predicted"] - reference["predicted"]
    error, difference = (one - one.groupby(rival["time"]).transform("mean") for one in (error, difference))
    weight = sm.OLS(error, difference).fit().params.iloc[0]
    kept = [rival["entity"] != entity for entity in range(60)]
    without = [sm.OLS(error[rows], difference[rows]).fit().params.iloc[0] for rows in kept]
    assert found.weight == pytest.approx(weight, rel=1e-10)
    assert found.statistic == pytest.approx(
        weight / np.sqrt(59 / 60 * np.square(np.array(without) - weight).sum()), rel=1e-10
    )
    assert found.p_value == pytest.approx(stats.t.sf(found.statistic, 59), rel=1e-12, abs=0)
    assert found.n_entities == 60
    folds = encompassing_test(rival, reference, test_to_train=0.25)
    assert folds.statistic == pytest.approx(found.statistic / np.sqrt(1.25), rel=1e-12)


@pytest.mark.slow
def test_columns_without_an_effect_add_nothing_in_95_of_100_cases():
    """Least squares learn three such columns in five folds of entities."""
    rejected = 0
    for seed in range(200):
        reference, _, signal, rng = rival_predictions(seed, n_entities=30)
        columns, fold = rng.standard_normal((signal.size, 3)), (reference["entity"] % 5).to_numpy()
        rest = [
            np.linalg.lstsq(columns[fold != at], (reference["observed"] - signal)[fold != at])[0]
            for at in range(5)
        ]
        learned = (columns * np.stack(rest)[fold]).sum(axis=1)
        own = reference.assign(fold=fold)
        rejected += (
            encompassing_test(own.assign(predicted=signal + learned), own, test_to_train=0.25).p_value < 0.05
        )
    assert 2 <= rejected <= 21


def test_predictions_that_differ_by_a_number_for_each_period_have_no_test():
    reference, *_ = rival_predictions()
    assert encompassing_test(reference, reference) is None
    shifted = reference.assign(predicted=reference["predicted"] + 3.7 * reference["time"])
    assert encompassing_test(shifted, reference) is None
    assert encompassing_test(*(one[one["entity"] == 3] for one in rival_predictions()[:2])) is None


@pytest.mark.slow
@pytest.mark.parametrize("n_periods", [4, 9])
def test_shocks_of_periods_that_last_add_nothing(n_periods):
    """20 % of the variance is an AR(.8) common to all; clustered by entity alone a third were rejected."""
    rejected = 0
    for seed in range(100):
        reference, _, signal, rng = rival_predictions(seed, n_periods=n_periods)
        common = np.cumsum(rng.standard_normal((2, n_periods)), axis=1)[:, reference["time"]]
        truth = reference.assign(observed=reference["observed"] + common[0])
        noisy = truth.assign(predicted=signal + rng.standard_normal(signal.size) + common[1])
        rejected += encompassing_test(noisy, truth).p_value < 0.05
    assert rejected <= 13


def drawn(seed, *, n_entities=40, n_periods=4, share=0.0):
    """Return predictions whose residuals last for an entity and, to a share, go with its neighbours'."""
    rng = np.random.default_rng([3, seed])
    places = pd.DataFrame(
        rng.uniform(-20.0, 20.0, (n_entities, 2)), columns=["latitude", "longitude"], index=range(n_entities)
    )
    noise = rng.standard_normal((n_entities, n_periods)) + 1.5 * rng.standard_normal((n_entities, 1))
    distance = np.hypot(*(places.to_numpy()[:, None] - places.to_numpy()[None]).transpose(2, 0, 1))
    near = np.exp(-distance / 6.0)
    smooth = near @ noise / np.sqrt(np.square(near).sum(axis=1, keepdims=True))
    residual = np.sqrt(share) * smooth + np.sqrt(1.0 - share) * noise
    keys = {"entity": np.repeat(range(n_entities), n_periods), "time": np.tile(range(n_periods), n_entities)}
    return pd.DataFrame(keys).assign(observed=residual.ravel(), predicted=0.0), places


def test_the_statistic_is_the_one_for_cross_sections():
    rival_predictions, places = drawn(1, n_periods=1, n_entities=60)
    panel = panel_from_arrays(
        entity=np.arange(60),
        period=np.zeros(60, dtype=int),
        outcome=rival_predictions["observed"].to_numpy(),
        X=np.arange(60.0)[:, None],
    )
    panel = replace(panel, coordinates=places.to_numpy())
    own = panel.observed - panel.observed.mean()
    weights = weight_matrix(panel.links(), 60)
    (expected, *_) = moran(weights, np.full((60, 1), 60.0**-0.5), own)
    moved = {name: rival_predictions[name] + np.arange(60.0) for name in ("observed", "predicted")}
    labelled = rival_predictions.assign(entity=rival_predictions["entity"].astype(str), **moved)
    found = moran_test(labelled, geography_of(panel), np.random.default_rng(1))
    assert found.statistic == pytest.approx(expected, rel=1e-9)
    assert found.n_entities == 60


def spatial_rejections(n_panels, **how):
    tested = (moran_test(*drawn(seed, **how), np.random.default_rng(seed)) for seed in range(n_panels))
    return np.mean([one.p_value < 0.05 for one in tested])


def test_residuals_that_last_are_not_taken_for_spatial_ones_and_spatial_ones_are_found():
    assert spatial_rejections(8, share=0.9) >= 0.75
    assert spatial_rejections(20) <= 0.2


@pytest.mark.slow
def test_size():
    assert 0.03 <= spatial_rejections(500) <= 0.075


def test_few_entities_have_no_test():
    assert moran_test(*drawn(1, n_entities=12), np.random.default_rng(1)) is None
