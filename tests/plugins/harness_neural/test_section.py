"""Profiles of networks, and what the report shows of them."""

from dataclasses import replace
from functools import cache
from typing import cast

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import Panel
from harness.findings.run import read_run
from harness.installed import installed
from harness.language import spoken
from harness.plugin import CanProfile, Fitted, FittedDraws, Floats, draw_weights, out_of_bag
from harness.report.drawing.canvas import house_style
from harness_neural.batch.networks import Presence, relu_totals, sigmoid_totals_where, unit_totals
from harness_neural.figures import plot_diagram, plot_map
from harness_neural.mlp import Mlp
from harness_neural.section import diagram_of, map_figures, map_table, networks, place_name, search_table
from harness_neural.som_ann import SomAnn
from neural_tasks import make_panel
from report.fake_run import wage_run, with_study, with_table

# In units of the outcome's deviation, against predictions row by row.
ALLOWED = 1e-6
CURVE = np.linspace(-3.0, 3.0, 40)[:, None]
SURFACE = np.stack(np.meshgrid(*[np.linspace(-2.0, 2.0, 8)] * 2, indexing="ij"), axis=-1).reshape(-1, 2)
ESTIMATORS: dict[str, Mlp | SomAnn] = {
    "tanh": Mlp(hidden=4, restarts=1, max_steps=60),
    "relu": Mlp(hidden=4, restarts=1, max_steps=60, activation="relu"),
    "effects": Mlp(hidden=3, restarts=1, max_steps=60, effects=("entity", "time")),
    "network a cluster": SomAnn(hidden=3, restarts=1, max_steps=60, map_starts=1),
    "relu a cluster": SomAnn(hidden=3, restarts=1, max_steps=60, map_starts=1, activation="relu"),
    "stacked": SomAnn(hidden=3, restarts=1, max_steps=60, map_starts=1, combine="stacked"),
    "dummies": SomAnn(hidden=3, restarts=1, max_steps=60, map_starts=1, combine="one_hot"),
}


def bent(X: Floats) -> Floats:
    return 100.0 + 20.0 * np.tanh(2.0 * X[:, 0]) + 10.0 * X[:, 0] * X[:, 1] + 5.0 * X[:, 2] ** 2


@cache
def panel() -> Panel:
    return make_panel(bent, noise=3.0, n_inputs=4)


@cache
def fit_of(name: str) -> Fitted:
    return ESTIMATORS[name].fit(panel(), rng=np.random.default_rng(0))


@cache
def draws_of(name: str) -> FittedDraws:
    weights = draw_weights(panel(), 3, unit="entity", rng=np.random.default_rng(1))
    return ESTIMATORS[name].fit_draws(
        panel(), weights=weights, selection=out_of_bag(weights), rng=np.random.default_rng(0)
    )


def moved(columns: tuple[str, ...], point: Floats) -> Panel:
    return panel().with_columns(dict(zip(columns, point.tolist(), strict=True)))


def row_by_row(model: Fitted | FittedDraws, columns: tuple[str, ...], points: Floats) -> Floats:
    means = [model.predict(moved(columns, point)).mean(axis=-1) for point in points]
    return np.stack(means, axis=-1)


@pytest.mark.parametrize(
    ("name", "columns", "points"),
    [
        *(pytest.param(name, ("x0",), CURVE, id=f"curve of {name}") for name in ESTIMATORS),
        pytest.param("tanh", ("x2", "x0"), SURFACE, id="surface of tanh"),
        pytest.param("network a cluster", ("x2", "x0"), SURFACE, id="surface of network a cluster"),
    ],
)
def test_profile_is_the_mean_of_predictions(name: str, columns: tuple[str, ...], points: Floats) -> None:
    for model in (fit_of(name), draws_of(name)):
        found = cast(CanProfile, model).profile(panel(), columns, points)
        error = np.abs(found - row_by_row(model, columns, points)).max()
        assert error < ALLOWED * panel().observed.std()


