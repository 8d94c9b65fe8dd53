"""Win rates and error ratios equal a second implementation, and their intervals hold what they should."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from harness.suite.overall import comparison, log_errors
from harness.suite.results import recognition_rows

NAMES = ("ols", "effects", "network")


def panel(losses, rows=None):
    size = next(iter(losses.values())).size
    return SimpleNamespace(by_entity=(losses, np.full(size, 4.0) if rows is None else rows))


def panels(rng, *, n_panels, n_entities, shift):
    found = []
    for _ in range(n_panels):
        level = np.exp(rng.normal())
        base = rng.gamma(3.0, size=n_entities) * level
        own = np.exp(shift + 0.2 * rng.normal()) * base * rng.gamma(20.0, 1 / 20.0, size=n_entities)
        found.append(panel({"ols": base, "effects": base * 1.3, "network": own}))
    return found


def compared(results, references, estimator="network", *, seed=0, n_draws=400):
    errors = log_errors(results, NAMES, n_draws=n_draws, rng=np.random.default_rng(seed))
    return comparison(
        errors, estimator, references, level=0.95, n_at_once=1, rng=np.random.default_rng(seed + 1)
    )


def test_estimates_are_those_of_loops():
    results = panels(np.random.default_rng(1), n_panels=9, n_entities=15, shift=-0.1)
    found = compared(results, ("ols", "effects"))
    ratios = []
    for result in results:
        losses, _ = result.by_entity
        ratios.append(np.log(losses["network"].sum() / min(losses["ols"].sum(), losses["effects"].sum())))
    assert found.log_error_ratio == pytest.approx(np.mean(ratios), rel=1e-12)
    assert found.win_rate == np.mean([ratio < 0 for ratio in ratios])
    assert (found.n_panels, found.n_refused) == (9, 0)


def test_intervals_are_those_of_loops_over_the_same_draws():
    n_panels, n_entities, n_draws = 7, 9, 200
    results = panels(np.random.default_rng(9), n_panels=n_panels, n_entities=n_entities, shift=-0.05)
    results.append(panel({"ols": results[0].by_entity[0]["ols"]}))  # one that the estimator refuses
    found = compared(results, ("ols", "effects"), seed=4, n_draws=n_draws)
    rng, drawn = np.random.default_rng(4), []
    for result in results:
        losses, rows = result.by_entity
        counts = rng.multinomial(n_entities, [1.0 / n_entities] * n_entities, size=n_draws)
        own = []
        for times in counts:
            n_rows = sum(t * n for t, n in zip(times, rows, strict=True))
            mse = {
                name: sum(t * v for t, v in zip(times, losses[name], strict=True)) / n_rows for name in losses
            }
            rivals = min(mse[name] for name in ("ols", "effects") if name in mse)
            own.append(math.log(mse["network"] / rivals) if "network" in mse else None)
        drawn.append(own)
    rng, ratios, wins = np.random.default_rng(5), [], []
    picked, inner = (rng.integers(size, size=(n_draws, n_panels + 1)) for size in (n_panels + 1, n_draws))
    for at in range(n_draws):
        values = [drawn[one][draw] for one, draw in zip(picked[at], inner[at], strict=True)]
        known = [value for value in values if value is not None]
        ratios += [sum(known) / len(known)] if known else []
        wins.append(sum(value < 0 for value in known) / len(values))
    of_ratio, of_wins = (tuple(np.quantile(own, [0.025, 0.975])) for own in (ratios, wins))
    assert (found.conf_low, found.conf_high) == pytest.approx(of_ratio, abs=1e-10)
    assert (found.win_low, found.win_high) == pytest.approx(of_wins, abs=1e-10)


def test_a_refusal_is_no_win_and_in_no_mean():
    base = np.random.default_rng(4).gamma(3.0, size=10)
    whole = {"ols": base, "effects": base, "network": base / 2}
    lacking = {"ols": base, "effects": base}
    found = compared([panel(whole), panel(whole), panel(lacking), panel(lacking)], ("ols",))
    assert found.win_rate == 0.5
    assert found.log_error_ratio == pytest.approx(np.log(0.5))
    assert (found.n_panels, found.n_refused) == (4, 2)


def test_panels_that_the_reference_refuses_are_not_compared_on():
    base = np.random.default_rng(4).gamma(3.0, size=10)
    results = [
        panel({"ols": base, "effects": base, "network": base}),
        panel({"ols": base, "network": base}),
    ]
    assert compared(results, ("effects",)).n_panels == 1
    assert compared([results[1]], ("effects",)) is None


@pytest.mark.slow
def test_interval_holds_the_mean_of_all_panels_at_least_as_often_as_it_says():
    rng, held = np.random.default_rng(6), 0
    for _ in range(300):
        found = compared(panels(rng, n_panels=20, n_entities=20, shift=0.0), ("ols",), n_draws=300)
        truth = 0.0  # the log of a mean of ratios of mean 1 is within 0.003 of it
        held += found.conf_low <= truth <= found.conf_high
    assert held / 300 >= 0.92


def test_the_median_share_of_recognition_has_the_exact_interval_of_a_median():
    shares = pd.DataFrame({"estimator": "network", "estimate": [*np.arange(1.0, 11.0), np.nan, np.nan]})
    (row,) = recognition_rows(shares, level=0.95)
    # Of ten values the second and the ninth: P(Bin(10, 1/2) <= 1) = 11 / 1024.
    assert (row["share"], row["conf_low"], row["conf_high"]) == (5.5, 2.0, 9.0)
    assert (row["n_panels"], row["n_without_gain"]) == (10, 2)
    assert not list(recognition_rows(pd.DataFrame(), level=0.95))
