"""A calibration: a study on panels with a known truth, what it reduces, and how drawn errors depend."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from markupsafe import escape

import harness
from command import harness as command
from harness.api import prepare_study as prepare
from harness.calibration.drawn_study import Cells, error_parts, fit_linear_truth, shock_response
from harness.calibration.findings import KINDS, VERDICT, Reduction
from harness.calibration.page import HEADINGS
from harness.calibration.run import (
    CAPS,
    calibration_manifest,
    calibration_tables,
    capped,
    cheap_form,
    reductions,
)
from harness.findings.checks import CHECKS
from harness.findings.shape import exact_limits
from harness.plugin import random_stream
from harness.running.options import RunOptions
from harness.running.varied import greatest
from harness.running.workers import LocalWorkers, ThisProcess
from harness.tables.curves import SUPPORT
from harness.tables.table import ResultTable
from harness_neural.mlp import Mlp
from harness_rab.rab import Rab
from harness_sklearn import Tuned
from panels import balanced_panel
from scenarios.least_squares import Square

NOT_ASKED = {
    *("effect", "interaction", "contrast", "group_difference", "sign_change", "threshold", "mediation"),
    *("headline", "within_effect", "did", "impact"),
    *CHECKS,
}
SPEC = Path(__file__).parents[2] / "specs" / "grunfeld.yaml"
LINEAR = (
    "estimators=[{id: ols, use: pooled_ols}, {id: fe, use: fixed_effects}]",
    "evaluation.protocols=[as_published, held_out_entities]",
    "scenarios=[{use: curve, grid: 5, draws: 60}]",
)


@cache
def tables(effect=0.0, n_panels=10, n_jobs=1, changes=LINEAR):
    options = RunOptions(spec=SPEC, quick=True, overrides=changes)
    prepared, started = prepare(options), datetime.now(UTC)
    manifest = calibration_manifest(options, prepared, n_panels=n_panels, effect=effect, started=started)
    asked = {"n_panels": n_panels, "effects": (0.0, effect) if effect else (0.0,)}
    workers = LocalWorkers(n_jobs) if n_jobs > 1 else ThisProcess()
    return calibration_tables(prepared, manifest, **asked, workers=workers, on_done=lambda _: None)


def shares(effect, *n_panels):
    found = tables(0.3, *n_panels)["calibration"]
    return found[found["effect"] == effect].set_index(["estimator", "protocol", "finding"])


@pytest.mark.slow
def test_entity_constants_make_gains_under_the_published_protocol_and_none_for_new_entities():
    share = shares(0.0, 40)["share"]
    assert share["fe", "as_published", "gain established"] > 0.8
    assert share["fe", "held_out_entities", "gain established"] < 0.2
    assert share["fe", "", VERDICT] <= share["fe", "held_out_entities", "gain established"]


@pytest.mark.slow
@pytest.mark.parametrize("effect", [0.0, 0.3])
def test_fixed_effects_cover_a_linear_truth(effect):
    row = shares(effect, 40).loc["fe", "curve", "slope inside the pointwise band"]
    # Ten entities are few for a bootstrap of entities; it covers less than it says, as the warning tells.
    assert row["share"] >= 0.75
    assert row["conf_low"] < row["share"] < row["conf_high"] or row["share"] == 1.0
    assert row["n_panels"] == 40


@pytest.mark.slow
def test_an_effect_is_found_where_there_is_one_and_a_line_never_turns():
    assert shares(0.3).loc["fe", "", "model_curve"]["share"] > 0.9
    assert shares(0.0).loc["fe", "", "model_curve"]["share"] < 0.4
    for effect in (0.0, 0.3):
        for kind in ("turning_point", "nonlinearity"):
            assert shares(effect).loc["fe", "", kind]["share"] == 0.0


def test_error_rates_are_the_shares_of_panels_without_an_effect():
    rates = tables(0.3)["error_rates"].set_index(["estimator", "finding"])
    assert set(rates.index) == {
        *(
            (name, kind)
            for name in ("ols", "fe")
            for kind in ("model_curve", "nonlinearity", "turning_point")
        ),
        *(("fe", "gain"), ("", "gain")),
    }
    for (estimator, kind), row in rates.iterrows():
        own = shares(0.0).loc[estimator or "fe", "", kind]
        assert row["error_rate"] == own["share"] == row["n_found"] / 10
        assert (row["conf_low"], row["conf_high"]) == exact_limits(row["n_found"], 10)


@pytest.mark.parametrize("n_panels", [1, 40, 300])
def test_limits_without_a_finding_are_those_of_the_closed_form(n_panels):
    # Clopper and Pearson (1934): with none of n the upper limit solves (1 - p)^n = .025.
    assert exact_limits(0, n_panels) == pytest.approx((0.0, 1 - 0.025 ** (1 / n_panels)))
    assert exact_limits(n_panels, n_panels) == pytest.approx((0.025 ** (1 / n_panels), 1.0))


def test_debiased_effects_and_contrasts_are_counted_by_themselves():
    """Of ten firms a debiased effect is untested, as none can be established; a curve has its own row."""
    asked = "scenarios=[{use: curve, grid: 5, draws: 40}, {use: effect, methods: [first_differences]}]"
    rates = tables(0.0, 2, changes=(*LINEAR[:3], asked))["error_rates"].set_index(["estimator", "finding"])
    assert ("", "effect") not in rates.index
    assert ("fe", "model_curve") in rates.index
    assert ("fe", "contrast") not in rates.index


@pytest.mark.slow
def test_workers_change_no_number():
    one, two = tables(0.0, 2), tables(0.0, 2, n_jobs=2)
    assert list(one) == ["calibration", "check_rates", "error_rates", "calibration_features"]
    for name, table in one.items():
        pd.testing.assert_frame_equal(table, two[name], check_exact=True)


def test_the_command_writes_its_table_and_shows_its_progress(tmp_path):
    settings = [word for change in LINEAR for word in ("--set", change)]
    done = command("calibrate", SPEC, "--panels", 2, "--jobs", 1, "--out", tmp_path / "run", *settings)
    assert done.returncode == 0, done.stderr
    assert "2 of 2 done in " in done.stderr
    form = pd.read_csv(tmp_path / "run" / "calibration_form.csv").set_index(["id", "option"])
    assert form.loc[("curve", "draws"), ["in_study", "here"]].astype(int).tolist() == [60, 40]
    assert form.loc[("as_published", "repeats"), ["in_study", "here"]].astype(int).tolist() == [10, 1]
    found = pd.read_csv(tmp_path / "run" / "calibration.csv")
    assert set(found["n_panels"]) == {2}
    assert {"gain established", "loss established"} <= set(found["finding"])
    assert set(found["finding"]) == set(HEADINGS) - NOT_ASKED
    assert found.loc[found["finding"] == VERDICT, "estimator"].tolist() == ["fe"]
    page = (tmp_path / "run" / "calibration.html").read_text(encoding="utf-8")
    sentences = pd.read_csv(tmp_path / "run" / "calibration_findings.csv")
    assert sentences["key"].is_unique
    assert all(str(escape(text)) in page for text in sentences["text"])
    assert "SIMULATED OUTCOMES." in page
    assert "(table below) on 2 panels" in page
    assert "Features of the data that the panels preserve" in page


EVERY_KIND = """
spec_version: 1
study: plants
title: Plants
seed: 1
data: {path: plants.csv}
roles: {entity: plant, time: year, outcomes: [y], exposure: EXPOSURE, moderators: [m]}
estimators:
  - {id: ols, use: pooled_ols}
  - {id: bent, use: polynomial_effects, effects: [entity]}
  - {id: fe, use: fixed_effects, effects: [entity]}
