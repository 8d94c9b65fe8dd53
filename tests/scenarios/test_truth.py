"""The truth behind simulated data, against closed forms of what was simulated."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from harness.data.simulate.small_panels import InteractionPanel, InvertedU, MonotonePanel, SCurve
from harness.scenarios.conditional.scenario import ConditionalScenario
from harness.scenarios.contrast import ContrastScenario
from harness.scenarios.curve.scenario import CurveScenario
from harness.scenarios.effect.scenario import weighted_slope
from harness.scenarios.heterogeneity import HeterogeneityScenario
from harness.scenarios.truth import place_errors, true_fit, truth_errors, truth_parts
from panels import key_from, panel_from_frame


def panel_of(simulation, **roles):
    roles = {"outcome": "outcome", "exposure": "exposure", "moderators": ("moderator",)} | roles
    controls = tuple(f"control_{at}" for at in range(1, 5))
    return panel_from_frame(simulation.draw(), entity="city", time="year", controls=controls, **roles)


def truth_of(scenario, simulation, panel=None):
    panel = panel or panel_of(simulation)
    return pd.DataFrame([dict(row) for row in scenario.truth(true_fit(simulation, panel), panel)])


def test_the_curve_of_a_parabola_is_the_parabola_and_turns_where_it_does():
    simulation = InvertedU(n_entities=60, n_periods=4)
    rows = truth_of(CurveScenario(grid=41), simulation)
    level = rows[rows["kind"] == "level"]
    shape = 1.0 - 4.0 * (level["at"] - 0.6) ** 2
    assert np.ptp(level["truth"] - shape) < 1e-12
    slope = rows[rows["kind"] == "slope"].iloc[1:-1]
    assert slope["truth"].to_numpy() == pytest.approx(-8.0 * (slope["at"] - 0.6), abs=1e-9)
    (peak,) = rows[rows["kind"] == "maximum"].to_dict("records")
    assert peak["at"] == pytest.approx(0.6, abs=0.013)
    (average,) = rows.loc[rows["kind"] == "average_effect", "truth"]
    assert average == pytest.approx(-8.0 * (0.5 - 0.6), abs=0.02)
    ale = rows[rows["kind"] == "ale"]
    assert np.ptp(ale["truth"] - (1.0 - 4.0 * (ale["at"] - 0.6) ** 2)) < 1e-9


@pytest.mark.parametrize(
    ("simulation", "kinds"), [(SCurve, ["minimum", "maximum"]), (MonotonePanel, []), (InteractionPanel, [])]
)
def test_turning_points_of_the_truth(simulation, kinds):
    rows = truth_of(CurveScenario(grid=41), simulation(n_entities=60, n_periods=4))
    assert [kind for kind in rows["kind"] if kind in {"minimum", "maximum"}] == kinds


def test_a_product_has_the_moderator_as_its_effect_and_its_threshold_at_zero():
    simulation = InteractionPanel(n_entities=80, n_periods=5)
    rows = truth_of(ConditionalScenario(moderator="moderator", grid=11), simulation)
    effects = rows[rows["kind"] == "conditional_effect"]
    assert effects["truth"].to_numpy() == pytest.approx(effects["moderator_at"].to_numpy(), abs=1e-9)
    assert rows.loc[rows["kind"] == "threshold", "moderator_at"].tolist() == pytest.approx([0.0], abs=1e-9)
    surface = rows[rows["kind"] == "surface"]
    assert len(surface) == 121
    assert np.ptp(surface["truth"] - surface["at"] * surface["moderator_at"]) < 1e-12


def test_effects_of_groups_are_the_means_of_their_rows():
    simulation = InteractionPanel(n_entities=80, n_periods=5)
    panel = panel_of(simulation)
    m = panel.column("moderator")
    halves = key_from("half", np.where(m < 0.0, "low", "high"))
    panel = type(panel)(**{**vars(panel), "groups": (halves,)})
    rows = truth_of(HeterogeneityScenario(by="half"), simulation, panel)
    effects = rows[rows["kind"] == "effect"].set_index("group")["truth"]
    assert effects.to_dict() == pytest.approx({"high": m[m >= 0].mean(), "low": m[m < 0].mean()}, abs=1e-9)


def test_contrasts_of_the_truth():
    simulation = InteractionPanel(n_entities=40, n_periods=5)
    panel = panel_of(simulation)
    treated = panel.with_column("exposure", (panel.column("exposure") > 0.5).astype(float))
    rows = truth_of(ContrastScenario(moderator="moderator"), simulation, treated)
    assert rows["truth"].to_numpy() == pytest.approx(rows["moderator_at"].to_numpy(), abs=1e-9)


def test_a_scenario_that_refuses_the_exposure_has_no_truth_and_keeps_no_other_from_it():
    simulation = InteractionPanel(n_entities=12, n_periods=4)
    entries = [
        SimpleNamespace(id="contrast", scenario=ContrastScenario()),
        SimpleNamespace(id="curve", scenario=CurveScenario(grid=5)),
    ]
    study = SimpleNamespace(data=SimpleNamespace(simulate=simulation), scenarios=entries)
    (truth,) = truth_parts(study, {"outcome": panel_of(simulation)})
    assert set(truth["scenario"]) == {"curve"}


def test_no_truth_where_the_study_is_about_something_else():
    simulation = InvertedU(n_entities=20, n_periods=3)
    swapped = panel_of(simulation, exposure="moderator", moderators=("exposure",))
    assert true_fit(simulation, swapped) is None
    assert true_fit(None, panel_of(simulation)) is None


def test_errors_are_root_mean_squares_and_shares_held():
    place = {"outcome": "y", "estimator": "ols", "scenario": "curve", "kind": "level"}
    answers = pd.DataFrame(
        {"at": [0.0, 0.5, 1.0], "estimate": [1.0, 2.0, 5.0], "conf_low": [0.5, 1.9, 4.0], "conf_high": 6.0}
    ).assign(**place)
    truth = pd.DataFrame({"at": [0.0, 0.5, 1.0], "truth": [1.0, 1.0, 3.0]}).assign(**place)
    (row,) = truth_errors(answers, truth, columns=["at"]).to_dict("records")
    assert row["rmse"] == pytest.approx(np.sqrt(5.0 / 3.0))
    assert (row["coverage"], row["n_points"], row["n_found"]) == (pytest.approx(1 / 3), 3, 3)


def test_places_go_in_pairs_and_those_left_over_are_counted():
    place = {"outcome": "y", "scenario": "curve"}
    found = pd.DataFrame(
        {
            "estimator": ["ann", "ann", "ann", "ols"],
            "kind": ["maximum", "maximum", "minimum", "none"],
            "at": [0.9, 0.2, 0.5, np.nan],
            "conf_low": [0.7, 0.15, 0.4, np.nan],
            "conf_high": [0.95, 0.25, 0.6, np.nan],
        }
    ).assign(**place)
    truth = pd.DataFrame({"kind": ["maximum"], "place": [0.8]}).assign(**place)
    rows = place_errors(found, truth).set_index(["estimator", "kind"])
    assert rows.loc[("ann", "maximum"), "rmse"] == pytest.approx(0.1)  # 0.9 is the nearer of the two
    assert rows.loc[("ann", "maximum"), ["coverage", "n_points", "n_found"]].tolist() == [1.0, 1, 2]
    assert rows.loc[("ann", "minimum"), ["n_points", "n_found"]].tolist() == [0, 1]
    assert np.isnan(rows.loc[("ann", "minimum"), "coverage"])
    assert rows.loc[("ols", "maximum"), ["coverage", "n_points", "n_found"]].tolist() == [0.0, 1, 0]
    assert np.isnan(rows.loc[("ols", "maximum"), "rmse"])


@pytest.mark.parametrize("method", ["first_differences", "correlated_random_effects"])
def test_the_truth_of_a_slope_is_the_mean_that_least_squares_estimates(method):
    """Slopes that grow with the spread of the exposure: rows that vary more count more (Angrist 1998)."""
    rng = np.random.default_rng(4)
    city, year = (axis.ravel() for axis in np.indices((400, 6)))
    control = rng.normal(size=400)[city]
    spread = np.exp(0.5 * control)
    exposure = control + spread * rng.normal(size=city.size)
    frame = pd.DataFrame(
        {"city": city, "year": year, "x": exposure, "control": control + 0.01 * rng.normal(size=city.size)}
    )
    panel = panel_from_frame(
        frame.assign(y=spread * exposure),
        entity="city",
        time="year",
        outcome="y",
        exposure="x",
        controls=("control",),
    )
    truth = weighted_slope(panel, method, spread)
    assert truth == pytest.approx(np.average(spread, weights=spread**2), rel=0.03)
    assert truth > 1.5 * spread.mean()


SPEC = """\
spec_version: 1
study: all-scenarios
title: All scenarios on a small panel
seed: 5
data: {path: cities.csv}
roles: {entity: city, time: year, outcomes: [y], exposure: x, moderators: [m]}
estimators: [{id: ols, use: pooled_ols}, {id: fe, use: fixed_effects, effects: [entity]}]
evaluation: {reference: ols, protocols: [in_sample]}
scenarios:
  - {use: curve, draws: 10, grid: 5, unit: row}
  - {use: curve, id: at_median, held: median, grid: 4, draws: 50}
  - {use: heterogeneity, by: size, draws: 50, grid: 5}
  - {use: conditional, moderator: m, draws: 50, grid: 5}
  - {use: contrast, by: size, draws: 50}
  - {use: effect, learners: [ols], repeats: 1}
