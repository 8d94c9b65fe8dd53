"""The scenario ``contrast``, and what the others say of an exposure of two values."""

from dataclasses import replace

import numpy as np
import pytest

from data.test_data_spec import workers
from harness import EstimationError
from harness.api import run
from harness.audit.verification import verify
from harness.installed import installed
from harness.plugin import random_stream
from harness.running.folder import RunFolder
from harness.scenarios.conditional.scenario import ConditionalScenario
from harness.scenarios.contrast import ContrastScenario
from harness.scenarios.curve.scenario import CurveScenario
from harness.scenarios.full_fit import answer_in_process
from harness.scenarios.heterogeneity import HeterogeneityScenario
from harness.scenarios.scenario import Subject
from harness_sklearn.trees import Boosting
from panels import key_from, panel_from_arrays
from scenarios.least_squares import LeastSquares, crossed

N_ENTITIES, N_PERIODS = 120, 4


def treated_panel(seed=1, *, values=(0.0, 1.0), effect=lambda x, m: x * (1.0 + m)):
    """Return a panel of entities whose exposure is one of some values, beside a moderator."""
    rng = random_stream(seed, "treated")
    entity, period = (axis.ravel() for axis in np.indices((N_ENTITIES, N_PERIODS)))
    m = rng.uniform(-1.0, 1.0, size=entity.size)
    x = rng.choice(values, size=entity.size)
    errors = 0.3 * rng.standard_normal(N_ENTITIES)[entity] + 0.3 * rng.standard_normal(entity.size)
    panel = panel_from_arrays(
        entity=entity,
        period=period,
        outcome=effect(x, m) + errors,
        X=np.column_stack([x, m]),
        columns=("x", "m"),
        n_moderators=1,
    )
    return replace(panel, groups=(key_from("half", np.where(m < 0.0, "low", "high")),))


def subject_of(estimator, panel, *, seed=1):
    return Subject(panel, estimator, "it", seed)


def test_the_contrast_of_least_squares_is_its_coefficients():
    panel = treated_panel()
    subject = subject_of(LeastSquares(crossed), panel)
    _, on_x, _, both = subject.fit.beta
    rows = answer_in_process(ContrastScenario(draws=50), subject)["contrasts"]
    assert rows["band"].tolist() == ["pointwise", "simultaneous"]
    first = rows.iloc[0]
    m = panel.column("m")
    assert first["estimate"] == pytest.approx(on_x + both * m.mean())
    assert (first["exposure_from"], first["exposure_to"]) == (0.0, 1.0)
    assert first["n_obs_from"] + first["n_obs_to"] == panel.n_obs
    assert first["n_obs_to"] == panel.column("x").sum()
    assert first["conf_low"] < first["estimate"] < first["conf_high"]


def test_by_group_and_by_moderator():
    panel = treated_panel()
    subject = subject_of(LeastSquares(crossed), panel)
    _, on_x, _, both = subject.fit.beta
    groups = answer_in_process(ContrastScenario(by="half", draws=30), subject)["contrasts"].query(
        "band == 'pointwise'"
    )
    m = panel.column("m")
    expected = {"high": on_x + both * m[m >= 0].mean(), "low": on_x + both * m[m < 0].mean()}
    assert dict(zip(groups["group"], groups["estimate"], strict=True)) == pytest.approx(expected)
    moved = answer_in_process(ContrastScenario(moderator="m", draws=30), subject)["contrasts"]
    narrow, wide = (moved[moved["band"] == band].reset_index() for band in ("pointwise", "simultaneous"))
    at = narrow["moderator_at"].to_numpy()
    assert at == pytest.approx(np.quantile(m, np.linspace(0.1, 0.9, 9)))
    assert narrow["estimate"].to_numpy() == pytest.approx(on_x + both * at)
    assert (wide["conf_low"] <= narrow["conf_low"]).all()
    assert (wide["conf_high"] >= narrow["conf_high"]).all()


def test_a_few_values_give_every_pair():
    panel = treated_panel(values=(0.0, 1.0, 3.0), effect=lambda x, m: np.where(x == 3.0, -2.0, x) + 0 * m)
    rows = answer_in_process(ContrastScenario(draws=20), subject_of(Boosting(), panel))["contrasts"].iloc[:3]
    assert rows[["exposure_from", "exposure_to"]].to_numpy().tolist() == [[0, 1], [0, 3], [1, 3]]
    assert rows["estimate"].to_numpy() == pytest.approx([1.0, -2.0, -3.0], abs=0.35)