evaluation: {reference: ols, protocols: [held_out_entities]}
scenarios: [SCENARIOS]
report: {formats: []}
"""
OF_A_DOSE = """
  {use: curve, draws: 20}, {use: heterogeneity, by: half, draws: 20},
  {use: conditional, moderator: m, draws: 20},
  {use: effect, methods: [first_differences], forms: [line], learners: [ols], repeats: 1},
  {use: robustness, learners: [ols], checks: [winsorised, periods]}
"""
OF_LEVELS = "{use: contrast, draws: 20}"


def plants(*, n=45, periods=8, seed=2):
    """Return an unbalanced panel with levels of plants, shocks of years, lasting errors and heavy tails."""
    rng = random_stream(seed, "plants")
    plant, year = (axis.ravel() for axis in np.indices((n, periods)))
    errors = np.zeros((n, periods))
    for at in range(periods):
        errors[:, at] = 0.85 * errors[:, at - 1] * (at > 0) + rng.standard_t(4, size=n)
    x, m = rng.standard_normal((2, plant.size))
    y = (
        2.0 * rng.standard_normal(n)[plant]
        + 0.7 * rng.standard_normal(periods)[year]
        + 0.5 * m
        + errors.ravel()
    )
    frame = pd.DataFrame({"plant": plant, "year": 2000 + year, "y": y, "x": x, "m": m})
    frame["half"] = np.where(frame["m"] > 0.0, "high", "low")
    frame["kind"] = np.array(["a", "b", "c"])[np.digitize(x, (-0.4, 0.4))]
    return frame[rng.uniform(size=len(frame)) > 0.15]


@pytest.fixture(scope="module", params=[("x", OF_A_DOSE), ("kind", OF_LEVELS)], ids=["dose", "levels"])
def calibrated(request, tmp_path_factory):
    """Return the exposure, the calibration and the run with its rates."""
    exposure, scenarios = request.param
    folder = tmp_path_factory.mktemp("kinds")
    plants().to_csv(folder / "plants.csv", index=False)
    spec = folder / "spec.yaml"
    spec.write_text(
        EVERY_KIND.replace("EXPOSURE", exposure).replace("SCENARIOS", scenarios), encoding="utf-8"
    )
    done = command("calibrate", spec, "--panels", 2, "--jobs", 1, "--out", folder / "calibration")
    assert done.returncode == 0, done.stderr
    run = harness.run(spec, out=folder / "run", calibrated=folder / "calibration", quick=True, progress=False)
    return exposure, folder / "calibration", run


@pytest.mark.slow
def test_every_kind_that_the_study_makes_is_counted(calibrated):
    exposure, folder, run = calibrated
    rates = pd.read_csv(folder / "error_rates.csv", keep_default_na=False)
    expected = set(KINDS) - {"contrast"} if exposure == "x" else {"gain", "contrast"}
    assert set(rates["finding"]) == expected == set(run.table("findings")["finding"]) - {"lowest_error"}
    assert (rates["n_panels"] == 2).all()
    if exposure == "x":
        made = set(rates[["estimator", "finding"]].itertuples(index=False, name=None))
        assert {("", "effect"), ("", "nonlinearity"), ("bent", "nonlinearity"), ("fe", "threshold")} <= made


@pytest.mark.slow
def test_every_sentence_of_the_run_has_its_rate(calibrated):
    _, _, run = calibrated
    found = run.table("findings").query("finding != 'lowest_error'")
    failed = found["text"].str.contains("no result under")
    assert found.loc[~failed, "error_rate"].notna().all()


@pytest.mark.slow
def test_panels_keep_what_makes_errors_hard(calibrated):
    _, folder, _ = calibrated
    kept = pd.read_csv(folder / "calibration_features.csv").set_index("feature")
    drawn = kept["drawn"]
    assert drawn["missing_rows"] == kept.loc["missing_rows", "fitted"] > 0.1
    assert drawn["share_entity"] > 0.2
    assert drawn["autocorrelation"] == pytest.approx(kept.loc["autocorrelation", "fitted"], abs=0.25)
    assert drawn["correlation_between_entities"] > 0.1
    assert drawn["kurtosis"] > 3.1


@pytest.mark.slow
def test_how_often_all_checks_pass_goes_with_the_run(calibrated):
    exposure, folder, run = calibrated
    rates = pd.read_csv(folder / "check_rates.csv")
    assert list(zip(rates["estimator"], rates["finding"], strict=True)) == (
        [("ols", "checks_agree"), ("ols", "checks_confirm")] if exposure == "x" else []
    )
    assert len(run.table("check_rates")) == len(rates)


def make_panel(n_entities=150, n_periods=6, seed=0):
    """Curved in the exposure x, linear in z, entity constants beyond z's mean, serial correlation."""
    rng = np.random.default_rng(seed)
    entity = np.repeat(np.arange(n_entities), n_periods)
    slow = rng.normal(size=n_entities)[entity]
    x, z = slow + rng.normal(size=entity.size), slow + rng.normal(size=entity.size)
    noise = rng.normal(size=(n_entities, n_periods)).cumsum(axis=1).ravel()
    return balanced_panel(
        (n_entities, n_periods),
        outcome=3 * x**2 + 2 * z + 4 * rng.normal(size=n_entities)[entity] + noise,
        X=np.column_stack([x, x**2, z]),
        columns=("x", "xx", "z"),
        derived=(Square("x", "xx"),),
    )


