"""Coverage of bands and curves of effects, for networks, splines and OLS, where entities share errors.

The simulated panels set the constants of their cities to sum to zero, so that the mean over them is known
without error and any band that treats cities as sampled covers the level too often. Here cities have
constants of a distribution with mean zero, as sampled cities would. Shares are in ``band_rates.csv``.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from harness.api import prepare_study as prepare
from harness.data.simulate.digital_carbon.panel import DigitalCarbon
from harness.data.simulate.simulation import spread_evenly
from harness.data.simulate.small_panels import InvertedU, SCurve, SmallPanel
from harness.installed import installed
from harness.plugin import Key, random_stream
from harness.running.options import RunOptions
from harness.scenarios.bands import pointwise_limits
from harness.scenarios.curve.scenario import CurveScenario
from harness.scenarios.full_fit import answer_in_process
from harness.scenarios.grid import partial_dependence
from harness.scenarios.heterogeneity import HeterogeneityScenario
from harness.scenarios.scenario import DrawPlan, Subject
from harness.scenarios.truth import TrueFit
from harness.study.spec.load import load_study
from harness_neural.mlp import Mlp
from harness_panel import FixedEffects, PolynomialEffects, PooledOLS
from harness_rab.rab import Rab
from harness_sklearn.splines import Splines
from panels import balanced_panel, panel_from_arrays, small_panel
from shares import least

NETWORK = Mlp(optimiser="levenberg_marquardt", sizes_around=0, restarts=1, draw_restarts=3)


def rab_on(simulation: SmallPanel, *, draws: int, network: Mlp = NETWORK) -> Subject:
    """Return a RAB fitted on a simulated panel."""
    panel = small_panel(simulation.draw())
    estimator = Rab(base=network, draws=draws)
    return Subject(panel, estimator, "rab", simulation.seed)


AT = np.array([0.25, 0.35, 0.5, 0.65, 0.75])
N_ENTITIES, N_PERIODS, NOISE = 100, 6, 0.1
N_DRAWS = 100

# What a nominal 0.95 has to cover off the edges.
LEAST, MOST = 0.92, 0.975

# With the network of specs/s_curve.yaml.
BOOTSTRAPPED = Rab(base=Mlp(optimiser="levenberg_marquardt", draw_restarts=3), draws=40)


class Cities(SCurve):
    """Cities without constants, which are drawn here."""

    city_sd: ClassVar[float] = 0.0


def drawn(seed, *, linear, city_sd=0.05):
    """Return a panel and the true curve at `AT`; the linear truth has the slope 0.5."""
    simulation = Cities(n_entities=N_ENTITIES, n_periods=N_PERIODS, noise=NOISE, seed=seed)
    frame = simulation.draw()
    true = [simulation.expected(frame, outcome="outcome", exposure=float(at)).mean() for at in AT]
    if linear:
        response = simulation.response(frame["exposure"].to_numpy(), frame["moderator"].to_numpy())
        frame["outcome"] += 0.5 * frame["exposure"] - response
        true = true + 0.5 * AT - simulation.response(AT, AT)
    constants = city_sd * random_stream(seed, "cities").standard_normal(N_ENTITIES)
    frame["outcome"] += np.repeat(constants, N_PERIODS)
    return small_panel(frame), np.asarray(true)


def covered(estimator, panel, true, *, seed, unit="entity"):
    """Return at which of the points the 95 % pointwise band holds the truth."""
    draws = Subject(panel, estimator, "it", seed).draws(DrawPlan(N_DRAWS, unit, most_rows=20_000))
    low, high = pointwise_limits(partial_dependence(draws, panel, AT), level=0.95)
    return (low <= true) & (true <= high)


def coverage(estimator, n_panels, *, unit="entity", **truth):
    """Return the share of panels in which the band holds the truth, at each point."""
    panels = (drawn(seed, **truth) for seed in range(n_panels))
    found = [covered(estimator, *panel, seed=seed, unit=unit) for seed, panel in enumerate(panels)]
    return np.mean(found, axis=0)


@pytest.mark.slow
def test_ols_covers_a_linear_truth():
    """It covered 0.949 when measured."""
    assert LEAST <= coverage(PooledOLS(), 1000, linear=True).mean() <= MOST


@pytest.mark.slow
def test_splines_cover_the_s_curve():
    """They covered 0.944 when measured."""
    assert LEAST <= coverage(Splines(), 400, linear=False).mean() <= MOST


@pytest.mark.slow
@pytest.mark.parametrize(
    ("linear", "most"), [(True, 1.0), (False, MOST)], ids=["line, at least", "s_curve, at least and at most"]
)
def test_bootstrapped_networks_cover_off_the_edges(linear, most):
    """The S curve was covered in 0.963 when measured, a line in 0.987.

    Draws differ by their networks' initial values too, which their mean averages out: the band is a third
    wider than the mean's sampling error. On the S curve that makes up for curves that run too straight at its
    bends, where coverage is least; on a line there is nothing to make up for.
    """
    found = coverage(BOOTSTRAPPED, 60, linear=linear)
    assert LEAST <= found.mean() <= most
    assert (found >= least(LEAST, 60)).all()


@pytest.mark.slow
def test_rows_resampled_one_by_one_cover_less():
    """Errors of a city are correlated by 0.5: cities covered 0.94 when measured, rows 0.73."""
    by_entity, by_row = (
        coverage(PooledOLS(), 300, linear=True, city_sd=NOISE, unit=unit).mean() for unit in ("entity", "row")
    )
    assert by_row < LEAST <= by_entity


NEAR = 0.05


def turning_points(simulation, *, draws, network=NETWORK):
    """Return kind and place of the established turning points that a RAB reports on a simulated panel."""
    subject = rab_on(simulation, draws=draws, network=network)
    rows = answer_in_process(CurveScenario(draws=draws), subject)["turning_points"].to_dict("records")
    return [(row["kind"], row["at"]) for row in rows if row["is_established"]]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("panel", "expected"),
    [
        (SCurve, [("minimum", 0.13), ("maximum", 0.87)]),
        (InvertedU, [("maximum", InvertedU.turning_points[0])]),
    ],
    ids=["s_curve", "inverted_u"],
)
def test_turning_points_are_found_in_nine_of_ten_panels(panel, expected):
    n_right = 0
    for seed in range(1, 11):
        found = turning_points(panel(seed=seed), draws=60)
        kinds = [kind for kind, _ in found] == [kind for kind, _ in expected]
        n_right += kinds and np.allclose([at for _, at in found], [at for _, at in expected], atol=NEAR)
    assert n_right >= 9


def income_panel(seed, *, peak):
    """Return log emissions on log income per head of 186 countries, unbalanced; a cubic that peaks."""
    rng = random_stream(seed, "countries")
    n_years = rng.integers(8, 31, size=186)
    country = np.repeat(np.arange(186), n_years)
    year = np.concatenate([np.arange(2020 - own, 2020) for own in n_years])
    level = rng.normal(8.9, 1.1, size=186)
    income = level[country] + 0.02 * (year - 2010) + 0.1 * rng.standard_normal(country.size)
    gap = income - peak
    truth = -0.35 * gap**2 - 0.02 * gap**3
    outcome = truth + 0.8 * rng.standard_normal(186)[country] + 0.15 * rng.standard_normal(country.size)
    return panel_from_arrays(entity=country, period=year, outcome=outcome, X=income, columns=("income",))


def test_the_peak_of_a_cubic_is_placed_with_its_interval_on_unbalanced_countries():
    """Peaks well inside the data, and in their upper tenth."""
    covered = []
    for seed, peak in [(seed, peak) for seed in range(4) for peak in (9.5, 10.4)]:
        panel = income_panel(seed, peak=peak)
        estimator = PolynomialEffects(effects=("entity",), degree=3)
        subject = Subject(panel, estimator, "cubic", seed)
        rows = answer_in_process(CurveScenario(draws=40, grid=40), subject)["turning_points"]
        (found,) = rows[rows["kind"] == "maximum"].to_dict("records")
        assert found["at"] == pytest.approx(peak, abs=0.4)
        covered.append(found["conf_low"] <= peak <= found["conf_high"])
    assert np.mean(covered) >= 0.8


def shared(rng, n_entities, n_periods, *, share=0.5):
    """Return a column of variance 1, of which entities share a part."""
    own = np.repeat(rng.normal(size=n_entities), n_periods)
    return np.sqrt(share) * own + np.sqrt(1.0 - share) * rng.normal(size=own.size)


def panel_with(truth, *, seed, n_entities, n_periods, correlation=0.0, error=1.0):
    """Return a panel of exposure and control, correlated as asked; half of all variances is entities'."""
    rng = np.random.default_rng(seed)
    x, other, noise = (shared(rng, n_entities, n_periods) for _ in range(3))
    z = correlation * x + np.sqrt(1.0 - correlation**2) * other
    return balanced_panel(
        (n_entities, n_periods),
        outcome=truth(x) + z + error * noise,
        X=np.column_stack([x, z]),
        columns=("x", "z"),
    )