def test_rows_change_clusters_along_the_curves_that_are_tested() -> None:
    fitted = fit_of("network a cluster")
    assert not np.array_equal(
        *(
            fitted.map_fit.map.assign(fitted.design.standardised(panel().with_column("x0", at)))
            for at in (-3.0, 3.0)
        )
    )


def test_a_column_that_is_no_input_changes_nothing() -> None:
    wider = replace(
        panel(), controls=(*panel().controls, "flat"), X=np.column_stack([panel().X, np.ones(panel().n_obs)])
    )
    fitted = ESTIMATORS["tanh"].fit(wider, rng=np.random.default_rng(0))
    alone = fitted.profile(wider, ("flat",), np.array([[7.0], [9.0]]))
    np.testing.assert_allclose(alone, fitted.predict(wider).mean(), rtol=1e-6)
    both = fitted.profile(wider, ("flat", "x0"), np.column_stack([CURVE, CURVE]))
    np.testing.assert_allclose(both, fitted.profile(wider, ("x0",), CURVE), rtol=1e-12)


def test_rows_are_looked_at_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    models = [cast(CanProfile, draws_of(name)) for name in ("tanh", "network a cluster")]
    expected = [model.profile(panel(), ("x0",), CURVE) for model in models]
    monkeypatch.setattr("harness_neural.fits.MOST_ROWS", 70)
    monkeypatch.setattr("harness_neural.fits.MOST_DISTANCES", 500)
    monkeypatch.setattr("harness_neural.batch.networks.CHUNK_BYTES", 5000)
    for model, means in zip(models, expected, strict=True):
        np.testing.assert_allclose(model.profile(panel(), ("x0",), CURVE), means, rtol=1e-7)


