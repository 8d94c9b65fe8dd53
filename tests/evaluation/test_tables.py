"""Tables that recompute from stored predictions."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import mean_absolute_error, mean_pinball_loss

from evaluation.rows import rows_of
from harness.errors import PluginError
from harness.evaluation.losses import PairedLosses, samples, squared_error
from harness.evaluation.metrics import AbsoluteError, QuantileError
from harness.evaluation.tables import accuracy_table, gains_table, metrics_table
from small_run import SPEC, TINY, run_small


def predictions(seed=0):
    """Two estimators, one outcome, one protocol of two folds over the same rows."""
    rng = np.random.default_rng(seed)
    parts = []
    for fold in ("1", "2"):
        observed = rng.normal(size=36)
        rows = rows_of(12, ["2000", "2001", "2002"], fold=fold, observed=observed, train_variance=2.0)
        rows["sample"] = np.where(rng.random(36) < 0.3, "test", "train")
        for estimator, noise in (("ols", 1.0), ("ann", 0.5)):
            predicted = observed + noise * rng.normal(size=36)
            parts.append(rows.assign(estimator=estimator, predicted=predicted))
    return pd.concat(parts, ignore_index=True)


def test_accuracy_of_a_sample_is_over_its_rows_in_all_folds():
    frame = predictions()
    found = accuracy_table(frame).set_index(["estimator", "sample"])
    for estimator in ("ols", "ann"):
        own = frame[frame["estimator"] == estimator]
        for sample, rows in (("test", own[own["sample"] == "test"]), ("all", own)):
            mse = ((rows["observed"] - rows["predicted"]) ** 2).mean()
            assert found.loc[(estimator, sample), "mse"] == pytest.approx(mse, rel=1e-14)
            assert found.loc[(estimator, sample), "nmse"] == pytest.approx(mse / 2.0, rel=1e-14)
            assert found.loc[(estimator, sample), "n_obs"] == len(rows)


def test_gain_agrees_with_accuracy_and_pairs_rows_whatever_their_order():
    frame = predictions()
    shuffled = frame.sample(frac=1.0, random_state=1)
    options = {"references": ("ols",), "level": 0.95}
    plain, mixed = gains_table(frame, **options), gains_table(shuffled, **options)
    mse = accuracy_table(frame).set_index(["estimator", "sample"])["mse"]
    for row in plain.itertuples():
        assert row.gain == pytest.approx(1 - mse["ann", row.sample] / mse["ols", row.sample], rel=1e-12)
        assert row.conf_low < row.gain < row.conf_high
    pd.testing.assert_frame_equal(
        plain.sort_values("sample", ignore_index=True), mixed.sort_values("sample", ignore_index=True)
    )
    for name in ("p_value", "p_holm", "least_detectable"):
        assert plain[name].between(0, 1).all()
    assert list(plain["estimator"].unique()) == ["ann"]
    assert list(plain["sample"]) == ["train", "test", "all"]


def test_equal_rows_have_equal_intervals_under_every_protocol():
    frame = predictions()
    again = frame.assign(protocol="other")
    level = 0.95
    table = gains_table(pd.concat([frame, again]), references=("ols",), level=level)
    numbers = ["gain", "conf_low", "conf_high", "p_value", "p_holm"]
    by = {name: own.set_index("sample")[numbers] for name, own in table.groupby("protocol")}
    pd.testing.assert_frame_equal(by["random"], by["other"])


def test_losses_side_by_side_are_those_matched_row_by_row():
    """Rows of all estimators in one order, and the same rows shuffled, which are matched by their keys."""
    rng = np.random.default_rng(0)
    keys = pd.MultiIndex.from_product(
        [["2", "10"], ["train", "test"], ["b", "a", "c"], ["1", "2"]],
        names=["fold", "sample", "entity", "time"],
    ).to_frame(index=False)
    keys = keys.assign(outcome="y", protocol="random")
    rows = pd.concat([keys.assign(estimator=name) for name in ("second", "first")], ignore_index=True)
    rows = rows.assign(observed=rng.normal(size=len(rows)), predicted=rng.normal(size=len(rows)))
    together, apart = (
        PairedLosses.of(next(samples(own, among={"test": ("test",)})))
        for own in (rows, rows.sample(frac=1.0, random_state=1).sort_values("estimator", ascending=False))
    )
    with pytest.raises(PluginError, match=r"metric, .*<lambda>: returned a float64 of shape \(\)"):
        PairedLosses.of(next(samples(rows)), lambda observed, predicted: np.mean(observed - predicted))
    keys = ["fold", "sample", "entity", "time"]
    rows = rows[rows["sample"] == "test"]
    assert together.estimators == ("second", "first")
    assert together.entities.tolist() == apart.entities.tolist() == [0, 0, 1, 1, 2, 2] * 2
    assert together.periods.tolist() == apart.periods.tolist() == [0, 1] * 6
    expected = rows.assign(loss=(rows["observed"] - rows["predicted"]) ** 2).sort_values(keys)
    for name, own in expected.groupby("estimator"):
        for found in (together, apart):
            assert found.frame[name].tolist() == own["loss"].tolist()
            assert found.frame.index.tolist() == own[keys].apply(tuple, axis=1).tolist()


@pytest.mark.parametrize(("error", "is_refused"), [(0.0, True), (3e-16, True), (1e-12, False)])
def test_over_a_reference_that_errs_by_rounding_alone_there_is_no_gain_but_a_reason(error, is_refused):
    frame = predictions()
    signs = np.where(np.arange(len(frame)) % 2, error, -error)
    exact = frame["observed"] + signs
    frame["predicted"] = frame["predicted"].where(frame["estimator"] != "ols", exact)
    found = gains_table(frame, references=("ols",), level=0.95)
    assert set(found["status"]) == {"refused" if is_refused else "ok"}
    assert found[["gain", "p_value", "mse", "mse_reference"]].isna().all(axis=None) == is_refused
    if is_refused:
        assert set(found["reason"]) == {
            "the reference 'ols' predicts without error, so nothing can be gained: do its regressors or "
            "effects determine 'y'?"
        }


LEVEL = 0.9
KEYS = ["estimator", "sample"]


@dataclass(frozen=True)
class SquaredError:
    """What gains are in anyway."""

    name: ClassVar[str] = "squared_error"
    title: ClassVar[str] = "Squared error"
    how: ClassVar[str] = "Mean squared error."

    def loss(self, observed, predicted):
        return squared_error(observed, predicted)


def metrics(frame, **asked):
    return metrics_table(frame, asked, reference="ols", level=LEVEL)


def test_values_are_those_of_scikit_learn():
    frame = predictions()
    found = metrics(frame, mae=AbsoluteError(), low=QuantileError(0.1)).set_index([*KEYS, "metric"])["value"]
    for (estimator, sample), own in frame.groupby(KEYS):
        observed, predicted = own["observed"], own["predicted"]
        mae = mean_absolute_error(observed, predicted)
        assert found[estimator, sample, "mae"] == pytest.approx(mae, rel=1e-13)
        low = mean_pinball_loss(observed, predicted, alpha=0.1)
        assert found[estimator, sample, "low"] == pytest.approx(low, rel=1e-13)


def test_gains_by_squared_error_are_the_gains_of_the_study():
    frame = predictions()
    found = metrics(frame, squares=SquaredError()).dropna(subset="gain").set_index(KEYS)
    gains = gains_table(frame, references=("ols",), level=LEVEL).set_index(KEYS)
    columns = ["gain", "conf_low", "conf_high", "p_value"]
    pd.testing.assert_frame_equal(found[columns], gains[columns], check_like=True, rtol=1e-12)


def test_a_study_asks_for_metrics_by_name(tmp_path):
    asked = "evaluation.metrics=[absolute_error, {id: upper, use: quantile_error, level: 0.9}]"
    run = run_small(tmp_path / "run", spec=SPEC, overrides=(*TINY, asked))
    found = pd.read_csv(run.path / "metrics.csv")
    assert list(found["metric"].unique()) == ["absolute_error", "upper"]
    assert set(found["status"]) == {"ok"}
    reference = found[found["estimator"] == "ols"]
    assert reference["gain"].isna().all()
    other = found[(found["estimator"] == "curved") & (found["metric"] == "upper")].set_index("sample")
    own = reference[reference["metric"] == "upper"].set_index("sample")
    expected = 1.0 - other["value"] / own["value"]
    pd.testing.assert_series_equal(other["gain"], expected, check_names=False, rtol=1e-9)
    plain = run_small(tmp_path / "plain", spec=SPEC, overrides=TINY)
    assert not (plain.path / "metrics.csv").exists()
