"""Error rates by the shape of a panel: from simulated shapes, which follow from the parts that are kept."""

import json
from dataclasses import asdict, replace
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from sklearn.linear_model import Ridge

import grid_panels
import harness
import shape_grid
from grid_panels import PanelShape
from harness.data.build import panel_from_frame
from harness.data.data_spec import Roles
from harness.findings.run import read_run
from harness.findings.shape import (
    FEATURES,
    PRIOR,
    SHIPPED,
    Shape,
    exact_limits,
    rates_at,
    shape_of,
    shape_rates,
)
from harness.findings.table import RULES_VERSION
from harness.running.folder import RunFolder
from harness.tables.csv_table import csv_text
from harness.tables.findings import ERROR_RATES, FINDINGS

RATES = files("harness.findings")
LOW = Shape(entities=10.0, periods=5.0, autocorrelation=0.0, tails=1.0, between=0.5, binary=0.0)
HIGH = replace(LOW, entities=1000.0)
COUNTS = ["n_panels", "n_false", "n_true", "n_found"]
ROLES = Roles(entity="unit", time="period", outcomes=("y",), exposure="x", controls=("m", "z"))


def cells(*shapes_and_counts):
    rows = [
        {"cell": f"c{number}", **asdict(shape), "finding": "gain", "effect": 0.25}
        | dict(zip(COUNTS, counts, strict=True))
        for number, (shape, counts) in enumerate(shapes_and_counts)
    ]
    return pd.DataFrame(rows)


def test_rates_are_those_of_a_ridge_regression_with_exact_limits():
    rng = np.random.default_rng(1)
    shapes = [
        replace(LOW, entities=n, periods=t, between=b)
        for n, t, b in rng.uniform((10, 2, 0), (999, 20, 1), (9, 3))
    ]
    counts = [(n, int(rng.binomial(n, 0.1)), n, int(rng.binomial(n, 0.6))) for n in rng.integers(20, 80, 9)]
    table = cells(*zip(shapes, counts, strict=True))
    (row,) = rates_at(shapes[4], table)
    features = table[list(FEATURES)].copy()
    for name in ("entities", "periods", "tails"):
        features[name] = np.log(features[name])
    features = (features - features.min()) / (features.max() - features.min()).replace(0.0, 1.0)
    for name, of, counted in (("error_rate", "n_panels", "n_false"), ("power", "n_true", "n_found")):
        fit = Ridge(alpha=PRIOR).fit(features, table[counted] / table[of], sample_weight=table["n_panels"])
        assert row[name] == pytest.approx(fit.predict(features)[4])
    assert (row["nearest"], row["distance"], row["effect"]) == ("c4", pytest.approx(0.0), 0.25)
    assert counts[4][0] < row["n_panels"] < table["n_panels"].sum()
    limits = exact_limits(row["error_rate"] * row["n_panels"], row["n_panels"])
    assert (row["conf_low"], row["conf_high"]) == pytest.approx(limits, rel=0.05)


def test_shapes_alike_count_as_all_their_panels():
    (row,) = rates_at(LOW, cells((LOW, (50, 5, 50, 10)), (LOW, (150, 0, 150, 40))))
    assert (row["error_rate"], row["power"], row["n_panels"]) == pytest.approx((0.025, 0.25, 200), rel=1e-3)
    limits = binomtest(5, 200).proportion_ci(0.95, method="exact")
    assert (row["conf_low"], row["conf_high"]) == pytest.approx((limits.low, limits.high))


def test_a_kind_without_panels_that_have_it_has_no_power():
    (row,) = rates_at(LOW, cells((LOW, (50, 5, 0, 0)), (HIGH, (50, 5, 0, 0))))
    assert np.isnan(row["power"])
    assert np.isnan(row["effect"])


@pytest.mark.parametrize(
    ("changes", "outside"),
    [
        ({"entities": 5.0}, "entities"),
        ({"entities": 2000.0, "between": 0.9}, "entities, between"),
        ({"tails": float("nan")}, "tails"),
        ({"entities": 9.0}, ""),
        ({"tails": 0.5}, ""),
        ({"tails": 2.0}, "tails"),
    ],
)
def test_nothing_is_extrapolated(changes, outside):
    (row,) = rates_at(replace(LOW, **changes), cells((LOW, (50, 5, 50, 10)), (HIGH, (50, 0, 50, 40))))
    assert row.get("outside", "") == outside
    assert ("error_rate" in row) == (not outside)


