"""The scenarios ``contrast`` and ``heterogeneity``, and the importance of columns."""

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
from harness.scenarios.importance import ImportanceScenario, importance, without_columns
from harness.scenarios.scenario import Subject
from harness.scenarios.task import answered_in_parts
from harness_panel import PooledOLS
from harness_sklearn.trees import Boosting
from panels import balanced_panel, key_from, panel_from_arrays
from scenarios.least_squares import SIZES, LeastSquares, Square, crossed, grouped_panel, powers

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


def test_the_folder_verifies(done):
    checks = verify(RunFolder.open(done.path), catalogs=installed().catalogs)
    assert [problem for check in checks for problem in check.problems] == []


def answer(panel, estimator, *, seed=1, **options):
    subject = Subject(panel, estimator, "least_squares", seed)
    return answer_in_process(HeterogeneityScenario(by="size", **options), subject)


def cell(frame, **place):
    for column, value in place.items():
        frame = frame[frame[column] == value]
    (row,) = frame.to_dict("records")
    return row


def test_pooled_numbers_are_those_of_the_group_s_own_rows():
    panel = grouped_panel(np.random.default_rng(0), lambda x, m: x * m, noise=0.1)
    estimator = LeastSquares(crossed)
    const, on_x, on_m, both = estimator.fit(panel, rng=None).beta
    tables = answer(panel, estimator, draws=30)
    x, m = panel.X.T
    for code, group in enumerate(SIZES[:2]):
        importance_of = panel.group("size").codes == code
        row = cell(tables["heterogeneity"], group=group, mode="pooled")
        levels = const + on_m * m.mean() + (on_x + both * m.mean()) * x[importance_of]
        assert row["median"] == pytest.approx(np.median(levels), rel=1e-10)
        assert row["effect"] == pytest.approx(on_x + both * m[importance_of].mean(), rel=1e-10)
        assert (row["n_obs"], row["n_entities"], row["n_draws"]) == (importance_of.sum(), 30, 30)
        assert row["median_low"] < row["median"] < row["median_high"]
        assert row["conf_low"] < row["effect"] < row["conf_high"]


def test_refitted_numbers_are_those_of_a_panel_of_the_group_alone():
    panel = grouped_panel(np.random.default_rng(0), lambda x, m: x * m, noise=0.1)
    estimator = LeastSquares(crossed)
    tables = answer(panel, estimator, draws=30)
    for code, group in enumerate(SIZES[:2]):
        alone = panel.take(np.flatnonzero(panel.group("size").codes == code))
        own = answer(alone, estimator, draws=30)["heterogeneity"]
        expected = cell(own, group=group, mode="pooled")
        row = cell(tables["heterogeneity"], group=group, mode="refit")
        assert row["median"] == pytest.approx(expected["median"], rel=1e-12)
        assert row["effect"] == pytest.approx(expected["effect"], rel=1e-12)


def test_refits_find_effects_that_the_pooled_fit_cannot():
    panel = grouped_panel(np.random.default_rng(1), lambda x, _m: 0 * x, noise=0.2)
    sign = np.where(panel.group("size").codes == 0, 1.0, -1.0)
    panel = replace(panel, observed=panel.observed + 2.0 * sign * panel.column("x"))
    tables = answer(panel, LeastSquares(powers(1)))
    for group, effect in (("large", 2.0), ("small", -2.0)):
        row = cell(tables["heterogeneity"], group=group, mode="refit")
        assert row["conf_low"] <= effect <= row["conf_high"]
    refit = cell(tables["heterogeneity_differences"], mode="refit", measure="effect")
    assert refit["difference"] == pytest.approx(4.0, abs=0.3)
    assert refit["conf_low"] > 3.0
    pooled = cell(tables["heterogeneity_differences"], mode="pooled", measure="effect")
    assert pooled["difference"] == pooled["conf_low"] == pooled["conf_high"] == 0.0


def test_differences_are_between_the_numbers_of_the_groups():
    panel = grouped_panel(np.random.default_rng(2), lambda x, m: x * m, shares=(0.3, 0.3, 0.4))
    tables = answer(panel, LeastSquares(crossed), draws=50)
    differences = tables["heterogeneity_differences"]
    assert len(differences) == 3 * 2 * 2
    for row in differences.to_dict("records"):
        first, other = (
            cell(tables["heterogeneity"], group=name, mode=row["mode"])[row["measure"]]
            for name in (row["group"], row["other"])
        )
        assert row["difference"] == pytest.approx(first - other, rel=1e-12)
        assert row["conf_low"] < row["conf_high"]


def test_a_group_too_small_for_the_estimator_keeps_its_place():
    panel = grouped_panel(np.random.default_rng(2), lambda x, m: x * m, shares=(0.6, 0.35, 0.05))
    tables = answer(panel, LeastSquares(crossed, least=10), draws=20)
    row = cell(tables["heterogeneity"], group="tiny", mode="refit")
    assert (row["status"], row["n_entities"]) == ("refused", 3)
    assert "too few entities" in row["reason"]
    assert np.isnan(row["effect"])
    assert cell(tables["heterogeneity"], group="tiny", mode="pooled")["status"] == "ok"
    difference = cell(
        tables["heterogeneity_differences"], group="small", other="tiny", mode="refit", measure="effect"
    )
    assert (difference["status"], difference["reason"]) == ("refused", row["reason"])
    levels = cell(tables["heterogeneity_rows"], group="tiny", mode="refit")
    assert levels["status"] == "refused"
    assert np.isnan(levels["level"])