def within(values, panel):
    codes = panel.entity.codes
    return values - (np.bincount(codes, weights=values) / np.bincount(codes))[codes]


@pytest.mark.parametrize("effect", [0.0, 1.5])
def test_drawn_panels_have_the_effect_asked_for_and_no_curvature(effect):
    panel = make_panel()
    truth = fit_linear_truth(panel, effect=effect)
    estimates = []
    for number in range(60):
        observed = truth.draw(random_stream(1, "t", number)).observed
        columns = np.column_stack([within(panel.column(name), panel) for name in ("x", "xx", "z")])
        estimates.append(np.linalg.lstsq(columns, within(observed, panel))[0])
    mean, error = np.mean(estimates, axis=0), np.std(estimates, axis=0) / np.sqrt(60)
    assert abs(mean[0] - effect) < 4 * error[0]
    assert abs(mean[1]) < 4 * error[1]


def test_the_true_curve_is_the_mean_of_the_truth_at_each_exposure():
    panel = make_panel()
    drawn = fit_linear_truth(panel, effect=2.0).draw(random_stream(1, "t"))
    at = np.array([0.0, 1.0])
    assert np.diff(drawn.curve(at)) == pytest.approx([2.0])
    mean = drawn.observed.mean()
    assert drawn.curve(np.array([panel.column("x").mean()]))[0] == pytest.approx(mean, abs=0.3)


