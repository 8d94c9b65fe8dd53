"""Steps as a spec runs them, and which regressors follow from others by them."""

import json

import numpy as np
import pandas as pd
import pytest

from harness.data.build import PanelBuilder
from harness.data.data_spec import DataSpec
from harness.data.messages import ProblemCollector
from harness.data.prepare.learned_steps import (
    Coupling,
    EntropyIndex,
    FactorIndex,
    Rescale,
    Standardise,
    Winsorise,
)
from harness.data.prepare.panel_steps import Deflate, Lag
from harness.data.prepare.pipeline import DerivedColumns, find_derived
from harness.data.prepare.row_steps import Log, Ratio, Square
from harness.data.prepare.step import Calendar, Column, PanelStep
from harness.data.read.source import Table
from harness.data.roles import Roles
from harness.errors import DataError
from harness.installed import installed
from harness.registry.catalog import OPTIONS, options_model

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


def follow(steps, *, exposure="x", moderators=(), controls=()) -> DerivedColumns:
    problems = ProblemCollector()
    following = find_derived(Roles("id", "year", ("y",), exposure, moderators, controls), steps, problems)
    problems.raise_if_any()
    return following


@pytest.mark.parametrize(
    ("steps", "roles", "derived"),
    [
        ([Square("x2", "x")], {"controls": ("x2",)}, [("x2", ("x",), ("x2",))]),
        ([Log("lx", "x"), Square("lx2", "lx")], {"controls": ("lx2",)}, [("lx2", ("x",), ("lx", "lx2"))]),
        ([Log("lx", "x")], {"exposure": "lx", "controls": ("c",)}, []),
        pytest.param(
            [FactorIndex("f", ("x", "c", "d"))],
            {"controls": ("f", "c", "d")},
            [("f", ("x", "c", "d"), ("f",))],
            id="an-index-of-the-exposure",
        ),
    ],
)
def test_what_follows(steps, roles, derived):
    following = follow(steps, **roles)
    assert [(column.into, column.inputs, column.through) for column in following.columns] == derived


@pytest.mark.parametrize(
    ("steps", "controls"),
    [
        pytest.param([Ratio("r", "x", "z")], ("r",), id="at-once"),
        pytest.param([Square("x2", "x"), Ratio("r", "x2", "z")], ("r", "x2"), id="through-a-regressor"),
        pytest.param([Lag("z", "x"), Ratio("r", "x", "z")], ("r",), id="a-lag-that-is-no-regressor"),
    ],
)
def test_what_cannot_be_computed_at_another_exposure(steps, controls):
    with pytest.raises(DataError) as caught:
        follow(steps, controls=controls)
    assert caught.value.where == "column 'r' (roles.controls)"
    assert "follows from the exposure 'x' and from z" in caught.value.what
    assert "add z to roles.controls" in caught.value.hint


@pytest.mark.parametrize(
    ("steps", "roles", "where", "message"),
    [
        ([Ratio("r", "m", "z")], {"moderators": ("m",), "controls": ("r",)}, "r", "from m and from z"),
        pytest.param(
            [Log("lx", "x"), Square("x2", "x")],
            {"exposure": "lx", "controls": ("x2",)},
            "x2",
            "computed from x, as is the exposure",
            id="same-source-as-the-exposure",
        ),
        pytest.param(
            [Ratio("d", "a", "pop")],
            {"exposure": "d", "controls": ("pop",)},
            "pop",
            "computed from pop, as is the exposure",
            id="source-of-the-exposure",
        ),
    ],
)
def test_what_might_be_thought_to_follow_is_noted(steps, roles, where, message):
    [note] = follow(steps, **roles).notes
    assert (note.code, note.where) == ("W-HELD", where)
    assert message in note.message


def test_a_chain_computes_its_steps_in_order():
    steps = {"lx": Log("lx", "x"), "lx2": Square("lx2", "lx")}
    [chain] = follow(list(steps.values()), controls=("lx2",)).columns
    derivation = chain.derivation(steps)
    assert (derivation.into, derivation.inputs) == ("lx2", ("x",))
    np.testing.assert_allclose(derivation.compute({"x": np.array([1.0, np.e**3])}), [0.0, 9.0])


nan = np.nan


def column(values):
    cells = np.array(values, dtype=np.float64)
    return Column(cells, np.zeros(cells.shape, dtype=np.bool_))


CALENDAR = Calendar(
    np.array([0, 0, 0, 1, 1, 2, 2]), np.array([0, 1, 2, 0, 1, 1, 2]), {"2011": 0, "2012": 1, "2013": 2}
)
GDP = [100, 110, 121, 50, 60, 70, 80]
INDEX = [100, 110, 121, 2.0, 4.0, 1.0, 3.0]