def subject_of(estimator, panel, *, seed):
    return Subject(panel, estimator, "it", seed)


@pytest.mark.slow
@pytest.mark.parametrize(
    "estimator", [PooledOLS(), FixedEffects(effects=("entity",))], ids=["pooled_ols", "fixed_effects"]
)
def test_clustered_intervals_cover_the_coefficient(estimator):
    """50 entities, 8 periods."""
    covered = []
    for seed in range(1000):
        panel = panel_with(lambda x: x, seed=seed, n_entities=50, n_periods=8)
        table = estimator.fit(panel, rng=random_stream(seed, "fit")).coefficients()
        assert table.correction.kind == "clustered by entity"
        low, high = table.conf_int(0.95)[table.terms.index("x")]
        covered.append(low <= 1.0 <= high)
    assert 0.925 <= np.mean(covered) <= 0.972


@pytest.mark.slow
def test_groups_with_equal_curves_do_not_differ():
    """The bands of differences hold zero in at least 93 % of panels, from one fit and from a fit each."""
    held = {"pooled": [], "refit": []}
    for seed in range(400):
        panel = panel_with(lambda x: x, seed=seed, n_entities=80, n_periods=5, correlation=0.5)
        halves = Key("half", ("first", "second"), (panel.entity.codes % 2).astype(np.int64))
        panel = replace(panel, groups=(halves,))
        subject = subject_of(Splines(products="none"), panel, seed=seed)
        found = answer_in_process(HeterogeneityScenario(by="half", draws=100, grid=12), subject)[
            "heterogeneity_differences"
        ]
        for row in found[found["measure"] == "effect"].itertuples():
            held[row.mode].append(row.conf_low <= 0.0 <= row.conf_high)
    for mode, is_inside in held.items():
        assert np.mean(is_inside) >= 0.93, mode


