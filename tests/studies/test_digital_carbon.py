"""Shapes that the study of digital_carbon.yaml describes in words: on curves in closed form, and on a run."""

import json
import math
from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from command import ROOT
from harness.api import run_study
from harness.running.options import RunOptions
from paper_shapes import TABLES, Shape, measured, read_shapes

AT = np.linspace(0.0, 1.0, 11)
KEYS = {"outcome": "y", "estimator": "rab", "scenario": "first", "band": "pointwise", "supported": True}


def closed_form():
    """Return tables of x², its band narrowest at 0.7, and |m - 2| + x, whose effect of x is x - m."""
    width = np.abs(AT - 0.7)
    curves = pd.DataFrame(
        {"at": AT, "estimate": AT**2, "conf_low": AT**2 - width, "conf_high": AT**2 + width}
    )
    middle = np.array([0.5, 0.2, -0.2, -1.0])
    limits = {"conf_low": middle - 0.4, "conf_high": middle + 0.4}
    effects = pd.DataFrame({"moderator_at": [1.0, 2.0, 3.0, 4.0], **limits})
    cells = [(x, m, abs(m - 2.0) + x, x - m) for x, m in product((0.0, 1.0, 2.0), (1.0, 2.0, 3.0, 4.0, 5.0))]
    surfaces = pd.DataFrame(cells, columns=["exposure_at", "moderator_at", "estimate", "effect"])
    is_there = (surfaces["exposure_at"] > 0) | (surfaces["moderator_at"] < 4)
    return {
        "curves": curves.assign(**KEYS, kind="level"),
        "conditional_effects": effects.assign(**KEYS, moderator="gdp"),
        "surfaces": surfaces.assign(**KEYS, moderator="gdp").assign(supported=is_there),
    }


SHAPE = Shape(source="Figure 1", outcome="y", quantity="", about="", about_zh="", moderator="gdp")


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        ({"quantity": "pace", "kind": "steepening", "between": (0.0, 1.0)}, 1.0),
        ({"quantity": "pace", "kind": "slowing", "between": (0.0, 1.0)}, 0.0),
        ({"quantity": "band", "kind": "narrowing", "between": (0.0, 0.7)}, 1.0),
        ({"quantity": "band", "kind": "narrowing", "between": (0.0, 1.0)}, 0.7),
        ({"quantity": "effect_sign", "kind": "falling", "above": 2.5}, 0.5),
        ({"quantity": "effect_sign", "kind": "rising"}, 0.25),
        ({"quantity": "effect_sign", "kind": "none"}, 0.5),
        ({"quantity": "effect_sign", "kind": "none", "above": 4.5}, math.nan),
        ({"quantity": "effect_trend", "kind": "falling"}, 1.0),
        ({"quantity": "effect_trend", "kind": "falling", "along": "exposure"}, 0.0),
        ({"quantity": "effect_trend", "kind": "falling", "above": 5.0}, math.nan),
        ({"quantity": "shape", "kind": "v"}, 1.0),
        ({"quantity": "shape", "kind": "rising"}, 0.75),
        ({"quantity": "shape", "kind": "v", "moderator": "fdi"}, math.nan),
        ({"quantity": "level_range", "levels": (0.0, 2.0), "below": 3.0}, 7 / 9),
        ({"quantity": "level_range", "levels": (0.0, 1.0), "above": 7.0}, math.nan),
    ],
    ids=lambda one: " ".join(map(str, one.values())) if isinstance(one, dict) else None,
)
def test_a_shape_holds_on_the_share_that_the_closed_form_has(keys, value):
    found = measured(replace(SHAPE, **keys), closed_form(), "rab")
    assert found == pytest.approx(value, rel=1e-9, nan_ok=True)


def test_a_curve_bends_where_two_lines_meet_and_a_line_nowhere():
    tables = closed_form()
    bend = replace(SHAPE, quantity="bend")
    for level, value in ((np.maximum(AT, 0.4), 0.4), (3.0 - AT, math.nan)):
        tables["curves"]["estimate"] = level
        assert measured(bend, tables, "rab") == pytest.approx(value, nan_ok=True)


# Of total emissions, these shapes of the simulated cities are clear enough for a quick run.
CLEAR = {("shape", "gdp_pc"), ("shape", "fdi_pc"), ("shape", "innovation")}


@pytest.mark.slow
def test_a_run_on_the_simulated_cities_has_the_clear_shapes(tmp_path):
    spec = YAML(typ="safe").load(ROOT / "specs" / "digital_carbon.yaml")
    kept = ("spec_version", "study", "seed", "variables", "data", "roles", "estimators", "scenarios")
    spec = {key: spec[key] for key in kept}
    spec["roles"]["outcomes"] = ["co2"]
    spec["estimators"] = [one for one in spec["estimators"] if one["id"] in ("ols", "rab_published")]
    spec["evaluation"] = {"reference": "ols", "protocols": ["in_sample"]}
    spec["scenarios"] = [one for one in spec["scenarios"] if one["use"] in ("curve", "conditional")]
    spec["report"] = {"formats": []}
    path = tmp_path / "cities.yaml"
    path.write_text(json.dumps(spec), encoding="utf-8")
    run = run_study(RunOptions(path, out=tmp_path / "run", quick=True))
    tables = {name: run.read_table(name) for name in TABLES}
    known = [one for one in read_shapes() if one.outcome == "co2"]
    held = {(one.quantity, one.moderator) for one in known if measured(one, tables, "rab_published") == 1.0}
    assert held >= CLEAR
