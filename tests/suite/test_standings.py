"""Ranks with intervals, the panels an answer hangs on, and standings by shape, next to loops."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import rankdata

from harness.evaluation.losses import ClusterLosses
from harness.suite.overall import log_errors
from harness.suite.spec import Suite
from harness.suite.standings import SUBSETS, influential, rank_intervals, standing_rows

NAMES = ("ols", "rival", "net")


def panels(n_panels, *, shift, seed):
    rng, found = np.random.default_rng(seed), []
    for at in range(n_panels):
        base = rng.gamma(3.0, size=20)
        of = {
            "ols": base * 1.2,
            "rival": base,
            "net": np.exp(shift) * base * rng.gamma(50.0, 1 / 50.0, size=20),
        }
        clusters = {name: ClusterLosses(losses, losses, np.full(20, 4.0)) for name, losses in of.items()}
        cells = {
            name: {"mae": float(np.sqrt(one.loss.sum())), "mis": float(one.loss.sum()) if at % 2 else np.nan}
            for name, one in clusters.items()
        }
        shape = {"n_periods": 4 + at, "n_entities": 88 + 2 * at, "exposure_between": at / n_panels}
        found.append(SimpleNamespace(by_entity=clusters, shape=shape, cells=cells, data_set=f"d{at}"))
    return found


def errors_of(results):
    return log_errors(results, NAMES, n_draws=300, rng=np.random.default_rng(1))


def test_average_ranks_and_their_limits_are_those_of_loops():
    errors = errors_of(panels(7, shift=-0.02, seed=2))
    errors.observed[3, 2], errors.drawn[3, :, 2] = np.nan, np.nan  # a refusal is last
    average, low, high = rank_intervals(errors, level=0.9, rng=np.random.default_rng(5))
    known = np.where(np.isnan(errors.observed), np.inf, errors.observed)
    assert average == pytest.approx(np.mean([rankdata(row) for row in known], axis=0))
    rng = np.random.default_rng(5)
    picked, inner = rng.integers(7, size=(300, 7)), rng.integers(300, size=(300, 7))
    drawn = np.where(np.isnan(errors.drawn), np.inf, errors.drawn)
    means = [
        np.mean([rankdata(drawn[one, draw]) for one, draw in zip(*pair, strict=True)], axis=0)
        for pair in zip(picked, inner, strict=True)
    ]
    assert low == pytest.approx(np.quantile(means, 0.05, axis=0))
    assert high == pytest.approx(np.quantile(means, 0.95, axis=0))


def test_influential_panels_are_those_without_which_the_mean_moves_most():
    ratios = np.random.default_rng(3).normal(size=30)
    ratios[4] = np.nan
    moves = [abs(np.nanmean(np.delete(ratios, at)) - np.nanmean(ratios)) for at in range(30)]
    assert set(np.flatnonzero(influential(ratios, np.arange(30)))) == set(np.argsort(moves)[-10:])


def test_influential_panels_go_with_all_of_their_data_set():
    ratios, data_sets = np.random.default_rng(3).normal(size=30), np.arange(30) // 2
    moves = [abs(ratios[data_sets != one].mean() - ratios.mean()) for one in range(15)]
    assert set(data_sets[influential(ratios, data_sets)]) == set(np.argsort(moves)[-10:])
    assert influential(ratios, data_sets).sum() == 20


def test_limits_of_panels_that_share_a_data_set_are_those_of_loops():
    results = panels(9, shift=-0.02, seed=2)
    for index in (3, 6, 7):
        results[index].data_set = results[index - 1].data_set  # data sets of two and of three panels
    errors = errors_of(results)
    groups = [[0], [1], [2, 3], [4], [5, 6, 7], [8]]
    _, low, high = rank_intervals(errors, level=0.9, rng=np.random.default_rng(5))
    rng = np.random.default_rng(5)
    picked, inner = rng.integers(6, size=(300, 6)), rng.integers(300, size=(300, 18))
    means = []
    for groups_drawn, draws in zip(picked, inner, strict=True):
        pairs = [
            (one, draws[3 * nth + member])
            for nth, group in enumerate(groups_drawn)
            for member, one in enumerate(groups[group])
        ]
        means.append(np.mean([rankdata(errors.drawn[pair]) for pair in pairs], axis=0))
    assert low == pytest.approx(np.quantile(means, 0.05, axis=0))
    assert high == pytest.approx(np.quantile(means, 0.95, axis=0))


def test_two_studies_of_each_data_set_that_agree_say_no_more_than_one():
    once = [panels(1, shift=0.3 * np.sin(seed), seed=seed)[0] for seed in range(20)]
    for index, one in enumerate(once):
        one.data_set = f"d{index}"
    widths = []
    for results in (once, [*once, *once]):
        row = rows_of(results)["all", "net"]
        widths += [(row["conf_high"] - row["conf_low"], row["absolute_high"] - row["absolute_low"])]
    assert widths[1] == pytest.approx(widths[0], rel=0.15)


SUITE = Suite.model_validate(
    {
        "suite_version": 1,
        "suite": "s",
        "edition": "1",
        "title": "t",
        "estimators": NAMES,
        "protocols": ("forward",),
        "pooled": "ols",
        "two_way": "ols",
        "simple": ("ols", "rival"),
        "rival": "rival",
        "network": "net",
        "studies": ({"spec": "a.yaml"},),
    }
)


def rows_of(results):
    rows = standing_rows(SUITE, results, errors_of(results), rng=np.random.default_rng(7))
    return {(row["subset"], row["estimator"]): row for row in rows}


def test_standings_are_of_all_panels_of_those_of_a_shape_and_without_the_influential():
    results = panels(24, shift=-0.3, seed=4)
    rows = rows_of(results)
    assert {subset for subset, _ in rows} == {*SUBSETS, "without_influential"}
    ratios = np.array(
        [np.log(one.by_entity["net"].loss.sum() / one.by_entity["rival"].loss.sum()) for one in results]
    )
    chosen = {
        "all": np.full(24, True),
        "short": np.arange(24) < 6,
        "long": np.arange(24) >= 6,
        "few": np.arange(24) < 6,
        "moving": np.arange(24) < 12,
        "without_influential": ~influential(ratios, np.arange(24)),
    }
    assert (rows["all", "net"]["average_rank"], rows["all", "ols"]["average_rank"]) == (1.0, 3.0)
    for subset, holds in chosen.items():
        row = rows[subset, "net"]
        assert row["n_panels"] == holds.sum()
        assert row["log_error_ratio"] == pytest.approx(ratios[holds].mean())
        assert row["conf_high"] < -0.2
        assert row["log_absolute_ratio"] == pytest.approx(ratios[holds].mean() / 2.0)
        assert row["absolute_low"] < row["log_absolute_ratio"] < row["absolute_high"] < -0.1
        scored = ratios[holds & (np.arange(24) % 2 == 1)]
        assert row["log_interval_ratio"] == pytest.approx(scored.mean())
        assert row["interval_low"] < row["log_interval_ratio"] < row["interval_high"] < -0.2
    assert "log_error_ratio" not in rows["all", "rival"]


def test_of_few_panels_nothing_is_said():
    assert rows_of(panels(5, shift=0.0, seed=6)) == {}
