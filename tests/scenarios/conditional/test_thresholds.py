"""Where a conditional effect changes its sign."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
from numpy.random import default_rng

from harness.scenarios.conditional.thresholds import crossings, thresholds

AT = np.linspace(-1.0, 1.0, 21)
ALL = np.ones(21, dtype=bool)


def noisy(effect, *, sd=0.1, n_draws=400, seed=0):
    """Return draws that differ by a common shift and a common tilt."""
    rng = np.random.default_rng(seed)
    shift, tilt = sd * rng.normal(size=(2, n_draws, 1))
    return effect + shift + tilt * AT


def test_a_line_crosses_where_it_does():
    effect = 2.0 * (AT - 0.23)
    draws = noisy(effect)
    (threshold,) = thresholds(AT, effect, draws, supported=ALL, level=0.95, rng=default_rng(1))
    assert threshold.kind == "negative_to_positive"
    assert threshold.at == pytest.approx(0.23, rel=1e-12)
    assert threshold.share_of_draws == 1.0
    slopes, starts = draws[:, -1] - draws[:, 0], draws[:, 0]
    crossings = statistics.quantiles(-1.0 - 2.0 * starts / slopes, n=40, method="exclusive")
    assert (threshold.conf_low, threshold.conf_high) == pytest.approx((crossings[0], crossings[-1]), rel=1e-9)


def test_a_parabola_crosses_twice():
    effect = 4.0 * AT**2 - 1.0
    first, second = thresholds(AT, effect, noisy(effect), supported=ALL, level=0.95, rng=default_rng(1))
    assert (first.kind, second.kind) == ("positive_to_negative", "negative_to_positive")
    assert (first.at, second.at) == pytest.approx((-0.5, 0.5), abs=0.01)
    assert first.conf_low < -0.5 < first.conf_high < second.conf_low < 0.5 < second.conf_high


@pytest.mark.parametrize(
    "effect", [np.ones(21), np.zeros(21), 0.05 * AT, 1.0 + AT], ids=["constant", "zero", "weak", "one sign"]
)
def test_what_cannot_be_told_from_zero_on_both_sides_is_no_threshold(effect):
    assert thresholds(AT, effect, noisy(effect), supported=ALL, level=0.95, rng=default_rng(1)) == ()


def test_unsupported_moderators_say_nothing():
    effect = AT - 0.5
    draws = np.where(AT > 0.3, np.nan, noisy(effect))
    assert thresholds(AT, effect, draws, supported=AT <= 0.3, level=0.95, rng=default_rng(1)) == ()
    assert thresholds(AT, effect, draws, supported=~ALL, level=0.95, rng=default_rng(1)) == ()


def test_a_zero_effect_seldom_has_a_threshold():
    rng = np.random.default_rng(5)
    found = 0
    for _ in range(400):
        scores = rng.normal(size=(200, 3)) + rng.normal(size=3)
        draws = scores @ np.stack([np.ones(21), AT, AT**2])
        found += bool(thresholds(AT, draws.mean(axis=0), draws, supported=ALL, level=0.95, rng=rng))
    assert found <= 0.05 * 400


def test_crossings_are_those_of_straight_lines():
    curves = np.array([[-1.0, 1.0, 1.0, -2.0], [1.0, -3.0, 0.0, 4.0]])
    found = crossings(np.array([0.0, 1.0, 3.0, 4.0]), curves)
    assert found[0, 0] == 0.5
    assert found[1, 1] == 3.0
    assert np.isnan(found).sum() == 4
