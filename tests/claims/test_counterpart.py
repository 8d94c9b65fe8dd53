"""A claim looked up as published, and once more as it should be done."""

from __future__ import annotations

import pandas as pd
import pytest

from harness.claims.counterpart import counterpart_columns, counterpart_of
from harness.claims.kind import RunTables
from harness.spec.claim import GainClaim, MedianClaim
from harness.spec.publication import Counterparts

BESIDE = Counterparts(estimators={"rows": "whole"}, protocols={"leaky": "apart"})
GAIN = GainClaim(outcome="y", estimator="ann", quantity="gain", value=0.65)
MEDIAN = MedianClaim(outcome="y", estimator="rows", quantity="median", value=3.0, by="size", group="large")


def run():
    gains = pd.DataFrame(
        {
            "outcome": "y",
            "estimator": "ann",
            "protocol": ["leaky", "apart"],
            "sample": "test",
            "gain": [0.6, -0.1],
        }
    )
    medians = pd.DataFrame(
        {
            "outcome": "y",
            "estimator": ["rows", "whole"],
            "by": "size",
            "group": "large",
            "mode": "pooled",
            "median": [3.1, 2.7],
        }
    )
    return RunTables({"gain": gains, "heterogeneity": medians}, "leaky")


def test_a_gain_is_looked_up_under_the_other_protocol():
    found = counterpart_columns(GAIN, BESIDE, run())
    assert found["counterpart"] == pytest.approx(-0.1)
    assert (found["counterpart_estimator"], found["counterpart_protocol"]) == ("ann", "apart")


def test_a_median_is_looked_up_by_the_other_estimator():
    found = counterpart_columns(MEDIAN, BESIDE, run())
    assert found["counterpart"] == pytest.approx(2.7)
    assert (found["counterpart_estimator"], found["counterpart_protocol"]) == ("whole", None)


def test_what_has_no_counterpart_has_no_columns():
    other = MEDIAN.model_copy(update={"estimator": "ann"})
    assert counterpart_of(other, BESIDE, first_protocol="leaky") is None
    assert counterpart_columns(other, BESIDE, run()) == {}
    own = GAIN.model_copy(update={"protocol": "apart"})
    assert counterpart_of(own, BESIDE, first_protocol="leaky") is None


def test_a_number_that_the_run_lacks_has_a_reason():
    lacking = MEDIAN.model_copy(update={"group": "small"})
    found = counterpart_columns(lacking, BESIDE, run())
    assert found["counterpart"] != found["counterpart"]
    assert found["counterpart_reason"] == "this run gives no such number"
