"""The shipped error rates follow from the panels that are kept, and those from specs, seed and shapes."""

import json
from importlib.resources import files

import pytest

import shape_grid
from harness.findings.shape import FEATURES, SHIPPED
from harness.findings.table import RULES_VERSION
from harness.running.csv_table import csv_text, from_csv
from harness.running.options import RunOptions

RATES = files("harness.findings")


def panels_of(study):
    return from_csv((shape_grid.SPECS / f"{shape_grid.panels_of(study)}.csv").read_text(encoding="utf-8"))


def test_the_shipped_rates_are_counted_from_the_panels_that_are_kept():
    first, *others = map(panels_of, shape_grid.STUDIES)
    for panels in others:
        first = first.merge(panels.drop(columns=list(FEATURES)), on=shape_grid.KEY, how="left")
    assert csv_text(shape_grid.grid_table(first)) == (RATES / SHIPPED).read_text(encoding="utf-8")


def test_the_shipped_rates_name_what_made_them():
    """Where specs, seed, shapes or what draws a panel change, the grid is counted anew with this file."""
    shipped = json.loads((RATES / shape_grid.ORIGIN).read_text(encoding="utf-8"))
    present = shape_grid.origin()
    assert shipped.keys() == present.keys()
    assert shipped["sha256"] == present["sha256"]
    assert shipped["rules_version"] <= RULES_VERSION


@pytest.mark.slow
@pytest.mark.parametrize("study", shape_grid.STUDIES)
def test_a_panel_drawn_again_gives_the_shape_and_findings_that_are_kept(study):
    cell = shape_grid.CELLS[0]
    row = shape_grid.GridPanel(RunOptions(shape_grid.SPECS), study, cell, 1, has_effect=True).run().row
    kept = panels_of(study).query("cell == @cell.name and number == 1 and has_effect").iloc[0]
    shape = {name: row[name] for name in FEATURES}
    assert shape == pytest.approx({name: kept[name] for name in FEATURES}, rel=1e-9)
    assert {name: row[name] for name in kept.index if name not in FEATURES} == {
        name: kept[name] for name in kept.index if name not in FEATURES
    }
