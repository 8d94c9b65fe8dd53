"""How a gain stands, by its interval and its adjusted p-value."""

import math

import pytest

from harness.tables.gain import GainRow, GainStatus


def standing(low, high, p_holm, **changes):
    gain = (low + high) / 2
    cell = dict.fromkeys(("outcome", "estimator", "reference", "protocol", "sample", "status", "reason"), "")
    row = GainRow(gain=gain, conf_low=low, conf_high=high, p_holm=p_holm, **cell, **changes)
    return row.status_at(0.95, 0.1)


@pytest.mark.parametrize(
    ("low", "high", "p_holm", "status"),
    [
        (0.01, 0.2, 0.049, GainStatus.BETTER),
        (0.01, 0.2, 0.05, GainStatus.OPEN),
        (-0.2, -0.01, 0.049, GainStatus.WORSE),
        (-0.2, -0.01, 0.05, GainStatus.NOT_BETTER),
        (-0.01, 0.2, 0.2, GainStatus.OPEN),
        (-0.1, 0.1, 0.9, GainStatus.OPEN),
        (-0.1, 0.099, 0.9, GainStatus.NOT_BETTER),
        (0.01, 0.05, 0.06, GainStatus.NOT_BETTER),
        (0.01, 0.05, 0.01, GainStatus.BETTER),
        (math.nan, math.nan, math.nan, GainStatus.MISSING),
    ],
)
def test_a_gain_stands_by_its_adjusted_p_value_or_else_by_what_its_interval_leaves(low, high, p_holm, status):
    assert standing(low, high, p_holm) is status


def test_time_that_was_seen_once_tests_nothing():
    once = {"inference": "given these periods", "p_holm": math.nan}
    assert standing(0.01, 0.2, **once) is GainStatus.BETTER_ONCE
    assert standing(-0.01, 0.05, **once) is GainStatus.OPEN
    assert standing(-0.2, -0.01, **once) is GainStatus.OPEN
