"""Every kind of claim finds its number in the tables of a run, or the reason why there is none."""

import math

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter

from harness.running.csv_table import as_declared
from harness.study.expectations.lookup import RunTables
from harness.study.expectations.moderated_claim import SOURCES, AnyClaim
from harness.tables.registry import TABLES

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


def moderated():
    """A moderator whose effect begins to fall at 4, and a surface that is a V along it."""
    found = tables()
    at = [1.0, 2.0, 3.0, 4.0, 5.0]
    effects = [0.5, 0.2, -0.2, -1.0, -2.0]
    place = PLACE | {"moderator": "gdp", "scenario": "given"}
    found["conditional_effects"] = pd.DataFrame(
        [
            place
            | {"moderator_at": value, "effect": effect, "conf_low": effect - 0.4, "conf_high": effect + 0.4}
            | {"band": band, "supported": value < 5.0}
            for value, effect in zip(at, effects, strict=True)
            for band in ("pointwise", "simultaneous")
        ]
    )
    found["surfaces"] = pd.DataFrame(
        [
            place
            | {"exposure_at": x, "moderator_at": value, "estimate": abs(value - 2.0) + x, "effect": x - value}
            | {"supported": not (x == 0.0 and value > 3.0)}
            for x in (0.0, 1.0, 2.0)
            for value in at
        ]
    )
    found["heterogeneity"] = pd.DataFrame(
        [
            PLACE | {"by": "rank", "group": group, "mode": "pooled", "median": median}
            for group, median in (("a", 1.0), ("b", 3.0), ("c", 2.0))
        ]
    )
    found["multiverse_choices"] = pd.DataFrame(
        [
            {"outcome": "y", "choice": "controls", "level": level, "mean_gain": gain}
            for level, gain in (("10", 0.4), ("5", 0.2), ("20", 0.5), ("22", 0.45))
        ]
    )
    band = [PLACE | {"kind": "level", "band": "pointwise", "at": at, "estimate": at**2} for at in AT]
    slopes = [PLACE | {"kind": "slope", "band": "pointwise", "at": at, "estimate": 0.45 - at} for at in AT]
    found["curves"] = pd.DataFrame(
        [
            row
            | {"scenario": "first", "supported": True}
            | {"conf_low": row["estimate"] - width, "conf_high": row["estimate"] + width}
            for rows in (band, slopes)
            for row in rows
            for width in (abs(row["at"] - 0.7) + 0.01,)
        ]
    )
    return found


MODERATED = {"moderator": "gdp"}


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        ({"quantity": "onset", "kind": "begins", "effect": "falling", "value": 9.0, **MODERATED}, 4.0),
        ({"quantity": "onset", "kind": "fades", "effect": "rising", "value": 9.0, **MODERATED}, 1.0),
        ({"quantity": "onset", "kind": "begins", "effect": "falling", "value": 0.872}, 0.6),
        ({"quantity": "effect_sign", "kind": "falling", "above": 2.5, **MODERATED}, 0.5),
        ({"quantity": "effect_sign", "kind": "none", **MODERATED}, 0.5),
        ({"quantity": "effect_sign", "kind": "rising", "below": 1.5, **MODERATED}, 1.0),
        ({"quantity": "effect_trend", "kind": "falling", **MODERATED}, 1.0),
        ({"quantity": "effect_trend", "kind": "falling", "along": "exposure", **MODERATED}, 0.0),
        ({"quantity": "shape", "kind": "v", **MODERATED}, 1.0),
        ({"quantity": "shape", "kind": "rising", **MODERATED}, 0.75),
        ({"quantity": "level_range", "levels": (0.0, 2.0), "below": 3.0, **MODERATED}, 7 / 9),
        ({"quantity": "order", "by": "rank", "groups": ("a", "c", "b")}, 1.0),
        ({"quantity": "order", "by": "rank", "groups": ("a", "b", "c")}, 0.5),
        ({"quantity": "pace", "kind": "steepening", "between": (0.0, 1.0)}, 1.0),
        ({"quantity": "pace", "kind": "slowing", "between": (0.2, 0.9)}, 0.0),
        ({"quantity": "band", "kind": "narrowing", "between": (0.0, 0.7)}, 1.0),
        ({"quantity": "band", "kind": "narrowing", "between": (0.0, 1.0)}, 0.7),
        ({"quantity": "choice", "choice": "controls"}, 2 / 3),
    ],
    ids=lambda one: " ".join(map(str, one.values())) if isinstance(one, dict) else None,
)
def test_a_statement_finds_the_share_on_which_it_holds(keys, value):
    found = ask(given=moderated(), **keys)
    assert found.value == pytest.approx(value, rel=1e-9)
    assert not found.reason


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        (
            {"quantity": "onset", "kind": "begins", "effect": "rising", "value": 3.7, **MODERATED},
            "in this run the effect never begins",
        ),
        (
            {"quantity": "effect_sign", "kind": "none", "above": 4.5, **MODERATED},
            "the data of this run support no value of the moderator in this range",
        ),
        (
            {"quantity": "level_range", "levels": (0.0, 1.0), "above": 7.0, **MODERATED},
            "the data of this run support no cell in this range",
        ),
        ({"quantity": "shape", "kind": "v", "moderator": "fdi"}, "this run has no surface over fdi"),
        (
            {"quantity": "pace", "kind": "slowing", "between": (0.5, 0.65)},
            "the curve of this run has too few points there",
        ),
        ({"quantity": "choice", "choice": "hidden"}, "this run has no multiverse over 'hidden'"),
    ],
)
def test_a_statement_about_what_is_not_there_says_why(keys, reason):
    found = ask(given=moderated(), **keys)
    assert math.isnan(found.value)
    assert found.reason == reason


def ask(*, given=None, **keys):
    claim = TypeAdapter(AnyClaim).validate_python({"outcome": "y", "estimator": "rab"} | keys)
    run = RunTables(tables() if given is None else given, "p")
    return claim.look_up(run)


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
        ({"quantity": "gain", "value": 1.0, "sample": "all"}, "this run has no such number"),
        ({"quantity": "level", "value": 1.0, "at": 0.0, "outcome": "z"}, "this run has no such curve"),
        ({"quantity": "median", "value": 1.0, "by": "size", "group": "9"}, "this run has no such number"),
        ({"quantity": "threshold", "value": 3.7, "moderator": "fdi"}, "this run has no such number"),
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
    assert found.reason == "this run found none"
    assert math.isnan(found.value)


def test_having_been_refused_is_none():
    found = ask(quantity="turning_point", kind="minimum", value=0.5, estimator="fe")
    assert not found.is_absent
    assert found.reason == "absorbed"


@pytest.mark.parametrize("kind", ["mse", "gain", "bend"])
def test_tables_that_the_study_did_not_ask_for_are_empty(kind):
    nothing = {name: pd.DataFrame() for name in SOURCES}
    assert math.isnan(ask(given=nothing, quantity=kind, value=1.0).value)