SPECS = Path(__file__).parents[2] / "specs"
CHANGES = (
    "estimators=[{id: ols, use: pooled_ols}, {id: net, use: mlp, max_steps: 30},"
    " {id: rab, use: rab, base: {use: mlp, restarts: 4}, draws: 200}]",
    "scenarios=[{use: curve}, {use: conditional, moderator: capital}]",
    "evaluation.protocols=[as_published, held_out_entities]",
)


@pytest.fixture(scope="module")
def study():
    return prepare(RunOptions(spec=SPECS / "grunfeld.yaml", overrides=CHANGES)).plan.study


def test_caps_hold_what_is_more_and_leave_what_is_less():
    network = capped(Mlp(max_steps=50, restarts=3), {"max_steps": 100, "restarts": 1, "clusters": 1})
    assert network == Mlp(max_steps=50, restarts=1)


def test_an_option_left_to_the_estimator_gets_the_cap():
    assert capped(Mlp(patience="auto", hidden=4), {"patience": 20}) == Mlp(patience=20, hidden=4)


def test_estimators_in_a_list_are_held_and_counted_too():
    tuned = Tuned((Rab(base=Mlp(restarts=3), draws=9), Mlp(restarts=1)))
    held = capped(tuned, {"restarts": 2, "draws": 10})
    assert held == Tuned((Rab(base=Mlp(restarts=2), draws=9), Mlp(restarts=1)))
    assert (greatest(tuned, "restarts"), greatest(tuned, "draws"), greatest(tuned, "knots")) == (3, 9, 0)


def test_ensembles_have_fewer_draws_where_predictions_are_compared_than_where_bands_are_asked(study):
    rab = cheap_form(study).estimators[2].estimator
    assert (rab.draws, rab.for_folds().draws) == (CAPS["draws"], CAPS["fold_draws"]) == (40, 5)


def test_every_difference_is_in_the_table(study):
    found = reductions(study, cheap_form(study))
    told = {(one.part, one.id, one.option): (one.in_study, one.here) for one in found}
    assert told["estimator", "rab", "base.restarts"] == ("4", "1")
    assert told["estimator", "rab", "draws"] == ("200", "40")
    assert told["estimator", "rab", "fold_draws"] == ("50", "5")
    assert told["estimator", "net", "patience"] == ("auto", "15")
    assert ("estimator", "net", "max_steps") not in told
    assert told["protocol", "as_published", "repeats"] == ("10", "1")
    assert told["scenario", "curve", "draws"] == ("200", "40")
    assert told["scenario", "conditional", "draws"] == ("200", "40")
    assert not any(part == "evaluation" for part, _, _ in told)


@dataclass(frozen=True)
class Counts:
    """A question that no finding comes of, for the test."""

    tables: tuple[ResultTable, ...] = (SUPPORT,)

    def quick(self):
        return self


def test_questions_that_find_nothing_are_not_asked(study):
    curve, conditional = study.scenarios
    counts = curve.model_copy(update={"id": "counts", "scenario": Counts()})
    more = study.model_copy(update={"scenarios": (curve, conditional, counts)})
    form = cheap_form(more)
    assert [entry.id for entry in form.scenarios] == ["curve", "conditional"]
    assert Reduction("scenario", "counts", "asked", "yes", "no") in reductions(more, form)


N_DRAWS = 80


def lasting(rng, shape, persistence):
    """Return first-order autoregressions along the last axis with variance 1."""
    steps = rng.normal(size=shape) * np.sqrt(1 - persistence**2)
    steps[..., 0] /= np.sqrt(1 - persistence**2)
    for period in range(1, shape[-1]):
        steps[..., period] += persistence * steps[..., period - 1]
    return steps