@given(
    size=st.floats(1e-3, 60.0),
    spread=st.floats(1e-3, 40.0),
    n_shifts=st.integers(1, 200),
    seed=st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
def test_tables_err_by_less_than_allowed(size: float, spread: float, n_shifts: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    z = torch.from_numpy(spread * rng.normal(size=(3, 50)))
    shifts = torch.from_numpy(size * rng.normal(size=(3, n_shifts)))
    expected = torch.sigmoid(z.unsqueeze(2) + shifts.unsqueeze(1)).mean(dim=1)
    for allowed in (1e-4, 1e-8):
        found = unit_totals("sigmoid", z, shifts, error=torch.full((3,), allowed, dtype=torch.float64)) / 50
        assert float((found - expected).abs().max()) <= allowed + 1e-13


@given(
    size=st.floats(1e-3, 60.0) | st.floats(60.0, 1e9),
    n_shifts=st.integers(1, 60),
    share=st.floats(0.0, 1.0),
    seed=st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
def test_tables_of_rows_that_come_and_go(size: float, n_shifts: int, share: float, seed: int) -> None:
    """Shifts of a saturated network are so far apart that no table of any size in memory would do."""
    rng = np.random.default_rng(seed)
    z = torch.from_numpy(rng.normal(size=(3, 50)))
    shifts = torch.from_numpy(size * rng.normal(size=(3, n_shifts)))
    takes_part = rng.uniform(size=(50, n_shifts)) < share
    each = torch.sigmoid(z.unsqueeze(2) + shifts.unsqueeze(1)) * torch.from_numpy(takes_part)
    error = torch.full((3,), 1e-8, dtype=torch.float64)
    found = sigmoid_totals_where(z, shifts, presence=Presence.of(takes_part), error=error)
    # A sum runs over a row's comings and goings, each of which may err.
    assert float((found - each.sum(dim=1)).abs().max()) <= 1e-8 * 50 * (1 + n_shifts)


@given(size=st.floats(1e-3, 60.0), seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_sums_of_rectified_units_are_exact(size: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    z, shifts = torch.from_numpy(rng.normal(size=(3, 50))), torch.from_numpy(size * rng.normal(size=(3, 20)))
    expected = torch.relu(z.unsqueeze(2) + shifts.unsqueeze(1)).sum(dim=1)
    torch.testing.assert_close(relu_totals(z, shifts), expected, rtol=1e-12, atol=1e-12)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return read_run(wage_run(tmp_path_factory.mktemp("wage")))


def test_networks_and_maps(run):
    first = search_table(run).texts[2]
    assert [first[at] for at in (0, 1, 3, 4, 5)] == ["SOM + ANN", "cluster 1", "7.5217", "6 to 8", "7"]
    assert first[7:] == ("0.270", "0.300")
    (_, (label, clusters, _, topographic, _)) = map_table(run).texts
    assert label == "SOM + ANN, Log wage; RAB, Log wage"
    assert (clusters, topographic) == ("500 + 560 + 620 + 680", "4.3%")


def test_places_and_sizes_are_told_in_the_language_of_the_report(run):
    with spoken("zh", installed().messages):
        first = search_table(run).texts[2]
        assert (first[1], first[4]) == ("聚类 1", "6 至 8")
        assert place_name("all rows") == "全部观测"
    assert place_name("all rows") == "all rows"


def test_the_map_lies_as_it_was_trained(run):
    found = run.view(networks)
    (fits,) = found.distinct_maps()  # both fits have the same map
    assert fits == (("lwage", "ann"), ("lwage", "rab"))
    labels = ["Experience", "Schooling", "union", "married"]
    with house_style():
        grid, means = plot_map(
            run.view(networks).map_of(fits[0]), run.view(networks).profile_of(fits[0]), labels
        ).axes
    places = {text.get_text(): text.get_position() for text in grid.texts}
    assert places == {"1: 500": (0, 0), "2: 560": (1, 0), "3: 620": (0, 1), "4: 680": (1, 1)}
    assert [label.get_text() for label in means.get_yticklabels()] == labels
    assert means.texts[0].get_text() == "0.8"  # sin(1)


def test_the_map_of_every_outcome_is_drawn_and_a_shared_one_once(run):
    def doubled(frame, **changes):
        other = frame.assign(outcome="hours", **{name: change(frame) for name, change in changes.items()})
        return pd.concat([frame, other], ignore_index=True)

    more = with_table(run, "details/som", lambda frame: doubled(frame, n_obs=lambda own: own["n_obs"] + 1))
    more = with_table(more, "details/som_profile", doubled)
    with house_style():
        one, two = map_figures(more)
    assert (one.name, two.name) == ("map-lwage-ann", "map-hours-ann")
    assert "SOM + ANN on Log wage and RAB on Log wage" in one.caption
    assert "SOM + ANN on hours and RAB on hours" in two.caption


def test_the_diagram_is_of_the_options_and_sizes_of_the_network(run):
    ols, _, ann, rab, _ = run.manifest.study.estimators
    options = {"activation": "tanh", "clusters": 4, "optimiser": "lbfgs", "max_steps": 250}
    ann = replace(ann, options={**options, "combine": "separate_nets"})
    rab = replace(rab, options={"draws": 40, "base": {"use": ann.use}})
    shown = diagram_of(with_study(run, estimators=(ols, ann, rab)), ann)
    assert diagram_of(run, ols) is None
    study = run.manifest.study
    assert shown.n_inputs == 1 + len(study.moderators) + len(study.controls)
    assert (shown.hidden, shown.activation) == ("7", "tanh")
    assert shown.networks.startswith("4 such networks")
    assert [step for step in shown.steps if "N = 7.52 by the formula; tried: 6 to 8" in step]
    assert shown.steps[-1].startswith("RAB: again on 40 resamples")
    with house_style():
        unit, network, steps = plot_diagram(replace(shown, n_inputs=27)).axes
    assert network.get_title(loc="left") == "The network: 27 inputs, 7 hidden units, 1 output"
    assert {"x₂₇", "w₂₇"} <= {text.get_text() for text in unit.texts}
    assert len([text for text in steps.texts if text.get_text()]) == len(shown.steps)