def test_a_group_without_variation_of_the_exposure_is_refused():
    panel = grouped_panel(np.random.default_rng(2), lambda x, _m: x)
    still = panel.group("size").codes == 1
    panel = panel.with_column("x", np.where(still, 0.5, panel.column("x")))
    tables = answer(panel, LeastSquares(lambda importance_of: importance_of.X), draws=5)
    row = cell(tables["heterogeneity"], group="small", mode="refit")
    assert row["status"] == "refused"
    assert "a single value" in row["reason"]


def test_quantiles_are_those_of_the_rows():
    panel = grouped_panel(np.random.default_rng(2), lambda x, _m: x)
    estimator = LeastSquares(powers(1))
    tables = answer(panel, estimator, draws=5)
    const, on_x, on_m = estimator.fit(panel, rng=None).beta
    importance_of = panel.group("size").codes == 1
    levels = const + on_m * panel.column("m").mean() + on_x * panel.column("x")[importance_of]
    own = tables["heterogeneity_rows"].query("group == 'small' and mode == 'pooled'")
    assert own["level"].to_numpy() == pytest.approx(np.quantile(levels, own["quantile"]), rel=1e-12)
    assert own["level"].iloc[20] == pytest.approx(
        cell(tables["heterogeneity"], group="small", mode="pooled")["median"]
    )


def test_without_refits_the_pooled_numbers_stand_and_a_group_s_own_model_has_a_reason():
    panel = grouped_panel(np.random.default_rng(0), lambda x, m: x * m, noise=0.1)
    estimator = LeastSquares(crossed)
    subject = Subject(panel, estimator, "least_squares", 1)
    whole = HeterogeneityScenario(by="size", draws=30, grid=20)
    quick = whole.quick()
    assert (quick.refit, quick.draws, quick.grid) == (False, 30, 20)
    full, cut = (answer_in_process(scenario, subject)["heterogeneity"] for scenario in (whole, quick))
    pooled = [table[table["mode"] == "pooled"].reset_index(drop=True) for table in (full, cut)]
    assert pooled[0][["group", "median", "effect"]].equals(pooled[1][["group", "median", "effect"]])
    own = cut[cut["mode"] == "refit"]
    assert len(own) == len(pooled[0])
    assert set(own["status"]) == {"refused"}
    assert own["reason"].str.contains("refit: false").all()


def importance_panel(seed, *, n_entities=80, n_periods=5):
    """Return y = x0 + x1 + x1's copy + noise, x3 idle: by itself x0 is a third of the variance."""
    rng = np.random.default_rng([13, seed])
    entity = np.repeat(np.arange(n_entities), n_periods)
    own = rng.standard_normal((3, n_entities))[:, entity]
    x0, x1, x3 = (own + rng.standard_normal((3, entity.size))) / np.sqrt(2.0)
    copy = x1 + 1e-6 * rng.standard_normal(entity.size)
    return balanced_panel(
        (n_entities, n_periods),
        outcome=x0 + 0.5 * x1 + 0.5 * copy + rng.standard_normal(entity.size),
        X=np.column_stack([x0, x1, copy, x3]),
    )


def importance_of(panel, **options):
    question = Subject(panel, PooledOLS(), "ols", 3)
    return answered_in_parts(ImportanceScenario(**options), question)["importance"].set_index("group")


def test_importance_is_the_variance_that_only_these_columns_tell():
    """A slope of one on a column of variance one, of three parts of variance in all."""
    found = importance_of(
        importance_panel(1), groups={"first": ("x0",), "one": ("x1",), "both": ("x1", "x2"), "idle": ("x3",)}
    )
    for group in ("first", "both"):
        assert found.loc[group, "conf_low"] < 1.0 / 3.0 < found.loc[group, "conf_high"]
        assert found.loc[group, "importance"] == pytest.approx(1.0 / 3.0, abs=0.1)
    for group in ("one", "idle"):
        assert abs(found.loc[group, "importance"]) < 0.01
    assert found.loc["both", "columns"] == "x1 x2"
    assert (found["n_entities"] == 80).all()


def test_every_regressor_is_a_group_of_its_own_and_what_cannot_be_left_out_says_so():
    panel = importance_panel(2, n_entities=20)
    assert importance_of(panel).index.tolist() == ["x0", "x1", "x2", "x3"]
    found = importance_of(panel, groups={"other": ("z",), "every": ("x0", "x1", "x2", "x3")})
    assert found["status"].tolist() == ["refused", "refused"]
    assert "'z' is not a regressor" in found.loc["other", "reason"]
    assert "no regressor remains" in found.loc["every", "reason"]


def test_what_follows_from_a_column_goes_with_it_and_the_next_stands_in_for_an_exposure():
    X = np.random.default_rng(1).standard_normal((12, 4))
    panel = balanced_panel(
        (4, 3),
        outcome=X[:, 0],
        X=X,
        columns=("x", "moderator", "square", "z"),
        n_moderators=1,
        derived=(Square("x", "square"),),
    )
    found = without_columns(panel, ("x",))
    assert (found.exposure, found.moderators, found.controls) == ("moderator", (), ("z",))
    np.testing.assert_array_equal(found.X, X[:, [1, 3]])
    kept = without_columns(panel, ("z",))
    assert (kept.columns, len(kept.derived)) == (("x", "moderator", "square"), 1)


def test_the_interval_is_that_of_means_over_entities():
    """Entities of one row each: the normal interval of a mean, by the central limit theorem."""
    rng = np.random.default_rng(4)
    observed, whole, less = rng.standard_normal((3, 400))
    found = importance(observed, whole, less, np.arange(400), level=0.95, rng=rng)
    rise = (np.square(observed - less) - np.square(observed - whole)) / observed.var()
    assert found.importance == pytest.approx(rise.mean())
    half = 1.96 * rise.std() / 20.0
    assert [found.conf_low, found.conf_high] == pytest.approx(
        [rise.mean() - half, rise.mean() + half], abs=0.04
    )