def lasting_panel(*, period_sd, persistence=0.0, n_entities=120, n_periods=15, missing=0.0, seed=0):
    """Levels of sd 2, period shocks, errors with autocorrelation .6, and rows that are missing."""
    rng = np.random.default_rng(seed)
    errors = lasting(rng, (n_entities, n_periods), 0.6)
    shocks = period_sd * lasting(rng, (n_periods,), persistence)
    outcome = 2 * rng.normal(size=n_entities)[:, None] + shocks + errors
    kept = np.flatnonzero(rng.random(outcome.size) >= missing)
    X = rng.normal(size=(outcome.size, 2))
    return balanced_panel(outcome.shape, outcome=outcome.ravel(), X=X, columns=("x", "z")).take(kept)


def errors_of(panel, values):
    """Return errors less their entity's mean as (entity, period), NaN where there is no row."""
    frame = pd.DataFrame({"i": panel.entity.codes, "t": panel.period, "e": values})
    wide = frame.pivot_table(index="i", columns="t", values="e")
    return wide.sub(wide.mean(axis=1), axis=0).to_numpy()


def period_variance(wide):
    return np.nanvar(np.nanmean(wide, axis=0))


def autocorrelation(wide):
    now, before = wide[:, 1:].ravel(), wide[:, :-1].ravel()
    both = np.isfinite(now * before)
    return np.corrcoef(now[both], before[both])[0, 1]


def test_parts_are_the_least_squares_effects_of_entities_and_periods():
    panel = lasting_panel(period_sd=0.7, missing=0.3, n_entities=20, n_periods=7)
    parts = error_parts(panel.observed, Cells.of(panel))
    frame = pd.DataFrame({"y": panel.observed, "i": panel.entity.codes, "t": panel.period})
    fit = smf.ols("y ~ C(i) + C(t)", frame).fit()
    assert parts.remainder == pytest.approx(fit.resid.to_numpy(), abs=1e-9)
    assert np.diff(parts.shock)[0] == pytest.approx(fit.params["C(t)[T.1]"], abs=1e-9)


@pytest.mark.parametrize(
    ("period_sd", "persistence", "missing"), [(0.3, 0.0, 0.0), (0.5, 0.8, 0.0), (0.5, 0.8, 0.3)]
)
def test_draws_keep_the_variance_of_period_means_and_the_autocorrelation(period_sd, persistence, missing):
    panel = lasting_panel(period_sd=period_sd, persistence=persistence, missing=missing)
    truth = fit_linear_truth(panel, effect=0.0)
    of_data = errors_of(panel, panel.observed - truth.systematic)
    drawn = [
        errors_of(panel, truth.draw(random_stream(1, "t", number)).unexplained) for number in range(N_DRAWS)
    ]
    variances = np.array([period_variance(wide) for wide in drawn])
    error = variances.std() / np.sqrt(N_DRAWS)
    assert variances.mean() == pytest.approx(period_variance(of_data), rel=0.05, abs=3 * error)
    assert np.mean([autocorrelation(wide) for wide in drawn]) == pytest.approx(
        autocorrelation(of_data), abs=0.05
    )
    # Signs by entity alone leave of it what a mean over entities of errors of variance 1 has.
    assert variances.mean() > 5 / 120


def test_without_period_shocks_few_are_drawn_beyond_those_of_the_data():
    of_data, drawn = [], []
    for seed in range(30):
        panel = lasting_panel(period_sd=0.0, seed=seed)
        parts = error_parts(panel.observed, Cells.of(panel))
        rng, response = random_stream(1, "t", seed), shock_response(parts)
        of_data.append(period_variance(errors_of(panel, panel.observed)))
        for _ in range(10):
            signs = rng.choice([-1.0, 1.0], size=120)[panel.entity.codes]
            shocks = response @ rng.choice([-1.0, 1.0], size=len(response))
            values = shocks[panel.period] + signs * parts.remainder
            drawn.append(period_variance(errors_of(panel, values)))
    # Shocks that are not scaled would give twice the variance. It is at least that of remainders, which is
    # above that of the data in about half of panels.
    assert 0.95 < np.mean(drawn) / np.mean(of_data) < 1.35


def test_remainders_keep_their_size_row_by_row_and_their_products_within_entities():
    panel = lasting_panel(period_sd=0.0, n_entities=30)
    truth = fit_linear_truth(panel, effect=0.0)
    drawn = truth.draw(random_stream(1, "t")).unexplained
    parts = truth.parts
    again = errors_of(panel, drawn)
    own = parts.cells.matrix(parts.remainder)
    common = again - np.sign((again * own).sum(axis=1))[:, None] * own
    assert common == pytest.approx(np.broadcast_to(common[0], common.shape), abs=1e-9)