@pytest.mark.parametrize("base", [2012, "2012"], ids=["number", "text"])
def test_prices_are_those_of_the_base_period_whatever_the_index_is_based_on(base):
    step = Deflate("real", "gdp", "prices", base)
    assert isinstance(step, PanelStep)
    columns = {"gdp": column(GDP), "prices": column(INDEX)}
    made = step.across(columns, CALENDAR)
    np.testing.assert_allclose(made.cells, [110, 110, 110, 100, 60, 70, 80 / 3], rtol=1e-15)
    assert not made.unreached.any()
    assert step.account(columns, made).detail == "prices relative to 2012 from 0.5 to 3"


@pytest.mark.parametrize(
    ("base", "prices", "what"),
    [
        (1999, INDEX, "no row is of the base period 1999"),
        (2011, [0, *INDEX[1:]], "'prices' is 0 or below in 1 rows"),
    ],
    ids=["period", "index"],
)
def test_what_cannot_be_deflated(base, prices, what):
    with pytest.raises(DataError, match=what):
        Deflate("real", "gdp", "prices", base).across(
            {"gdp": column(GDP), "prices": column(prices)}, CALENDAR
        )


LEARN = {"a": np.array([3.0, 1.0, 2.0, 10.0, 4.0])}
APPLY = {"a": np.array([-50.0, 1.0, nan, 4.0, 99.0])}


def test_winsorised_columns_are_clipped_at_the_quantiles_of_pandas():
    rng = np.random.default_rng(8)
    values = rng.standard_normal(501)
    learned = Winsorise("w", "a", 0.05, 0.9).learn({"a": values})
    low, high = pd.Series(values).quantile([0.05, 0.9])
    np.testing.assert_array_equal(learned.compute({"a": values}), pd.Series(values).clip(low, high))
    assert [learned.pooled.n_low, learned.pooled.n_high] == [(values < low).sum(), (values > high).sum()]
    np.testing.assert_array_equal(
        Winsorise("w", "a", 0.0, 1.0).learn(LEARN).compute(APPLY), [1.0, 1.0, nan, 4.0, 10.0]
    )


@pytest.mark.parametrize("step", [Standardise("z", "a"), Rescale("z", "a")], ids=lambda step: step.name)
@pytest.mark.parametrize("values", [[2.0, 2.0], []], ids=["constant", "empty"])
def test_a_column_that_does_not_vary_has_no_scale(step, values):
    with pytest.raises(DataError, match="does not vary"):
        step.learn({"a": np.array(values)})


def test_entropy_weights_are_those_by_hand():
    """Shares of the first are 0, 1/4, 3/4, of the second, of which less is better, 0, 1/3, 2/3."""
    table = {"a": np.array([1.0, 2.0, 4.0]), "b": np.array([5.0, 3.0, 1.0])}
    learned = EntropyIndex("u", ("a", "b"), ("b",)).learn(table)
    first = 1.0 - (np.log(4.0) / 4.0 + 0.75 * np.log(4.0 / 3.0)) / np.log(3.0)
    second = 1.0 - (np.log(3.0) / 3.0 + 2.0 / 3.0 * np.log(1.5)) / np.log(3.0)
    weight = first / (first + second)
    np.testing.assert_allclose(learned.weights, [weight, 1.0 - weight], rtol=1e-12)
    np.testing.assert_allclose(learned.compute(table), [0.0, weight / 3.0 + (1.0 - weight) / 2.0, 1.0])
    assert learned.detail == "weights: a 0.5371, b 0.4629"
    beyond = {"a": np.array([9.0, nan]), "b": np.array([7.0, 3.0])}
    np.testing.assert_allclose(learned.compute(beyond), [weight, nan], rtol=1e-12)
    with pytest.raises(DataError, match="constant among the 2 rows the index is learned from: b"):
        EntropyIndex("u", ("a", "b")).learn({"a": np.array([1.0, 2.0]), "b": np.array([3.0, 3.0])})


def test_coupling_coordination_is_that_by_hand():
    """C = 2 sqrt(.64 x .36) / 1 = .96, T = .5 or .43."""
    table = {"u": np.array([0.64, 0.0, 1.0, nan]), "v": np.array([0.36, 0.0, 1.0, 0.5])}
    plain, weighted = Coupling("d", ("u", "v")), Coupling("d", ("u", "v"), (0.25, 0.75))
    np.testing.assert_allclose(plain.learn(table).compute(table), [np.sqrt(0.48), 0.0, 1.0, nan], rtol=1e-12)
    np.testing.assert_allclose(weighted.compute(table)[0], np.sqrt(0.96 * 0.43), rtol=1e-12)
    three = Coupling("d", ("u", "v", "w")).compute({"u": [0.2], "v": [0.4], "w": [0.9]})
    np.testing.assert_allclose(three, np.sqrt(3.0 * 0.072 ** (1 / 3) / 1.5 * 0.5), rtol=1e-12)
    assert plain.compute({"u": np.array([-0.1]), "v": np.array([0.5])}).tolist() == [0.0]
    with pytest.raises(DataError, match="'u' is 64 in one of 1 rows"):
        plain.learn({"u": np.array([64.0, 0.1]), "v": np.array([0.5, 0.5])})
    with pytest.raises(ValueError, match="add up to 1"):
        Coupling("d", ("u", "v"), (0.5, 0.6))
