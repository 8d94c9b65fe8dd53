"""The economics of the city study, one spec each: what a run finds agrees with what was simulated."""

import numpy as np
import pytest

from command import ROOT
from harness.api import prepare_study, run_study
from harness.data.simulate.digital_carbon.panel import DigitalCarbon
from harness.data.simulate.digital_carbon.response import GDP_ELASTICITY
from harness.running.options import RunOptions

FOLDER = ROOT / "specs" / "digital_carbon"

pytestmark = pytest.mark.slow


@pytest.fixture
def run(tmp_path):
    def run_quick(name):
        options = RunOptions(
            FOLDER / f"{name}.yaml", out=tmp_path / name, quick=True, overrides=("report.formats=[]",)
        )
        return run_study(options)

    return run_quick


def test_the_debiased_slope_of_logs_is_the_mean_of_the_true_slopes(run):
    simulated = DigitalCarbon()
    frame = simulated.draw()
    level, step = simulated.level(frame), 0.01
    ends = [np.clip(level + side * step, 0.0, 0.88) for side in (-1, 1)]
    low, high = (np.log(simulated.expected(frame, outcome="co2", exposure=end)) for end in ends)
    truth = ((high - low) / (ends[1] - ends[0])).mean()
    effects = run("logs").read_table("effects")
    rows = effects[
        (effects["method"] == "first_differences") & (effects["form"] == "line") & effects["group"].isna()
    ]
    assert len(rows) == 3
    assert (rows["conf_low"] < truth).all()
    assert (truth < rows["conf_high"]).all()


def test_instruments_find_the_slope_on_the_level_that_the_index_measures_with_errors(run):
    prepared = prepare_study(RunOptions(FOLDER / "instrument.yaml"))
    simulated, panel = prepared.plan.study.data.simulate, prepared.panels.panel("log_co2")
    frame, roles = simulated.draw(), prepared.plan.study.roles
    held = [panel.column(name) for name in roles.regressors if name != roles.exposure]
    columns = np.column_stack(
        [np.log(simulated.expected(frame, outcome="co2")), simulated.level(frame), *held]
    )
    cube = columns.reshape(273, 9, -1)
    within = (
        cube - cube.mean(axis=1, keepdims=True) - cube.mean(axis=0, keepdims=True) + cube.mean(axis=(0, 1))
    )
    flat = within.reshape(columns.shape)
    truth = np.linalg.lstsq(flat[:, 1:], flat[:, 0], rcond=None)[0][0]
    coefficients = run("instrument").read_table("coefficients")
    row = coefficients[
        (coefficients["estimator"] == "iv") & (coefficients["term"] == "digital_economy")
    ].iloc[0]
    assert row["conf_low"] < truth < row["conf_high"] < 0


def test_the_policy_in_stages_has_its_true_mean_effect_by_every_method(run):
    simulated = DigitalCarbon(pilot_years=(2014, 2016, 2018))
    frame = simulated.draw()
    treated = frame["pilot_policy"].str.contains("from").to_numpy()
    truth = -0.3 * simulated.level(frame)[treated].mean()
    effects = run("staged_pilots").read_table("did_effects")
    mean = effects[effects["effect"] == "average"]
    assert set(mean["method"]) == {"sun_abraham", "imputation", "callaway_santanna"}
    assert (mean["conf_low"] < truth).all()
    assert (truth < mean["conf_high"]).all()


def test_emissions_rise_with_income_by_the_true_elasticity_and_do_not_turn(run):
    found = run("kuznets")
    slopes = found.read_table("details/transformed_coefficients")
    line = slopes[(slopes["estimator"] == "log_fe") & (slopes["term"] == "log_gdp_pc")]
    assert len(line) == 2
    assert ((line["conf_low"] < GDP_ELASTICITY) & (line["conf_high"] > GDP_ELASTICITY)).all()
    square = slopes[slopes["term"] == "log_gdp_pc^2"]
    assert len(square) == 2
    assert ((square["conf_low"] < 0.0) & (square["conf_high"] > 0.0)).all()
    assert not found.read_table("turning_points")["is_established"].any()


def test_neighbours_have_no_effect(run):
    impacts = run("neighbours").read_table("details/impacts")
    row = impacts[(impacts["variable"] == "digital_economy") & (impacts["impact"] == "indirect")].iloc[0]
    assert row["conf_low"] < 0 < row["conf_high"]


def test_regions_do_not_differ(run):
    differences = run("regions").read_table("heterogeneity_differences")
    assert len(differences)
    assert not differences["decision"].isin(["above", "below"]).any()


@pytest.mark.parametrize("name", ["dynamics", "mediation", "sub_indices"])
def test_a_study_of_the_folder_runs_without_a_failed_cell(run, name):
    assert (run(name).read_table("gain")["status"] == "ok").all()