@pytest.mark.slow
def test_a_correlated_control_does_not_bend_the_curves_of_bootstrapped_networks():
    """Exposure and control are correlated by 0.8 and add up: both kinds of curves find the truth."""
    n_entities, n_periods = 200, 6
    rng = np.random.default_rng(3)
    trait, other, noise = (shared(rng, n_entities, n_periods) for _ in range(3))
    x, z = spread_evenly(trait), 0.8 * trait + 0.6 * other
    assert np.corrcoef(x, z)[0, 1] == pytest.approx(0.8, abs=0.02)
    panel = balanced_panel(
        (n_entities, n_periods), outcome=np.sin(4.0 * x) + 0.5 * z + 0.3 * noise, X=np.column_stack([x, z])
    )
    curves = answer_in_process(CurveScenario(grid=20), subject_of(BOOTSTRAPPED, panel, seed=3))["curves"]
    for kind in ("level", "ale"):
        own = curves[(curves["kind"] == kind) & (curves["band"] == "pointwise") & curves["supported"]]
        true = np.sin(4.0 * own["at"].to_numpy())
        assert np.std(own["estimate"].to_numpy() - true) < 0.10 * np.ptp(true), kind


@pytest.mark.slow
@pytest.mark.parametrize(("estimator", "n_panels"), [(Splines(), 400), (BOOTSTRAPPED, 40)])
def test_a_flat_line_is_inside_the_band_where_the_exposure_does_nothing(estimator, n_panels):
    """The exposure and the control that matters are correlated by 0.5."""
    inside = []
    for seed in range(n_panels):
        panel = panel_with(np.zeros_like, seed=seed, n_entities=80, n_periods=5, correlation=0.5)
        curves = answer_in_process(
            CurveScenario(grid=12, draws=100), subject_of(estimator, panel, seed=seed)
        )["curves"]
        own = curves[(curves["kind"] == "slope") & (curves["band"] == "pointwise") & curves["supported"]]
        inside.append(((own["conf_low"] <= 0.0) & (own["conf_high"] >= 0.0)).mean())
    assert np.mean(inside) >= (0.93 if n_panels == 400 else least(0.93, n_panels))


