"""Names of columns, and the parts that they play."""

from __future__ import annotations

import pytest

from harness.data.name import fold_name, near_columns
from harness.data.roles import Roles

CLEAN = {
    "entity": "id",
    "time": "year",
    "outcomes": ("y",),
    "exposure": "x",
    "moderators": ("m",),
    "controls": ("c",),
}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param({}, (), id="clean"),
        ({"controls": ("x",)}, (("controls", "'x' is already in exposure"),)),
        ({"exposure": "year"}, (("exposure", "'year' is already in time"),)),
        pytest.param({"time": "id"}, (("time", "'id' is already in entity"),), id="one-key-twice"),
        pytest.param(
            {"outcomes": ("y", "y"), "controls": ("m",)},
            (("outcomes", "'y' is listed more than once"), ("controls", "'m' is already in moderators")),
            id="two-at-once",
        ),
    ],
)
def test_contradictions(changed, expected):
    assert Roles(**(CLEAN | changed)).contradictions() == expected


@pytest.mark.parametrize("written", ["caf\u00e9", " cafe\u0301", "\u00a0caf\u00e9\u3000"])
def test_names_that_look_alike_fold_to_one(written):
    assert fold_name(written) == "caf\u00e9"


@pytest.mark.parametrize(
    ("asked", "known", "hint"),
    [
        pytest.param("gpd", ["gdp", "population"], "'gdp'", id="letters-swapped"),
        pytest.param("GDP per head", ["gdp_per_head", "gdp"], "'gdp_per_head'", id="spaces-and-case"),
        pytest.param("数字经济", ["数字经济指数", "城市"], "'数字经济指数'", id="chinese"),
    ],
)
def test_near_columns(asked, known, hint):
    assert near_columns(asked, known) == f"did you mean {hint}?"