report: {formats: []}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run in which the exposure is constant within cities, so that fixed effects are refused."""
    from harness.api import run_study as run
    from harness.running.options import RunOptions

    path, rng = tmp_path_factory.mktemp("scenarios"), np.random.default_rng(0)
    city, year = (axis.ravel() for axis in np.indices((30, 4)))
    x, m = rng.uniform(size=30)[city], rng.uniform(size=120)
    columns = {"city": city, "year": 2001 + year, "x": x, "m": m, "y": x + m + rng.normal(size=120)}
    size = np.where(city < 12, "large", "small")
    pd.DataFrame(columns | {"size": size}).to_csv(path / "cities.csv", index=False)
    (path / "spec.yaml").write_text(SPEC, encoding="utf-8")
    return run(RunOptions(spec=path / "spec.yaml", out=path / "out"))


def test_every_scenario_has_rows_of_its_own(folder):
    curves = folder.read_table("curves").query("estimator == 'ols'")
    assert curves.groupby("scenario").size().to_dict() == {"curve": 5 * 8 + 2, "at_median": 4 * 8 + 2}
    assert folder.read_table("support").groupby("scenario").size().to_dict() == {"curve": 5, "at_median": 4}


def test_a_refused_estimator_has_a_row_that_says_what_it_is_about(folder):
    for name in ("heterogeneity", "heterogeneity_differences", "heterogeneity_rows"):
        (row,) = folder.read_table(name).query("estimator == 'fe'").to_dict("records")
        assert (row["by"], row["status"]) == ("size", "refused")
    for name in ("surfaces", "conditional_effects", "thresholds", "interactions"):
        (row,) = folder.read_table(name).query("estimator == 'fe'").to_dict("records")
        assert (row["moderator"], row["status"]) == ("m", "refused")
        assert "x" in row["reason"]


def test_what_scenarios_warn_of_is_a_warning_of_the_run(folder):
    warnings = folder.read_table("warnings").set_index("code")["where"]
    assert warnings["W-ROWBOOT"] == "curve"
    assert warnings["W-FEWBOOT"] == "curve"