SPEC = Path(__file__).parents[2] / "specs" / "digital_carbon.yaml"


def task_of(seed, outcome, *, draws, steps=160):
    """Return the fit of the bootstrapped networks with its curve, on simulated cities."""
    known = load_study(SPEC, catalogs=installed().catalogs).study.estimators
    at = [entry.id for entry in known].index("rab")
    own = (f"estimators.{at}.draws={draws}", f"estimators.{at}.base.draw_steps={steps}")
    changed = (f"data.simulate.seed={seed}", *own, "scenarios.0.grid=23")
    tasks = prepare(RunOptions(SPEC, overrides=changed)).plan.full_tasks()
    task = next(task for task in tasks if (task.estimator_id, task.subject.panel.outcome) == ("rab", outcome))
    return replace(task, scenarios={"curve": task.scenarios["curve"]})


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "over_all", "mean"), [(1, 840.4, 788.8), (6, 838.8, 788.0)])
def test_effects_that_differ_by_city_lift_the_true_curve_over_the_mean(seed, over_all, mean):
    """Without interactions of the index with size and wealth both numbers would be one."""
    task, truth = task_of(seed, "co2", draws=2), TrueFit(DigitalCarbon(seed=seed))
    index, at = task.subject.panel.column("digital_economy"), np.linspace(0.0, 0.88, 23)
    curve = partial_dependence(truth, task.subject.panel, at)
    assert np.interp(index, at, curve).mean() == pytest.approx(over_all, abs=0.1)
    assert truth.predict(task.subject.panel).mean() == pytest.approx(mean, abs=0.1)


def supported_curve(seed, outcome):
    """Return the curve over supported rows beside the truth on the same rows, where an index is supported."""
    task = task_of(seed, outcome, draws=40)
    known = pd.DataFrame(task.scenarios["curve"].truth(TrueFit(DigitalCarbon(seed=seed)), task.subject.panel))
    curves = next(iter(task.run().answers.values())).value["curves"]
    own = curves.query("kind == 'level_supported' and band == 'pointwise' and supported")
    return own.merge(known.query("kind == 'level_supported'")[["at", "truth"]], on="at")


@pytest.mark.slow
def test_bootstrapped_networks_change_as_the_truth_does_and_their_bands_hold_it():
    changes, shares = [], []
    for seed in range(1, 7):
        for outcome in ("co2", "co2_intensity", "co2_pc"):
            curve = supported_curve(seed, outcome)
            shares.append(curve["truth"].between(curve["conf_low"], curve["conf_high"]).mean())
            if outcome == "co2":
                found, true = (curve[name].iloc[-1] - curve[name].iloc[0] for name in ("estimate", "truth"))
                changes.append((found, true))
    found, true = np.mean(changes, axis=0)
    assert found / true == pytest.approx(1.0, abs=0.1)
    assert np.mean(shares) >= 0.92
