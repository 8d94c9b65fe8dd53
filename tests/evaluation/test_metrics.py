"""Losses beside squared error, and gains by them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pandas as pd
import pytest
from sklearn.metrics import mean_absolute_error, mean_pinball_loss

from evaluation.test_tables import predictions
from harness.evaluation.losses import squared_error
from harness.evaluation.metrics import AbsoluteError, QuantileError
from harness.evaluation.tables import Bootstrap, gain_table, metrics_table
from small_run import SPEC, TINY, run_small

BOOTSTRAP = Bootstrap(level=0.9, n_draws=300, seed=3)
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
    return metrics_table(frame, asked, reference="ols", bootstrap=BOOTSTRAP)


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
    gains = gain_table(frame, reference="ols", bootstrap=BOOTSTRAP).set_index(KEYS)
    columns = ["gain", "conf_low", "conf_high", "p_value"]
    pd.testing.assert_frame_equal(found[columns], gains[columns], check_like=True, rtol=1e-12)


def test_half_the_absolute_error_is_the_check_loss_at_the_median():
    found = metrics(predictions(), mae=AbsoluteError(), median=QuantileError()).set_index([*KEYS, "metric"])
    mae, median = (found.xs(name, level="metric") for name in ("mae", "median"))
    pd.testing.assert_series_equal(median["value"], 0.5 * mae["value"], rtol=1e-13)
    pd.testing.assert_series_equal(median["conf_low"], mae["conf_low"], rtol=1e-12)


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
