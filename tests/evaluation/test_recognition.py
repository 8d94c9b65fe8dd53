"""Recognition is 1 where entities alone are known and 0 where they do not matter, and its interval holds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from harness.evaluation.recognition import (
    NO_PREDICTIONS,
    NOTHING_GAINED,
    ScoredGain,
    recognition_table,
    share_gone,
)

PROTOCOLS = {"random_rows": "rows", "held_out_entities": "entities"}
N_PERIODS = 8


def predictions(n_entities, *, level_sd, bend, seed):
    """Return predictions of a line and of a parabola that knows levels of entities trained on."""
    rng = np.random.default_rng(seed)
    shape = (n_entities, N_PERIODS)
    x = rng.normal(size=(n_entities, 1)) + rng.normal(size=shape)
    y = bend * x**2 + level_sd * rng.normal(size=(n_entities, 1)) + rng.normal(size=shape)
    rows, groups = rng.permutation(x.size).reshape(shape) % 10, rng.permutation(n_entities) % 5
    tests = [("rows", rows == part) for part in range(3)]
    tests += [("entities", np.broadcast_to((groups == part)[:, None], shape)) for part in range(5)]
    entity = np.broadcast_to(np.arange(n_entities)[:, None], shape)
    found = []
    for protocol, test in tests:
        for estimator, degree in (("ols", 1), ("rival", 2)):
            powers = np.stack([x**power for power in range(degree + 1)], axis=-1)
            fitted = powers @ np.linalg.lstsq(powers[~test], y[~test])[0]
            if degree == 2 and level_sd > 0:
                known = (~test).sum(axis=1)
                fitted += (np.where(test, 0.0, y - fitted).sum(axis=1) / (known + level_sd**-2))[:, None]
            columns = {"observed": y[test], "predicted": fitted[test], "entity": entity[test]}
            found.append(pd.DataFrame(columns).assign(protocol=protocol, estimator=estimator))
    tested = pd.concat(found, ignore_index=True).assign(outcome="y", sample="test")
    # As many training rows as a fold of each protocol has for each test row.
    sizes = {"rows": 9, "entities": 4}
    trained = [own for name, size in sizes.items() for own in [tested[tested["protocol"] == name]] * size]
    return pd.concat([tested, pd.concat(trained).assign(sample="train")], ignore_index=True)


def row_of(frame):
    table = recognition_table(frame, reference="ols", protocols=PROTOCOLS, level=0.95)
    (row,) = table[table["estimator"] == "rival"].itertuples()
    return row


def test_knowing_entities_alone_is_all_recognition_and_a_bend_alone_is_none():
    levels = row_of(predictions(400, level_sd=1.0, bend=0.0, seed=1))
    assert levels.gain_known > 0.4
    assert levels.estimate == pytest.approx(1.0, abs=0.05)
    assert levels.conf_low < levels.estimate < levels.conf_high
    bend = row_of(predictions(400, level_sd=0.0, bend=0.5, seed=2))
    assert bend.estimate == pytest.approx(0.0, abs=0.15)
    assert bend.conf_low < 0.0 < bend.conf_high


def test_limits_are_the_shares_that_a_t_test_just_does_not_reject():
    frame = predictions(60, level_sd=0.5, bend=0.5, seed=3)
    row = row_of(frame)
    widening = {"rows": 1 / 9, "entities": 1 / 4}
    frame = frame[frame["sample"] == "test"]
    squares = frame.assign(loss=(frame["observed"] - frame["predicted"]) ** 2)
    sums = squares.pivot_table(
        index="entity", columns=["protocol", "estimator"], values="loss", aggfunc="sum", fill_value=0.0
    )
    for limit in (row.conf_low, row.conf_high):
        value, scores = 0.0, np.zeros(60)
        for protocol, weight in (("entities", 1.0), ("rows", -(1.0 - limit))):
            loss, reference = sums[protocol, "rival"], sums[protocol, "ols"]
            ratio = loss.sum() / reference.sum()
            value += weight * (1.0 - ratio)
            own = (ratio * reference - loss).to_numpy() / reference.sum()
            scores += weight * own * np.sqrt(1 + widening[protocol])
        t = value / np.sqrt(60 / 59 * (scores**2).sum())
        assert abs(t) == pytest.approx(stats.t.ppf(0.975, 59), rel=1e-9)


def test_a_share_of_no_gain_is_not_defined_and_says_so():
    frame = predictions(60, level_sd=0.0, bend=0.0, seed=4)
    row = row_of(frame)
    assert (row.status, row.reason) == ("refused", NOTHING_GAINED)
    partial = frame[~((frame["protocol"] == "entities") & (frame["estimator"] == "rival"))]
    assert row_of(partial).reason == NO_PREDICTIONS
    alone = ScoredGain.of(np.array([1.0]), np.array([2.0]))
    assert share_gone(alone, alone, level=0.95) is None


def test_a_study_without_one_of_the_protocols_has_no_shares():
    frame = predictions(20, level_sd=1.0, bend=0.0, seed=5)
    assert recognition_table(frame, reference="ols", protocols={"random_rows": "rows"}, level=0.95).empty


@pytest.mark.slow
@pytest.mark.parametrize(("level_sd", "bend"), [(1.0, 0.0), (0.0, 0.5), (0.5, 0.5)])
def test_the_interval_covers_the_share_of_mean_gains(level_sd, bend):
    rows = [row_of(predictions(60, level_sd=level_sd, bend=bend, seed=100 + at)) for at in range(200)]
    truth = 1.0 - np.mean([row.gain_new for row in rows]) / np.mean([row.gain_known for row in rows])
    defined = [row for row in rows if row.status == "ok"]
    n_covered = sum(row.conf_low <= truth <= row.conf_high for row in defined)
    assert stats.binomtest(n_covered, len(defined), 0.95).pvalue > 0.01 or n_covered / len(defined) > 0.95