@pytest.mark.parametrize(("n_found", "n_panels"), [(0, 40), (3, 40), (40, 40)])
def test_limits_are_those_of_the_binomial_test(n_found, n_panels):
    limits = binomtest(n_found, n_panels).proportion_ci(0.95, method="exact")
    assert exact_limits(n_found, n_panels) == pytest.approx((limits.low, limits.high))


def drawn(shape):
    return grid_panels.curves(shape, np.random.default_rng(1), 4, False).frame


def test_the_shape_of_a_panel_is_what_it_was_drawn_with():
    shape = shape_of(panel_from_frame(drawn(PanelShape(500, 18, 0.9, between=0.95)), ROLES))
    assert (shape.entities, shape.periods) == (500.0, pytest.approx(16.2, abs=0.2))
    # Demeaning eighteen periods takes more of an autocorrelation of .9 than of none.
    assert 0.7 < shape.autocorrelation < 0.95
    assert shape.tails == pytest.approx(1.0, abs=0.05)
    assert (shape.between, shape.binary) == (pytest.approx(0.95, abs=0.01), 0.0)
    short = shape_of(panel_from_frame(drawn(PanelShape(500, 2, 0.0, is_binary=True)), ROLES))
    assert (short.autocorrelation, short.binary) == (0.0, 1.0)


def test_the_shipped_table_has_every_kind_and_few_entities_are_untested():
    kinds = {kind for study in shape_grid.STUDIES.values() for kind in study.kinds}
    rates = shape_rates([panel_from_frame(drawn(PanelShape(60, 8, 0.3)), ROLES)]).set_index("finding")
    assert rates.columns.tolist() == [name for name in ERROR_RATES.columns if name != "finding"]
    assert set(rates.index) <= kinds
    assert set(rates["nearest"].dropna()) <= {cell.name for cell in shape_grid.CELLS}
    few = shape_rates([panel_from_frame(drawn(PanelShape(12, 8, 0.3)), ROLES)]).set_index("finding")
    assert np.isfinite(few.loc["gain", "error_rate"])
    assert np.isnan(few.loc["primary_effect", "error_rate"])
    assert "entities" in few.loc["primary_effect", "outside"]


def test_the_shipped_rates_are_counted_from_the_parts_that_are_kept():
    assert csv_text(shape_grid.grid_table()) == (RATES / SHIPPED).read_text(encoding="utf-8")


def test_the_shipped_rates_name_what_made_them():
    """Where specs, seed, shapes or what draws a panel change, the grid is counted anew with this file."""
    shipped = json.loads((RATES / shape_grid.ORIGIN).read_text(encoding="utf-8"))
    present = shape_grid.origin()
    assert shipped.keys() == present.keys()
    assert shipped["sha256"] == present["sha256"]
    assert shipped["rules_version"] <= RULES_VERSION


@pytest.mark.parametrize(
    "name",
    ["instruments", *(pytest.param(one, marks=pytest.mark.slow) for one in ("study", "staged", "spatial"))],
)
def test_a_part_counts_what_the_command_prints(name, tmp_path):
    cell, study = PanelShape(40, 5), shape_grid.STUDIES[name]
    panel, options = shape_grid.drawn_panel(name, cell, 4, has_effect=True)
    options_of = {"quick": True, "progress": False, "overrides": options.overrides}
    harness.run(options.spec, data=panel.frame, out=tmp_path / "run", **options_of)
    run = read_run(RunFolder.open(tmp_path / "run"))
    rows = run.rows(FINDINGS)
    counted = dict.fromkeys(study.kinds) | shape_grid.found_in(run, rows, study.kinds, best="splines")
    counted |= dict(shape_grid.held_in(run, rows, panel.truth))
    row = shape_grid.grid_row(name, cell, 4, has_effect=True)
    assert {key: row[key] for key in counted} == counted
    assert counted
