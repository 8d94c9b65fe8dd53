"""Steps as a spec runs them: order, columns in place, the record for the report, and permutations."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from harness.data.build import PanelBuilder
from harness.data.data_spec import DataSpec
from harness.data.read.table import Table
from harness.data.roles import Roles
from harness.errors import DataError
from harness.installed import installed
from harness.registry.options import OPTIONS, options_model

STEPS = [
    {"interpolate": {"columns": ["gas", "lpg"], "limit": 2}},
    {"emissions": {"into": "co2", "factors": {"gas": 2.0, "lpg": 3.0}}},
    {"deflate": {"into": "real", "of": "gdp", "by": "prices", "base": 2011}},
    {"ratio": {"into": "intensity", "of": "co2", "over": "real", "scale": 100}},
    {"difference": {"into": "growth", "of": "real"}},
    {"winsorise": {"into": "growth_w", "of": "growth", "lower": 0.1, "upper": 0.9}},
    {"standardise": {"into": "real_z", "of": "real"}},
    {"rescale": {"into": "share", "of": "prices", "to": [0, 1]}},
    {"product": {"into": "both", "of": ["share", "real_z"]}},
    {"log1p": {"into": "never_used", "of": "gdp"}},
]
ROLES = Roles(
    entity="city",
    time="year",
    outcomes=("intensity",),
    exposure="share",
    controls=("real_z", "growth_w", "both", "lpg"),
)


def plan_of(steps, **options):
    text = json.dumps({OPTIONS: {"path": "x.csv", "prepare": steps, **options}})
    return options_model(DataSpec).model_validate_json(text, context=installed().catalogs).options


def raw(n_cities=6, n_years=5):
    rng = np.random.default_rng(11)
    city, year = (axis.ravel() for axis in np.indices((n_cities, n_years)))
    columns = {name: rng.uniform(1.0, 9.0, city.size) for name in ("gas", "lpg", "gdp", "prices")}
    frame = pd.DataFrame({"city": [f"c{code}" for code in city], "year": 2011 + year, **columns})
    frame.loc[[1, 7, 8, 13], "gas"] = np.nan
    frame.loc[[2, 16], "lpg"] = np.nan
    return frame


def build(frame, steps=STEPS, roles=ROLES, **options):
    numbered = frame.set_axis(pd.RangeIndex(1, len(frame) + 1, name="row"))
    return PanelBuilder.build(Table(numbered, "x.csv", "x", "", ""), plan_of(steps, **options), roles)


def test_the_chain_is_what_pandas_computes():
    frame = raw()
    filled = frame.groupby("city")[["gas", "lpg"]].transform(
        lambda cells: cells.interpolate(limit_area="inside")
    )
    base = frame.groupby("city")["prices"].transform("first")
    real = frame["gdp"] / (frame["prices"] / base)
    later = frame["year"] > 2011
    growth = real.groupby(frame["city"]).diff()[later]
    expected = pd.DataFrame(
        {
            "intensity": 100 * (2 * filled["gas"] + 3 * filled["lpg"]) / real,
            "growth_w": growth.clip(growth.quantile(0.1), growth.quantile(0.9)),
            "lpg": filled["lpg"],
        }
    )[later]
    panel = build(frame).frame()
    for name in expected:
        np.testing.assert_allclose(panel[name], expected[name], rtol=1e-12, err_msg=name)
    kept = real[later]
    np.testing.assert_allclose(
        panel["real_z"], (kept - kept.mean()) / kept.std(ddof=0), rtol=1e-11, atol=1e-12
    )
    prices = frame["prices"][later]
    np.testing.assert_allclose(
        panel["share"], (prices - prices.min()) / (prices.max() - prices.min()), atol=1e-14
    )
    np.testing.assert_allclose(panel["both"], panel["share"] * panel["real_z"], rtol=1e-14)


def test_rows_and_columns_may_be_permuted():
    frame = raw()
    shuffled = frame.sample(frac=1.0, random_state=2)[list(reversed(frame.columns))]
    pd.testing.assert_frame_equal(build(frame).frame(), build(shuffled).frame(), check_exact=True)
    pd.testing.assert_frame_equal(build(frame).steps_table(), build(shuffled).steps_table())


def test_the_record_names_each_step_that_was_needed():
    table = build(raw()).steps_table()
    assert list(table) == ["step", "into", "inputs", "detail"]
    assert table["step"].tolist() == [
        *("interpolate", "interpolate", "emissions", "deflate", "ratio"),
        *("difference", "winsorise", "standardise", "rescale", "product"),
    ]
    by_column = table.set_index("into")
    assert by_column.loc["gas", "detail"] == "4 of 30 cells filled (13.3%), 0 still missing"
    assert by_column.loc["co2", "inputs"] == "gas, lpg"
    assert by_column.loc["intensity", "detail"] == "co2 / real x 100"
    assert by_column.loc["growth", "detail"] == "1 earlier; 6 rows have no such period"


def test_without_steps_the_record_is_empty():
    roles = Roles(entity="city", time="year", outcomes=("gdp",), exposure="prices")
    table = build(raw(), [], roles).steps_table()
    assert list(table) == ["step", "into", "inputs", "detail"]
    assert table.empty


def test_filled_cells_are_warned_of_column_by_column():
    notes = {note.where: note.message for note in build(raw()).notes if note.code == "W-INTERPOLATED"}
    assert set(notes) == {"gas", "lpg"}
    assert notes["lpg"].startswith("2 of 30 cells (6.7%) were missing")


def test_cells_that_stay_missing_are_missing_cells():
    frame = raw()
    frame.loc[4, "gas"] = np.nan
    with pytest.raises(DataError, match="cells are missing"):
        build(frame)
    assert build(frame, missing="drop").n_obs == build(raw()).n_obs - 1


def test_steps_before_the_filling_see_the_gaps():
    roles = Roles(
        entity="city", time="year", outcomes=("gdp",), exposure="prices", controls=("before", "gas")
    )
    steps = [{"square": {"into": "before", "of": "gas"}}, {"interpolate": {"columns": ["gas"], "limit": 2}}]
    assert build(raw(), steps, roles, missing="drop").n_obs == 26
    assert build(raw(), steps[::-1], roles).n_obs == 30


@pytest.mark.parametrize(
    ("step", "what"),
    [
        ({"log": {"into": "gdp", "of": "gdp"}}, "there is a column of this name already"),
        ({"interpolate": {"columns": ["coal"], "limit": 1}}, "there is no such column"),
        (
            {"deflate": {"into": "r", "of": "gdp", "by": "prices", "base": 1950}},
            "no row is of the base period 1950",
        ),
    ],
    ids=["only filling is in place", "absent column", "absent period"],
)
def test_what_a_data_spec_may_not_ask(step, what):
    with pytest.raises(DataError, match=what):
        build(raw(), [*STEPS, step])


def test_learned_steps_learn_from_the_rows_of_a_fold():
    builder = build(raw())
    rows = np.arange(0, builder.n_obs, 2)
    panel = builder.panel("intensity", fit_rows=rows)
    assert panel.column("real_z")[rows].mean() == pytest.approx(0.0, abs=1e-12)
    assert abs(panel.column("real_z").mean()) > 1e-6
    assert [panel.column("share")[rows].min(), panel.column("share")[rows].max()] == pytest.approx([0.0, 1.0])


def test_a_product_follows_where_the_exposure_is_given_other_values():
    panel = build(raw()).panel("intensity").with_column("share", 0.5)
    np.testing.assert_allclose(panel.column("both"), 0.5 * panel.column("real_z"), rtol=1e-14)
