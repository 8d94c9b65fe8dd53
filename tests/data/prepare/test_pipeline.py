"""Steps as a spec runs them, what follows from others by them, and steps that learn."""

import json
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA, FactorAnalysis
from statsmodels.multivariate.factor import Factor

from harness.data.build import PanelBuilder
from harness.data.data_spec import DataSpec, Roles
from harness.data.messages import ProblemCollector
from harness.data.prepare.learned_steps import (
    LEAST_UNIQUENESS,
    Coupling,
    EntropyIndex,
    FactorIndex,
    LearnedIndex,
    Rescale,
    Standardise,
    Winsorise,
    likelihood_loadings,
    principal_loadings,
)
from harness.data.prepare.panel_steps import Deflate, Lag
from harness.data.prepare.pipeline import DerivedColumns, find_derived
from harness.data.prepare.row_steps import Log, Ratio, Square
from harness.data.prepare.step import Calendar, Column, PanelStep
from harness.data.read.source import Table
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


NAMES = ("p", "q", "r", "s", "t", "u")


def simulated(loadings, *, n_rows: int = 500, seed: int = 3) -> dict[str, np.ndarray]:
    """Return indicators that share factors, in units of their own."""
    loadings = np.asarray(loadings, dtype=np.float64).reshape(len(loadings), -1)
    rng = np.random.default_rng(seed)
    factors = rng.standard_normal((n_rows, loadings.shape[1]))
    noise = rng.standard_normal((n_rows, len(loadings))) * np.sqrt(1 - np.square(loadings).sum(axis=1))
    own = (factors @ loadings.T + noise) * np.arange(1, len(loadings) + 1) * 10.0 + 100.0
    return {"latent": factors[:, 0], **dict(zip(NAMES, own.T, strict=False))}


ONE_FACTOR = simulated([0.9, 0.8, 0.7, 0.6, 0.5])


def standardised(columns, names) -> np.ndarray:
    own = np.column_stack([columns[name] for name in names])
    return (own - own.mean(axis=0)) / own.std(axis=0)


def correlation(columns, names) -> np.ndarray:
    return np.corrcoef(standardised(columns, names).T)


def learn(index: FactorIndex, columns) -> LearnedIndex:
    return index.learn({name: columns[name] for name in index.columns})


def from_statsmodels(R, n_factors) -> Factor:
    """Return the fit of statsmodels from the start that ours has: its own is drawn at random."""
    uniqueness = (1.0 - 0.5 * n_factors / len(R)) / np.diag(np.linalg.inv(R))
    model = Factor(corr=R, n_factor=n_factors, method="ml")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of the precision it reached
        model.fit(start=(principal_loadings(R, n_factors), uniqueness), opt={"gtol": 1e-9})
    return model


def discrepancy(R, loadings, uniqueness) -> float:
    """Return twice the mean log-likelihood of a row that the model lacks against any covariance."""
    S = loadings @ loadings.T + np.diag(uniqueness)
    return float(np.linalg.slogdet(S)[1] - np.linalg.slogdet(R)[1] + np.trace(np.linalg.solve(S, R)) - len(R))


@pytest.mark.parametrize(
    ("loadings", "n_factors"),
    [
        pytest.param([0.9, 0.8, 0.7, 0.6, 0.5], 1, id="one-factor"),
        ([[0.9, 0], [0.8, 0.1], [0.7, 0.2], [0.1, 0.8], [0, 0.7], [0.3, 0.6]], 2),
    ],
)
def test_likelihood_loadings_are_those_of_two_libraries(loadings, n_factors):
    names = NAMES[: len(loadings)]
    columns = simulated(loadings)
    R, Z = correlation(columns, names), standardised(columns, names)
    ours = likelihood_loadings(R, n_factors)
    theirs = from_statsmodels(R, n_factors)
    sklearn = FactorAnalysis(n_factors, svd_method="lapack", tol=1e-10, max_iter=20_000).fit(Z).components_.T
    # Rotations of the factors leave the products of the loadings alone.
    np.testing.assert_allclose(ours @ ours.T, theirs.loadings @ theirs.loadings.T, atol=1e-7)
    np.testing.assert_allclose(ours @ ours.T, sklearn @ sklearn.T, atol=2e-4)
    reached = discrepancy(R, ours, 1.0 - np.square(ours).sum(axis=1))
    assert reached <= discrepancy(R, theirs.loadings, theirs.uniqueness) + 1e-12


# Exact loadings would be 1.2 = (0.9 * 0.8 / 0.5)^(1/2), beyond a standard deviation.
HEYWOOD = np.array([[1.0, 0.9, 0.8], [0.9, 1.0, 0.5], [0.8, 0.5, 1.0]])


def test_a_heywood_case_is_fitted_better_than_by_statsmodels():
    """It has no bound, and from the same start ends in a local maximum here."""
    ours, theirs = likelihood_loadings(HEYWOOD, 1), from_statsmodels(HEYWOOD, 1)
    reached = discrepancy(HEYWOOD, ours, np.maximum(1.0 - np.square(ours)[:, 0], LEAST_UNIQUENESS))
    assert reached < discrepancy(HEYWOOD, theirs.loadings, theirs.uniqueness) - 0.5


