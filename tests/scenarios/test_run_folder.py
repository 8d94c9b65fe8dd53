"""Answers of all scenarios in the tables of a run folder."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from harness.running.checkpoints import decode, encode
from harness.scenarios.conditional.scenario import ConditionalScenario
from harness.scenarios.curve.scenario import CurveScenario
from harness.scenarios.full_fit import FullTask
from harness.scenarios.heterogeneity import HeterogeneityScenario
from harness.scenarios.scenario import Subject
from harness.shipped import harness_scenarios
from scenarios.least_squares import LeastSquares, crossed, grouped_panel

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


def test_every_table_has_its_columns(folder):
    asked = [one for one in harness_scenarios() if one.name not in {"importance", "robustness"}]
    for scenario in asked:
        for table in (*scenario.tables, *scenario.data_tables):
            assert tuple(folder.read_table(table.name).columns) == table.columns


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


def test_done_rows_are_ok(folder):
    for name in ("turning_points", "heterogeneity", "surfaces", "thresholds"):
        assert set(folder.read_table(name).query("estimator == 'ols'")["status"]) == {"ok"}


def test_what_scenarios_warn_of_is_a_warning_of_the_run(folder):
    warnings = folder.read_table("warnings").set_index("code")["where"]
    assert warnings["W-ROWBOOT"] == "curve"
    assert warnings["W-FEWBOOT"] == "curve"


def test_answers_survive_being_stored():
    panel = grouped_panel(np.random.default_rng(2), lambda x, m: x * m, shares=(1.0,))
    scenarios = {
        "curve": CurveScenario(draws=5, grid=4),
        "groups": HeterogeneityScenario(by="size", draws=5, grid=4),
        "surface": ConditionalScenario(moderator="m", draws=5, grid=4),
    }
    subject = Subject(panel, LeastSquares(crossed), "ls", 1)
    result = FullTask(subject, scenarios, panel.exposure, 0.95).run()
    again = decode(encode(result))
    assert list(again.answers) == list(result.answers)
    for scenario, before in result.answers.items():
        after = again.answers[scenario]
        assert (after.status, list(after.value)) == ("ok", [one.name for one in scenarios[scenario].tables])
        for name, frame in before.value.items():
            pd.testing.assert_frame_equal(after.value[name], frame)
