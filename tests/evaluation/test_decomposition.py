"""What is left of a gain is the gain of the test rows under each protocol, as it stands."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evaluation.rows import rows_of
from harness.evaluation.tables import LEFT, decomposition_table, gains_table

NOISE = {"held_out_entities": 1.1, "in_sample": 0.3, "as_published": 0.5, "random_rows": 0.6}
PROTOCOLS = {name: f"id of {name}" for name in NOISE}


def gains():
    rng = np.random.default_rng(0)
    parts = []
    for protocol, noise in NOISE.items():
        observed = rng.normal(size=90)
        tested = np.ones(90, dtype=bool) if protocol == "in_sample" else rng.random(90) < 0.5
        rows = rows_of(30, ["2000", "2001", "2002"], protocol=PROTOCOLS[protocol], observed=observed)
        for estimator, size in (("ols", 1.0), ("ann", noise), ("tree", 0.9)):
            own = rows.assign(estimator=estimator, predicted=observed + size * rng.normal(size=90))
            parts += [own[tested].assign(sample="test"), own.assign(sample="train")]
    level = 0.95
    return gains_table(pd.concat(parts, ignore_index=True), references=("ols",), level=level)


def test_each_part_is_the_gain_of_its_protocol_with_the_same_interval_and_its_own_reference():
    table = gains()
    left = decomposition_table(table, reference="ols", protocols=PROTOCOLS)
    tested = table[table["sample"] == "test"].set_index(["estimator", "protocol"])
    assert len(left) == 2 * 4
    for row in left.itertuples():
        own = tested.loc[(row.estimator, row.protocol)]
        assert row.protocol == PROTOCOLS[LEFT[row.part]]
        assert (row.estimate, row.conf_low, row.conf_high) == (own.gain, own.conf_low, own.conf_high)
        assert row.estimate == pytest.approx(1 - row.mse / row.mse_reference, rel=1e-12)
    assert left["mse_reference"].nunique() == 4


def test_parts_stand_from_rows_at_hand_to_entities_never_seen():
    left = decomposition_table(gains(), reference="ols", protocols=PROTOCOLS)
    assert left["part"].tolist() == 2 * [
        "rows at hand",
        "other rows, selected on",
        "other rows of the same entities",
        "entities never seen",
    ]


def test_a_protocol_that_a_study_lacks_has_no_part():
    protocols = {name: id_ for name, id_ in PROTOCOLS.items() if name != "random_rows"}
    left = decomposition_table(gains(), reference="ols", protocols=protocols)
    assert "other rows of the same entities" not in set(left["part"])
    assert decomposition_table(gains(), reference="ols", protocols={}).empty


def test_a_gain_that_is_missing_is_left_out():
    table = gains()
    hole = (table["estimator"] == "ann") & (table["protocol"] == PROTOCOLS["random_rows"])
    left = decomposition_table(table.mask(hole, other=np.nan), reference="ols", protocols=PROTOCOLS)
    assert len(left) == 7