def test_a_bound_costs_a_heywood_case_little_likelihood_and_fixes_its_answer():
    R = np.array([[1.0, 0.8, 0.7], [0.8, 1.0, 0.4], [0.7, 0.4, 1.0]])
    ours, theirs = likelihood_loadings(R, 1), from_statsmodels(R, 1)
    assert theirs.uniqueness.min() < 1e-4
    reached = discrepancy(R, ours, np.maximum(1.0 - np.square(ours)[:, 0], LEAST_UNIQUENESS))
    assert 0.0 < reached - discrepancy(R, theirs.loadings, theirs.uniqueness) < 0.01
    nudged = likelihood_loadings(R + 1e-14 * (1.0 - np.eye(3)), 1)
    np.testing.assert_allclose(nudged, ours, atol=1e-9)


def test_scores_are_regression_scores():
    names = NAMES[:5]
    learned = learn(FactorIndex("d", names), ONE_FACTOR)
    Z, R = standardised(ONE_FACTOR, names), correlation(ONE_FACTOR, names)
    loadings = likelihood_loadings(R, 1)[:, 0]
    uniqueness = 1 - np.square(loadings)
    # Thomson's form by the model's own covariance; at the maximum both score alike.
    expected = Z @ (loadings / uniqueness) / (1 + np.sum(np.square(loadings) / uniqueness))
    scores = learned.compute(ONE_FACTOR) + learned.line.start
    np.testing.assert_allclose(np.abs(scores), np.abs(expected), rtol=1e-5, atol=1e-6)


def test_principal_components_are_sklearns():
    names = NAMES[:5]
    index = learn(FactorIndex("d", names, "pca"), ONE_FACTOR).compute(ONE_FACTOR)
    component = PCA(1, svd_solver="full", whiten=True).fit_transform(standardised(ONE_FACTOR, names))[:, 0]
    component *= np.sign(np.corrcoef(component, index)[0, 1]) * np.sqrt(len(index) / (len(index) - 1))
    np.testing.assert_allclose(index, component - component.min(), atol=1e-10)


@pytest.mark.parametrize("method", ["factor", "pca"])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_index_rises_with_its_first_indicator(sign, method):
    flipped = {name: sign * column for name, column in ONE_FACTOR.items()}
    learned = learn(FactorIndex("d", NAMES[:5], method), flipped)
    index = learned.compute(flipped)
    assert all(np.corrcoef(index, flipped[name])[0, 1] > 0 for name in NAMES[:5])
    assert learned.loadings[0] > 0


def test_the_first_rotated_factor_is_the_one_that_explains_most():
    columns = simulated([[0.9, 0], [0.8, 0], [0.7, 0.1], [0.6, 0], [0.1, 0.7], [0, 0.6]])
    index = learn(FactorIndex("d", NAMES, factors=2), columns).compute(columns)
    assert np.corrcoef(index, columns["latent"])[0, 1] > 0.93


@pytest.mark.parametrize(
    ("columns", "what"),
    [
        pytest.param({"p": [1.0] * 9, "q": range(9), "r": [5.0] * 9}, "constant: p, r", id="constant"),
        ({"p": range(9), "q": [2 * x for x in range(9)], "r": [1, 0] * 4 + [1]}, "follows"),
        pytest.param({"p": [1, 2], "q": [2, 1], "r": [0, 1]}, "2 complete rows are too few", id="few-rows"),
    ],
)
def test_what_nothing_can_be_learned_from(columns, what):
    cells = {name: np.array(list(values), dtype=np.float64) for name, values in columns.items()}
    with pytest.raises(DataError) as caught:
        FactorIndex("d", ("p", "q", "r")).learn(cells)
    assert caught.value.where == "column 'd' (factor_index)"
    assert what in caught.value.what
    assert caught.value.hint


def test_an_index_that_the_data_hardly_determine_is_warned_of():
    rng = np.random.default_rng(5)
    p, q, r = rng.normal(size=(3, 200))
    assert learn(FactorIndex("d", NAMES[:5]), ONE_FACTOR).notes == ()
    dependent = {"p": p, "q": q, "r": p + q + 1e-4 * r}
    (note,) = learn(FactorIndex("d", ("p", "q", "r")), dependent).notes
    assert note.code == "W-INDEX"
    assert "condition number" in note.message
    # Two columns that go together and a third that goes with neither: only the product of two loadings shows.
    basis = np.linalg.qr(np.column_stack([np.ones(200), p, q, r]))[0][:, 1:]
    ridge = dict(
        zip("pqr", (basis @ np.array([[1.0, 0.5, 0.0], [0.0, 0.8, 0.0], [0.0, 0.0, 1.0]])).T, strict=True)
    )
    assert learn(FactorIndex("d", ("p", "q", "r")), ridge).condition > 1e6
