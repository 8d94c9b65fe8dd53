"""The grid of panels: counted by kind, the same in pieces, and each panel by its number alone."""

from __future__ import annotations

import pandas as pd

from harness.calibration.grid import CELLS, GAINS, GRID_SPEC, KINDS, calibrate_grid, grid_table
from harness.running.options import RunOptions

CELL = CELLS[0]
COUNTS = ["n_panels", "n_false", "n_true", "n_found"]


def test_a_grid_that_was_cut_off_goes_on_to_the_same_numbers(tmp_path):
    options = RunOptions(spec=GRID_SPEC, out=tmp_path / "grid")
    told = []
    path = calibrate_grid(options, n_panels=1, cells=[CELL])
    whole, found = (tmp_path / "grid" / "grid_panels.csv").read_text(), pd.read_csv(path)
    assert found["finding"].tolist() == [*GAINS, *KINDS]
    assert set(found["n_panels"]) == set(found["n_true"]) == {1}
    path.with_name("grid_panels.csv").write_text("".join(whole.splitlines(keepends=True)[:-1]))
    calibrate_grid(options, n_panels=1, cells=[CELL], on_progress=lambda *one: told.append(one))
    assert path.with_name("grid_panels.csv").read_text() == whole
    assert [n_done for n_done, *_ in told] == [1, 2]


def test_panels_without_an_effect_give_the_features_and_both_the_counts():
    shape = {"entities": 30, "periods": 5, "autocorrelation": 0.0, "tails": 1.0, "between": 0.5}
    kinds = dict.fromkeys([*GAINS, *KINDS], False)
    rows = [
        {"cell": "c", "number": 1, "has_effect": False, **shape, **kinds, "gain": True},
        {"cell": "c", "number": 2, "has_effect": False, **shape, **kinds, "tails": 2.0, "bend": None},
        {"cell": "c", "number": 1, "has_effect": True, **shape, **kinds, "tails": 9.0, "bend": True},
    ]
    found = grid_table(pd.DataFrame(rows)).set_index("finding")
    assert set(found["tails"]) == {1.5}
    assert found.loc["gain", COUNTS].tolist() == [2, 1, 1, 0]
    assert found.loc["bend", COUNTS].tolist() == [1, 0, 1, 1]
