"""Networks of one hidden layer: their sizes and the details they tell."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import EstimationError, Panel
from harness.plugin import Floats, HasDetails, draw_weights
from harness_neural.mlp import Mlp
from harness_neural.options import formula_size, round_size
from harness_neural.som_ann import SomAnn
from neural_tasks import make_panel, r_squared, wave

SMALL = Mlp(hidden=3, restarts=2)


def test_candidates_are_compared_on_the_rows_given_to_select_on() -> None:
    panel = make_panel(wave, noise=1.0)
    aside = make_panel(wave, noise=1.0, n_entities=30, seed=9)
    aside = replace(aside, period=aside.period + 10, time=replace(aside.time, labels=tuple("abcde")))
    fitted = SMALL.fit(panel, rng=np.random.default_rng(0), selection=aside)
    error = np.mean((fitted.predict(aside) - aside.observed) ** 2) / panel.observed.var()
    assert fitted.searches[0].chosen.selection_nmse == pytest.approx(error, rel=1e-5)
    assert fitted.searches[0].n_obs == panel.n_obs + aside.n_obs


def test_a_row_that_is_trained_and_selected_on_counts_once_in_the_size() -> None:
    panel = make_panel(wave)
    rng = np.random.default_rng(0)
    (search,) = Mlp(restarts=1, sizes_around=0, max_steps=5).fit(panel, rng=rng, selection=panel).searches
    assert search.n_obs == 300
    assert search.sizes.formula is not None
    assert search.sizes.formula == pytest.approx(((300 * 0.9 - 1) / 5 - 1) / 10)
    weights = np.ones((2, 300))
    drawn = Mlp(restarts=1, sizes_around=0, max_steps=5).fit_draws(
        panel, weights=weights, selection=panel, rng=rng
    )
    assert drawn.searches[0].n_obs == 300


def test_control_in_other_units_counts_once() -> None:
    panel = make_panel(wave, noise=1.0)
    wider = replace(
        panel, controls=(*panel.controls, "y2"), X=np.column_stack([panel.X, 12.0 * panel.X[:, 1] + 5.0])
    )
    fitted = Mlp(restarts=1, sizes_around=0, max_steps=5).fit(wider, rng=np.random.default_rng(0))
    assert [(note.code, note.where) for note in fitted.notes] == [("W-DUP", "y2")]
    assert fitted.searches[0].sizes.formula == pytest.approx(((300 * 0.9 - 1) / 5 - 1) / 10)


def test_a_size_under_one_is_noted() -> None:
    panel = make_panel(wave, noise=1.0, n_entities=12)
    fitted = Mlp(restarts=1, sizes_around=0, max_steps=5).fit(panel, rng=np.random.default_rng(0))
    assert fitted.searches[0].chosen.n_units == 1
    (note,) = fitted.notes
    assert (note.code, note.message) == ("W-HIDDEN", "the formula gives N = 0.96 for 60 rows; 1 is used")


def test_too_few_rows_are_refused_with_their_number() -> None:
    panel = make_panel(wave, n_entities=8, n_periods=1, noise=1.0)
    with pytest.raises(
        EstimationError, match="6 training rows, but one hidden unit with 3 inputs has 6 parameters"
    ):
        SMALL.fit(panel, rng=np.random.default_rng(0))


def draws_of(panel: Panel, n_draws: int) -> Floats:
    return draw_weights(panel, n_draws, unit="entity", rng=np.random.default_rng(5))


def test_rows_that_all_draws_select_on_are_what_sizes_are_compared_on() -> None:
    panel = make_panel(wave, noise=1.0)
    only = np.arange(panel.n_obs) >= 250
    weights = np.where(only, 0.0, draws_of(panel, 6))
    selection = np.tile(only.astype(float), (6, 1))
    fitted = SMALL.fit_draws(panel, weights=weights, selection=selection, rng=np.random.default_rng(0))
    trained_on = panel.take(np.flatnonzero(weights.any(axis=0)))
    alone = SMALL.fit(trained_on, rng=np.random.default_rng(0), selection=panel.take(np.flatnonzero(only)))
    found, expected = fitted.searches[0].chosen, alone.searches[0].chosen
    assert (found.n_units, found.restart) == (expected.n_units, expected.restart)
    assert found.selection_nmse == pytest.approx(expected.selection_nmse, rel=1e-9)


def test_draws_without_selection_train_for_the_steps_that_were_found() -> None:
    panel = make_panel(wave, noise=0.5)
    weights = draws_of(panel, 4)
    blind = SMALL.fit_draws(panel, weights=weights, selection=None, rng=np.random.default_rng(0))
    empty = SMALL.fit_draws(
        panel, weights=weights, selection=np.zeros_like(weights), rng=np.random.default_rng(0)
    )
    np.testing.assert_array_equal(blind.predict(panel), empty.predict(panel))
    assert r_squared(panel, blind.predict(panel).mean(axis=0)) > 0.9


def test_a_draw_with_too_few_rows_is_refused() -> None:
    panel = make_panel(wave)
    weights = draws_of(panel, 3)
    weights[1] = np.arange(panel.n_obs) < 5
    with pytest.raises(EstimationError, match=r"^5 training rows"):
        SMALL.fit_draws(panel, weights=weights, selection=None, rng=np.random.default_rng(0))


@pytest.mark.parametrize(
    "estimator", [SMALL, SomAnn(hidden=2, restarts=1, map_starts=1)], ids=["mlp", "som_ann"]
)
def test_a_selection_without_rows_is_none(estimator: Mlp | SomAnn) -> None:
    panel = make_panel(wave, noise=1.0)
    nobody = panel.take(np.zeros(0, dtype=np.int64))
    found = estimator.fit(panel, rng=np.random.default_rng(0), selection=nobody).predict(panel)
    np.testing.assert_array_equal(found, estimator.fit(panel, rng=np.random.default_rng(0)).predict(panel))


GOLDEN = {
    "all cities": ({"n_obs": 2457, "n_inputs": 27}, 7.5217),
    "one input": ({"n_obs": 2457, "n_inputs": 1}, 73.5767),
    "two outcomes": ({"n_obs": 2457, "n_inputs": 27, "n_outputs": 2}, 14.6353),
    "a quarter of the cities": ({"n_obs": 614.25, "n_inputs": 27}, 1.8028),
}


@pytest.mark.parametrize(("arguments", "expected"), GOLDEN.values(), ids=GOLDEN)
def test_formula_gives_the_published_values(arguments: dict[str, float], expected: float) -> None:
    assert formula_size(**arguments) == pytest.approx(expected, abs=5e-5)


@given(
    n_obs=st.integers(100, 10**6),
    n_inputs=st.integers(1, 200),
    n_outputs=st.integers(1, 5),
    train_share=st.floats(0.1, 1.0),
)
def test_unscaled_formula_makes_parameters_as_many_as_the_data(
    n_obs: int, n_inputs: int, n_outputs: int, train_share: float
) -> None:
    options = {"n_inputs": n_inputs, "n_outputs": n_outputs, "train_share": train_share}
    n_units = formula_size(n_obs=n_obs, **options, flexibility=1.0) + 1.0
    parameters = n_units * (n_inputs + 1) + n_outputs * (n_units + 1)
    assert parameters == pytest.approx(n_obs * train_share * n_outputs, rel=1e-12)


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_obs": 0},
        {"n_inputs": 0},
        {"n_outputs": 0},
        {"train_share": 0.0},
        {"train_share": 1.1},
        {"flexibility": 0.0},
    ],
    ids=lambda argument: next(iter(argument)) + "=" + str(next(iter(argument.values()))),
)
def test_formula_refuses_what_it_is_not_defined_for(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        formula_size(**({"n_obs": 100, "n_inputs": 3} | wrong))


@pytest.mark.parametrize(
    ("rounding", "units"), [("floor", 7), ("nearest", 8), ("up", 8)], ids=["floor", "nearest", "up"]
)
def test_sizes_are_rounded_by_the_rule(rounding: str, units: int) -> None:
    assert round_size(7.5217, rounding) == units


@pytest.mark.parametrize("formula", [0.99, 0.2, -3.0])
def test_a_size_under_one_becomes_one(formula: float) -> None:
    assert round_size(formula) == 1


SOM = SomAnn(restarts=2, sizes_around=1, map_starts=2)


def shallow_wave(X: Floats) -> Floats:
    return 20.0 + 3.0 * np.tanh(2.0 * X[:, 0]) + X[:, 1]


def tables(fitted: object) -> dict[str, pd.DataFrame]:
    assert isinstance(fitted, HasDetails)
    return {name: pd.DataFrame(dict(columns)) for name, columns in fitted.details().items()}


def test_every_candidate_is_a_row_and_one_is_chosen() -> None:
    panel = make_panel(shallow_wave, noise=1.0, n_entities=120)
    fitted = Mlp(flexibility=20.0, sizes_around=1, restarts=2).fit(panel, rng=np.random.default_rng(0))
    found = tables(fitted)
    assert list(found) == ["networks", "learning_curves"]
    networks = found["networks"]
    assert networks["place"].unique().tolist() == ["all rows"]
    assert networks["hidden"].tolist() == [4, 4, 5, 5, 6, 6]
    assert networks["restart"].tolist() == [0, 1] * 3
    assert networks["formula"].tolist() == pytest.approx([((600 * 0.9 - 1) / 5 - 1) / 20] * 6)
    assert networks["n_obs"].unique().tolist() == [600]
    (chosen,) = networks.index[networks["chosen"]]
    assert chosen == networks["selection_nmse"].idxmin()
    curve = found["learning_curves"]
    assert curve["step"].tolist() == list(range(networks["steps"][chosen] + 1))
    best = curve.loc[networks["best_step"][chosen]]
    assert best["selection_nmse"] == networks["selection_nmse"][chosen] == curve["selection_nmse"].min()
    assert best["training_nmse"] == networks["training_nmse"][chosen]


def test_clusters_of_the_map_are_described() -> None:
    panel = make_panel(shallow_wave, noise=1.0, n_entities=120)
    fitted = SOM.fit(panel, rng=np.random.default_rng(0))
    found = tables(fitted)
    assert list(found) == ["networks", "learning_curves", "som", "som_profile"]
    assert found["networks"]["place"].unique().tolist() == [f"cluster {at}" for at in range(1, 5)]
    cluster = fitted.map_fit.map.assign(fitted.design.standardised(panel)) + 1
    som = found["som"]
    assert som["cluster"].tolist() == [1, 2, 3, 4]
    assert som[["row", "column"]].to_numpy().tolist() == [[1, 1], [1, 2], [2, 1], [2, 2]]
    assert som["n_obs"].tolist() == np.bincount(cluster)[1:].tolist()
    assert som["quantization_error"].unique().tolist() == [fitted.map_fit.quantization_error]
    profile = found["som_profile"].pivot_table(index="cluster", columns="variable", values="mean")
    expected = pd.DataFrame(panel.X, columns=panel.columns).groupby(cluster).mean()
    np.testing.assert_allclose(profile, expected, rtol=0, atol=1e-6)
    standard = found["som_profile"].pivot_table(
        index="cluster", columns="variable", values="mean_standardised"
    )
    scaled = (expected - panel.X.mean(axis=0)) / panel.X.std(axis=0)
    np.testing.assert_allclose(standard, scaled, rtol=0, atol=1e-6)


def test_a_cluster_without_rows_has_no_means() -> None:
    panel = make_panel(lambda X: X[:, 0], noise=1.0, n_entities=2, n_periods=20, n_inputs=1)
    few = panel.with_column("x0", np.round(np.sign(panel.column("x0"))))
    fitted = SomAnn(clusters=6, hidden=1, restarts=1, map_starts=1, combine="none").fit(
        few, rng=np.random.default_rng(0)
    )
    found = tables(fitted)
    empty = found["som"]["n_obs"] == 0
    assert empty.any()
    np.testing.assert_array_equal(found["som_profile"]["mean"].isna(), empty)
