"""Every kind of claim finds its number in the tables of a run, or the reason why there is none."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter

from harness.claims.kind import RunTables
from harness.claims.kinds import SOURCES, kind_of
from harness.spec.claim import AnyClaim
from harness.store.csv_table import as_declared
from harness.tables import TABLES

PLACE = {"outcome": "y", "estimator": "rab", "status": "ok"}
REFUSED = {"outcome": "y", "estimator": "fe", "status": "refused", "reason": "absorbed"}
OTHER = {"outcome": "z", "estimator": "rab", "status": "ok"}
AT = np.linspace(0.0, 1.0, 11)

ROWS = {
    "accuracy": [
        PLACE | {"protocol": "p", "sample": "test", "mse": 2.0},
        PLACE | {"protocol": "p", "sample": "train", "mse": 1.5},
        PLACE | {"protocol": "q", "sample": "test", "mse": 3.0},
        OTHER | {"protocol": "p", "sample": "test", "mse": 9.0},
        REFUSED | {"protocol": "p", "sample": "test"},
    ],
    "gain": [PLACE | {"protocol": "p", "sample": "test", "gain": 0.25}],
    "curves": [
        *(
            PLACE | {"kind": "level", "at": at, "estimate": at * at, "band": band, "scenario": "first"}
            for band in ("pointwise", "simultaneous")
            for at in AT[::-1]
        ),
        *(PLACE | {"kind": "slope", "at": at, "estimate": 2 * at, "scenario": "first"} for at in AT),
        *(PLACE | {"kind": "level", "at": at, "estimate": -1.0, "scenario": "second"} for at in AT),
        REFUSED | {"scenario": "first"},
    ],
}


def tables():
    found = {name: as_declared(TABLES[name], [pd.DataFrame(rows)]) for name, rows in ROWS.items()}
    found["turning_points"] = pd.DataFrame(
        [PLACE | {"kind": "maximum", "at": at} for at in (0.2, 0.8)] + [OTHER | {"kind": "none"}, REFUSED]
    )
    found["heterogeneity"] = pd.DataFrame(
        [
            PLACE | {"by": "size", "group": group, "mode": mode, "median": median}
            for group, mode, median in ((1, "pooled", 7.0), (1, "refit", 8.0), (2, "pooled", 9.0))
        ]
    )
    found["thresholds"] = pd.DataFrame(
        [PLACE | {"moderator": "gdp", "at": at} for at in (1.0, 3.5)] + [OTHER | {"moderator": "gdp"}]
    )
    return found


def ask(*, given=None, **keys):
    claim = TypeAdapter(AnyClaim).validate_python({"outcome": "y", "estimator": "rab"} | keys)
    run = RunTables(tables() if given is None else given, "p")
    return kind_of(claim).look_up(claim, run)


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        ({"quantity": "mse", "value": 1.0}, 2.0),
        ({"quantity": "mse", "value": 1.0, "sample": "train"}, 1.5),
        ({"quantity": "mse", "value": 1.0, "protocol": "q"}, 3.0),
        ({"quantity": "mse", "value": 1.0, "outcome": "z"}, 9.0),
        ({"quantity": "gain", "value": 1.0}, 0.25),
        ({"quantity": "level", "value": 1.0, "at": 0.3}, 0.09),
        ({"quantity": "change", "value": 1.0, "between": (0.2, 0.6)}, 0.32),
        ({"quantity": "direction", "kind": "rising", "between": (0.0, 1.0)}, 1.0),
        ({"quantity": "direction", "kind": "falling", "between": (0.0, 1.0)}, 0.0),
        ({"quantity": "turning_point", "kind": "maximum", "value": 0.75}, 0.8),
        ({"quantity": "turning_point", "kind": "maximum", "value": 0.1}, 0.2),
        ({"quantity": "median", "value": 1.0, "by": "size", "group": "1"}, 7.0),
        ({"quantity": "threshold", "value": 3.7, "moderator": "gdp"}, 3.5),
    ],
    ids=lambda one: " ".join(map(str, one.values())) if isinstance(one, dict) else None,
)
def test_a_claim_finds_its_number(keys, value):
    found = ask(**keys)
    assert found.value == pytest.approx(value, rel=1e-12)
    assert not found.reason


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"quantity": "mse", "value": 1.0, "estimator": "fe"}, "absorbed"),
        ({"quantity": "level", "value": 1.0, "at": 0.0, "estimator": "fe"}, "absorbed"),
        ({"quantity": "gain", "value": 1.0, "sample": "all"}, "this run gives no such number"),
        ({"quantity": "level", "value": 1.0, "at": 0.0, "outcome": "z"}, "this run draws no such curve"),
        ({"quantity": "median", "value": 1.0, "by": "size", "group": "9"}, "this run gives no such number"),
        ({"quantity": "threshold", "value": 3.7, "moderator": "fdi"}, "this run gives no such number"),
    ],
    ids=["refused cell", "refused curve", "no such sample", "no such curve", "no such group", "no threshold"],
)
def test_a_claim_without_a_number_says_why(keys, reason):
    found = ask(**keys)
    assert math.isnan(found.value)
    assert found.reason == reason
    assert not found.is_absent


@pytest.mark.parametrize(
    "keys",
    [
        {"quantity": "turning_point", "kind": "minimum"},
        {"quantity": "turning_point", "kind": "maximum", "outcome": "z"},
        {"quantity": "threshold", "moderator": "gdp", "outcome": "z"},
    ],
    ids=["the other kind alone", "no turning point at all", "no threshold"],
)
def test_having_looked_and_found_nothing_is_an_answer(keys):
    found = ask(value=0.5, **keys)
    assert found.is_absent
    assert found.reason == "this run looked for one and found none"
    assert math.isnan(found.value)


def test_having_been_refused_is_none():
    found = ask(quantity="turning_point", kind="minimum", value=0.5, estimator="fe")
    assert not found.is_absent
    assert found.reason == "absorbed"


@pytest.mark.parametrize("kind", ["mse", "gain", "bend"])
def test_tables_that_the_study_did_not_ask_for_are_empty(kind):
    nothing = {name: pd.DataFrame() for name in SOURCES}
    assert math.isnan(ask(given=nothing, quantity=kind, value=1.0).value)
