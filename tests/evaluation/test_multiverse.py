"""Every combination is there, and the shares of the choices are those of an analysis of variance."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from evaluation.rows import rows_of
from harness.evaluation.multiverse import Universe, choice_table, multiverse_table
from harness.evaluation.tables import gains_table

LEVEL = 0.95


def predictions(universes):
    rng = np.random.default_rng(0)
    rows = rows_of(8, ["2000", "2001"], observed=rng.normal(size=16), sample=["train", "test"] * 8)
    cells = itertools.product(("in_sample", "forward"), ("ols", "fe", *universes))
    parts = [
        rows.assign(protocol=protocol, estimator=name, predicted=rows["observed"] + rng.normal(size=16))
        for protocol, name in cells
    ]
    return pd.concat(parts, ignore_index=True)


def test_every_combination_is_computed_and_equals_its_gain():
    universes = [
        Universe(f"ann ({h}, {s})", "ann", {"hidden": h, "seed": s}) for h in ("2", "8") for s in ("1", "2")
    ]
    frame = predictions([universe.id for universe in universes])
    table = multiverse_table(frame, universes, references=("ols", "fe"), level=LEVEL)
    # 4 universes x 2 references x 2 protocols x 3 samples
    assert len(table) == 48
    assert not table[["universe", "reference", "protocol", "sample"]].duplicated().any()
    expected = gains_table(frame, references=("fe",), level=LEVEL).set_index(
        ["estimator", "protocol", "sample"]
    )["gain"]
    own = table[table["reference"] == "fe"].set_index(["universe", "protocol", "sample"])["gain"]
    for key, gain in own.items():
        assert gain == pytest.approx(expected[key], rel=1e-14)


def test_what_a_choice_moves_by_hand():
    table = pd.DataFrame(
        {
            "outcome": "y",
            "universe": list("abcd"),
            "gain": [0.0, 0.2, 0.4, 0.6],
            "conf_low": 0.0,
            "conf_high": 1.0,
            "hidden": ["2", "2", "8", "8"],
            "seed": ["1", "2", "1", "2"],
        }
    )
    found = choice_table(table).set_index(["choice", "level"])
    assert found.loc[("hidden", "2"), "mean_gain"] == pytest.approx(0.1)
    assert found.loc[("hidden", "8"), "mean_gain"] == pytest.approx(0.5)
    assert found.loc[("hidden", "2"), "share_of_variance"] == pytest.approx(0.8)
    assert found.loc[("seed", "1"), "share_of_variance"] == pytest.approx(0.2)
    assert (found["n"] == 2).all()
