"""How a gain stands, by its interval and the p-values that allow for many comparisons."""

import math

import pytest

from harness.report.model.gain_row import GainStatus, gain_status


@pytest.mark.parametrize(
    ("low", "high", "status"),
    [
        (0.01, 0.2, GainStatus.BETTER),
        (-0.2, -0.01, GainStatus.WORSE),
        (-0.01, 0.2, GainStatus.OPEN),
        (0.0, 0.2, GainStatus.OPEN),
        (-0.2, 0.0, GainStatus.OPEN),
        (math.nan, math.nan, GainStatus.OPEN),
    ],
)
def test_a_gain_is_established_where_its_interval_excludes_zero(low, high, status):
    assert gain_status(low, high, adjusted=(), level=0.95) is status
    assert gain_status(low, high, adjusted=(0.049, math.nan), level=0.95) is status


@pytest.mark.parametrize("adjusted", [(0.051, 0.001), (0.001, 0.05), (math.nan, 0.9)])
def test_one_large_adjusted_p_value_leaves_it_open(adjusted):
    assert gain_status(0.01, 0.2, adjusted=adjusted, level=0.95) is GainStatus.OPEN
    assert gain_status(-0.2, -0.01, adjusted=adjusted, level=0.95) is GainStatus.OPEN
