"""The multiverse as it is read: order, levels, counts."""

import numpy as np
import pandas as pd
import pytest

from harness.report.sections.multiverse.rows import multiverses_from


def frame():
    gains = [0.3, -0.1, 0.05, -0.2, 0.1, 0.0]
    return pd.DataFrame(
        {
            "outcome": ["y"] * 6,
            "estimator": ["ann"] * 6,
            "universe": [f"ann (size {size}, seed 1)" for size in (0.5, 1.0, 2.0) * 2],
            "reference": ["ols"] * 3 + ["fe"] * 3,
            "protocol": ["forward"] * 6,
            "sample": ["test"] * 6,
            "gain": gains,
            "conf_low": np.array(gains) - 0.04,
            "conf_high": np.array(gains) + 0.04,
            "size": [0.5, 1.0, 2.0] * 2,
            "seed": [1] * 6,
        }
    )


def test_combinations_stand_in_the_order_of_their_gains_with_their_levels():
    (one,) = multiverses_from(frame())
    assert one.estimator == "ann"
    assert one.gain.tolist() == [-0.2, -0.1, 0.0, 0.05, 0.1, 0.3]
    assert [choice.name for choice in one.choices] == ["reference", "size"]
    reference, size = one.choices
    assert reference.levels == ("ols", "fe")
    assert [reference.levels[at] for at in reference.taken] == ["fe", "ols", "fe", "ols", "fe", "ols"]
    assert size.levels == ("0.5", "1", "2")
    assert [size.levels[at] for at in size.taken] == ["0.5", "1", "2", "2", "1", "0.5"]


def test_gains_and_intervals_are_counted():
    (one,) = multiverses_from(frame())
    tally = one.tally()
    assert (tally.n, tally.n_positive, tally.n_above, tally.n_below) == (6, 3, 3, 2)
    assert (tally.lowest, tally.median, tally.highest) == pytest.approx((-0.2, 0.025, 0.3))
    kept = one.with_levels("reference", ["fe"])
    assert kept.gain.tolist() == [-0.2, 0.0, 0.1]
    assert one.with_levels("protocol", ["forward"]).gain.size == 6


def test_no_table_is_no_multiverse():
    assert multiverses_from(pd.DataFrame()) == ()