def test_intervals_hold_the_true_contrast():
    held = 0
    for seed in range(60):
        subject = subject_of(LeastSquares(crossed), treated_panel(seed), seed=seed)
        row = answer_in_process(ContrastScenario(draws=100), subject)["contrasts"].iloc[0]
        held += row["conf_low"] <= 1.0 + subject.panel.column("m").mean() <= row["conf_high"]
    assert held >= 50


def test_a_dose_has_no_contrast_and_two_values_no_curve_nor_surface():
    dose = treated_panel(values=tuple(np.linspace(0, 1, 11)))
    with pytest.raises(EstimationError, match=r"(?s)11 distinct values.*use: curve"):
        answer_in_process(ContrastScenario(draws=5), subject_of(LeastSquares(crossed), dose))
    subject = subject_of(LeastSquares(crossed), treated_panel())
    with pytest.raises(EstimationError, match=r"only two values.*use: contrast"):
        answer_in_process(CurveScenario(draws=5), subject)
    tables = answer_in_process(ConditionalScenario(moderator="m", draws=20, grid=6), subject)
    assert tables["surfaces"]["status"].tolist() == ["refused"]
    _, on_x, _, both = subject.fit.beta
    effects = tables["conditional_effects"]
    assert effects["effect"].to_numpy() == pytest.approx(on_x + both * effects["moderator_at"].to_numpy())


def test_trees_show_the_effect_of_two_values_by_group():
    """Half a window up and down from 0 and 1 trees predict the same."""
    subject = subject_of(Boosting(), treated_panel())
    rows = answer_in_process(HeterogeneityScenario(by="half", draws=5), subject)["heterogeneity"]
    pooled = rows[rows["mode"] == "pooled"].set_index("group")["effect"]
    assert pooled["high"] == pytest.approx(1.5, abs=0.25)
    assert pooled["low"] == pytest.approx(0.5, abs=0.25)


def test_by_and_moderator_are_two_questions():
    with pytest.raises(ValueError, match="not both"):
        ContrastScenario(by="half", moderator="m")
    assert ContrastScenario(by="half").about == {"by": "half"}
    assert ContrastScenario().about == {}


SPEC = """
spec_version: 1
study: kinds
title: Kinds of workers
seed: 1
data: {path: workers.csv}
roles:
  {entity: worker, time: year, outcomes: [wage], exposure: kind, moderators: [m],
   levels: [none, craft, union]}
variables: {kind: {label: Kind of work}}
estimators:
  - {id: fe, use: fixed_effects, effects: [entity], label: Fixed effects}
evaluation: {reference: fe, protocols: [held_out_entities]}
scenarios:
  - {use: contrast, draws: 20}
  - {use: curve, draws: 20}
report: {formats: []}
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kinds")
    workers(n=40, periods=4).to_csv(folder / "workers.csv", index=False)
    (folder / "kinds.yaml").write_text(SPEC, encoding="utf-8")
    return run(folder / "kinds.yaml", out=folder / "run")


def test_tables_have_the_names_of_levels(done):
    rows = done.table("contrasts").query("scenario == 'contrast' and band == 'simultaneous'")
    assert rows[["exposure_from", "exposure_to"]].to_numpy().tolist() == [
        ["none", "craft"],
        ["none", "union"],
    ]
    assert done.table("coefficients")["term"].tolist() == ["kind=craft", "kind=union", "m"]
    (refused,) = done.table("curves").to_dict("records")
    assert refused["status"] == "refused"
    assert "use: contrast" in refused["reason"]
    levels = done.table("preparation").query("step == 'levels'")["detail"].item()
    assert levels.startswith("rows: none ")
    assert "(base)" in levels


def test_findings_say_which_level_is_compared_with_which(done):
    own = done.table("findings").query("finding == 'contrast'")
    assert own["about"].tolist() == ["contrast: craft rather than none", "contrast: union rather than none"]
    assert "Kind of work union rather than none" in own["text"].iloc[1]
    assert own["is_established"].astype(str).tolist()[1] == "True"


def test_the_folder_verifies(done):
    checks = verify(RunFolder.open(done.path), catalogs=installed().catalogs)
    assert [problem for check in checks for problem in check.problems] == []
