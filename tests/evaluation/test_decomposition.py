"""The parts of a gain add up, and each is what it says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from harness.evaluation.decomposition import PARTS, decomposition_table
from harness.evaluation.tables import Bootstrap, gain_table

NOISE = {"in_sample": 0.3, "as_published": 0.5, "random_rows": 0.6, "held_out_entities": 1.1}
PROTOCOLS = {name: f"id of {name}" for name in NOISE}
BOOTSTRAP = Bootstrap(level=0.95, n_draws=300, seed=1)


def predictions():
    rng = np.random.default_rng(0)
    keys = pd.MultiIndex.from_product([[f"e{i:02}" for i in range(30)], ["2000", "2001", "2002"]])
    parts = []
    for protocol, noise in NOISE.items():
        observed = rng.normal(size=90)
        tested = np.ones(90, dtype=bool) if protocol == "in_sample" else rng.random(90) < 0.5
        for estimator, size in (("ols", 1.0), ("ann", noise)):
            rows = pd.DataFrame({"observed": observed, "predicted": observed + size * rng.normal(size=90)})
            rows = rows.assign(
                entity=keys.get_level_values(0), time=keys.get_level_values(1), train_variance=1.0
            )
            rows = rows.assign(outcome="y", estimator=estimator, protocol=PROTOCOLS[protocol], fold="1")
            parts += [rows[tested].assign(sample="test"), rows.assign(sample="train")]
    return pd.concat(parts, ignore_index=True)


def test_the_parts_add_up_to_the_in_sample_gain():
    table = decomposition_table(
        predictions(), reference="ols", protocols=PROTOCOLS, bootstrap=BOOTSTRAP
    ).set_index("part")
    parts = table.loc[[part.name for part in PARTS], "estimate"]
    assert parts.sum() == pytest.approx(table.loc["in-sample gain", "estimate"], rel=1e-12)
    assert (table["conf_low"] < table["estimate"]).all()
    assert (table["estimate"] < table["conf_high"]).all()


def test_each_part_is_a_difference_of_two_gains():
    frame = predictions()
    table = decomposition_table(frame, reference="ols", protocols=PROTOCOLS, bootstrap=BOOTSTRAP)
    gains = gain_table(frame, reference="ols", bootstrap=BOOTSTRAP)
    gain = gains[gains["sample"] == "test"].set_index("protocol")["gain"]
    found = table.set_index("part")["estimate"]
    for part in PARTS:
        without = gain[PROTOCOLS[part.without_it]] if part.without_it else 0.0
        assert found[part.name] == pytest.approx(gain[PROTOCOLS[part.with_it]] - without, rel=1e-12)


def test_without_all_protocols_there_is_no_decomposition():
    protocols = {name: id_ for name, id_ in PROTOCOLS.items() if name != "random_rows"}
    table = decomposition_table(predictions(), reference="ols", protocols=protocols, bootstrap=BOOTSTRAP)
    assert table.empty


def test_an_estimator_without_predictions_somewhere_is_left_out():
    frame = predictions()
    hole = (frame["estimator"] == "ann") & (frame["protocol"] == PROTOCOLS["random_rows"])
    table = decomposition_table(frame[~hole], reference="ols", protocols=PROTOCOLS, bootstrap=BOOTSTRAP)
    assert table.empty
