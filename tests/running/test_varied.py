"""Estimators with columns, rows and options of their own: of entries, ladders and a multiverse."""

import inspect
from dataclasses import fields, is_dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

import harness
from command import invoked, printed
from harness import SpecError
from harness.api import prepare_study
from harness.audit.verification import spec_table_problems
from harness.cli import cli
from harness.findings.run import read_run
from harness.installed import installed
from harness.plugin import random_stream
from harness.report.sections.gain_sources import METHOD_LADDER_SECTION
from harness.running.folder import RunFolder
from harness.running.options import OPTIONS, RunOptions
from harness.running.varied import varied_fits
from harness.study.spec.document import written_spec
from harness.study.spec.load import load_study
from harness.study.spec.study import MultiverseSpec
from harness_panel import FixedEffects
from report.fake_run import blocks_of, cells, names_of_figures, tables_in
from small_run import SPEC, copy_of, grunfeld, run_small

COLUMNS_SPEC = YAML(typ="safe").load(Path(__file__).with_name("columns.yaml"))


def table():
    rng = np.random.default_rng(11)
    city, year = (axis.ravel() for axis in np.indices((20, 5)))
    frame = pd.DataFrame({"city": [f"c{at}" for at in city], "year": 2001 + year})
    frame["region"] = np.where(city % 2, "east", "west")
    frame["raw"], frame["age"], frame["size"] = rng.normal(size=(3, 100))
    frame["index"] = 0.5 * frame["raw"] + rng.normal(size=100)
    frame["y"] = frame["index"] - 2 * frame["age"] + 0.3 * frame["raw"] + rng.normal(size=100)
    return frame


def slopes(frame, *names):
    """Return least squares with a constant: an independent arithmetic."""
    X = np.column_stack([np.ones(len(frame)), *(frame[name] for name in names)])
    return dict(zip(names, np.linalg.lstsq(X, frame["y"], rcond=None)[0][1:], strict=True))


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stepwise")
    return harness.run(COLUMNS_SPEC, data=table(), out=folder / "run", progress=False)


@pytest.mark.parametrize(
    ("estimator", "names"),
    [
        ("alone", ["index"]),
        ("aged", ["index", "age"]),
        ("whole", ["index", "raw", "age", "size"]),
        ("raw", ["raw", "age", "size"]),
    ],
)
def test_an_estimator_has_the_regressors_that_its_entry_names(result, estimator, names):
    rows = result.coefficients[result.coefficients["estimator"] == estimator].set_index("term")["estimate"]
    expected = slopes(table(), *names)
    assert set(rows.index) - {"const", "constant", "intercept"} == set(names)
    for name, slope in expected.items():
        assert rows[name] == pytest.approx(slope, rel=1e-9)


def test_an_estimator_on_rows_of_its_own_has_coefficients_and_no_gain(result):
    frame = table()
    rows = result.coefficients[result.coefficients["estimator"] == "east"].set_index("term")
    expected = slopes(frame[frame["region"] == "east"], "index", "raw", "age", "size")
    assert rows["estimate"]["index"] == pytest.approx(expected["index"], rel=1e-9)
    assert set(rows["n_obs"]) == {50}
    refused = result.gain[result.gain["estimator"] == "east"]
    assert set(refused["status"]) == {"refused"}
    assert refused["reason"].str.contains("rows of its own").all()
    whole = result.accuracy[(result.accuracy["estimator"] == "raw") & (result.accuracy["sample"] == "all")]
    residual = frame["y"] - frame["y"].mean()
    own = slopes(frame, "raw", "age", "size")
    residual -= sum(slope * (frame[name] - frame[name].mean()) for name, slope in own.items())
    in_sample = whole[whole["protocol"] == "in_sample"]["mse"].item()
    assert in_sample == pytest.approx(float((residual**2).mean()), rel=1e-9)


def test_a_curve_over_a_second_exposure_has_its_slope_and_every_estimator_that_has_it(result):
    curves = result.curves
    own = curves[(curves["scenario"] == "curve_raw") & (curves["kind"] == "slope")]
    frame = table()
    expected = {
        "whole": slopes(frame, "index", "raw", "age", "size")["raw"],
        "raw": slopes(frame, "raw", "age", "size")["raw"],
        "east": slopes(frame[frame["region"] == "east"], "index", "raw", "age", "size")["raw"],
    }
    done = own[own["status"] == "ok"]
    assert set(done["estimator"]) == set(expected)
    for name, slope in expected.items():
        assert done[done["estimator"] == name]["estimate"].to_numpy() == pytest.approx(slope, rel=1e-6)
    answered = curves[curves["scenario"] == "curve_raw"]
    reasons = answered[answered["status"] == "refused"].set_index("estimator")["reason"]
    assert set(reasons.index) == {"alone", "aged"}
    assert reasons.str.contains("none of its regressors").all()


def test_a_curve_over_the_studys_exposure_is_not_asked_of_an_estimator_of_another(result):
    curves = result.curves
    refused = curves[(curves["scenario"] == "curve") & (curves["estimator"] == "raw")]
    assert refused["status"].tolist() == ["refused"]
    assert "set `exposure: raw`" in refused["reason"].item()


def test_the_record_of_the_run_names_columns_rows_and_exposures(result):
    from harness.findings.run import read_run
    from harness.running.folder import RunFolder

    study = read_run(RunFolder.open(result.path)).manifest.study
    options = {entry.id: entry.options for entry in study.estimators}
    assert options["alone"]["controls"] == []
    assert options["raw"]["exposure"] == "raw"
    assert options["east"]["rows"]["region"]["include"] == ["east"]
    assert "controls" not in options["whole"]
    assert [study.exposure_of(name) for name in ("curve", "curve_raw")] == ["index", "raw"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"estimators": [{"use": "pooled_ols", "controls": ["agee"]}]}, "did you mean 'age'"),
        ({"estimators": [{"use": "pooled_ols", "exposure": "co2"}]}, "'co2' is no regressor of the study"),
        (
            {"estimators": [{"id": "whole", "use": "pooled_ols", "rows": {"region": {"include": ["east"]}}}]},
            "gains are over the same rows",
        ),
        (
            {"multiverse": {"estimator": "aged", "seeds": 2, "references": ["whole"]}},
            "'aged' has `controls` of its own",
        ),
        ({"scenarios": [{"use": "curve", "exposure": "heat"}]}, "'heat' is no moderator or control"),
    ],
    ids=["control", "exposure", "reference", "multiverse", "scenario"],
)
def test_columns_and_rows_that_do_not_fit_are_told(change, message):
    written = written_spec({**COLUMNS_SPEC, "data": {"path": "a.csv"}, **change})
    with pytest.raises(harness.SpecError, match=message):
        load_study(written, catalogs=installed().catalogs)


def test_rows_by_a_column_that_is_not_there_are_told(tmp_path):
    estimators = [
        *COLUMNS_SPEC["estimators"][:-1],
        {"use": "mean", "rows": {"regoin": {"include": ["east"]}}},
    ]
    with pytest.raises(harness.DataError, match="did you mean 'region'"):
        harness.run(
            COLUMNS_SPEC | {"estimators": estimators}, data=table(), out=tmp_path / "run", progress=False
        )


CITIES = Path(__file__).parents[2] / "specs" / "digital_carbon.yaml"

LADDER = {
    "start": {"use": "polynomial_effects", "degree": 1},
    "protocol": "as_published",
    "splits": 1,
    "unseen": "held_out_entities",
    "changes": [
        {"change": "degree", "to": 2, "label": "a square"},
        {"change": "splits", "to": "all"},
        {"change": "protocol", "to": "random_rows"},
        {"change": "degree", "to": 3},
    ],
}
SMALL = SPEC | {
    "method_ladder": LADDER,
    "report": {"formats": []},
    "multiverse": None,
    "claims": [],
    "estimators": [
        {"id": "ols", "use": "pooled_ols", "label": "Pooled OLS"},
        {"id": "square", "use": "polynomial_effects", "degree": 2},
        {"id": "cube", "use": "polynomial_effects", "degree": 3},
    ],
}


def options(choice, path=""):
    """Return every option of a method by its path, nested methods with their name."""
    found = {f"{path}use": choice.name}
    for field in fields(choice):
        value = getattr(choice, field.name)
        nested = is_dataclass(value) and hasattr(value, "name")
        found |= options(value, f"{path}{field.name}.") if nested else {f"{path}{field.name}": value}
    return found


def test_the_cities_go_from_print_to_effects_one_option_a_step():
    varied = prepare_study(RunOptions(CITIES)).plan.varied
    steps = [one for one in varied if one.variation.list == "method_ladder"]
    methods = [
        options(step.entry.estimator) | dict(zip(("protocol", "splits"), step.protocols[0], strict=True))
        for step in steps
    ]
    for (before, after), step in zip(pairwise(methods), steps[1:], strict=True):
        both = before.keys() & after.keys()
        (*_, change) = step.variation.changes
        assert [name for name in both if before[name] != after[name]] == [change.option]
    start, end = methods[0], methods[-1]
    printed = {
        "use": "rab",
        "unit": "row",
        "base.use": "som_ann",
        "base.combine": "stacked",
        "base.map_training": "sequential",
        "base.activation": "sigmoid",
        "base.optimiser": "sgd",
        "base.momentum": 0.0,
        "base.hidden": "auto",
        "base.formula_rows": "all",
        "protocol": "as_published",
        "splits": 1,
    }
    assert printed.items() <= start.items()
    ours = {
        "unit": "entity",
        "base.use": "mlp",
        "base.effects": ("entity", "time"),
        "protocol": "random_rows",
    }
    assert ours.items() <= end.items()


@pytest.mark.parametrize(
    ("quick", "override", "made"),
    [(True, (), {"invest"}), (False, ("method_ladder.outcomes=capital",), {"capital"})],
)
def test_a_ladder_is_made_of_the_outcomes_that_are_asked(quick, override, made):
    two = {"roles": SPEC["roles"] | {"outcomes": ["invest", "capital"], "controls": []}}
    spec = written_spec(SMALL | two | {"data": {"dataset": "grunfeld"}})
    plan = prepare_study(RunOptions(spec, quick=quick, overrides=override)).plan
    tasks = list(plan.tasks())
    assert len(tasks) == plan.n_tasks
    assert {task.cell.outcome for task in plan.fold_tasks()} == {"invest", "capital"}
    assert {task.cell.outcome for task in plan.fold_tasks() if "ladder" in task.cell.estimator} == made


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return run_small(tmp_path_factory.mktemp("ladder") / "run", spec=SMALL)


def test_every_step_has_the_gains_of_its_method(run):
    gains = run.table("gain").set_index(["estimator", "protocol", "sample"])
    position = run.table("variations").groupby("key")["position"].first()
    ladder = run.table("variation_gains")
    ladder["step"] = ladder["variation"].map(position)
    assert sorted(set(ladder["step"])) == [0, 1, 2, 3, 4]
    own = ladder.set_index(["step", "quantity"])["estimate"]
    for step, estimator, protocol in (
        (2, "square", "as_published"),
        (3, "square", "random_rows"),
        (4, "cube", "random_rows"),
    ):
        assert own[step, "gain"] == pytest.approx(gains.loc[(estimator, protocol, "test"), "gain"], rel=1e-12)
        unseen = gains.loc[(estimator, "held_out_entities", "test"), "gain"]
        assert own[step, "gain_unseen"] == pytest.approx(unseen, rel=1e-12)
    within = run.table("gain_within")
    is_first = (within["by"] == "fold") & (within["part"].astype(str) == "1")
    first = within[is_first & (within["estimator"] == "square") & (within["protocol"] == "as_published")]
    np.testing.assert_allclose(own[1, "gain"], first["gain"], rtol=1e-12)


def test_a_changed_gain_of_a_step_is_found(run, tmp_path):
    folder, catalogs = RunFolder(copy_of(run, tmp_path / "run")), installed().catalogs
    assert list(spec_table_problems(folder, folder.manifest(), catalogs)) == []
    table = folder.read_table("variation_gains")
    table.loc[(table["variation"] == "step 3") & (table["quantity"] == "gain_unseen"), "estimate"] += 0.001
    folder.write_table("variation_gains", table)
    (problem,) = spec_table_problems(folder, folder.manifest(), catalogs)
    assert problem.where == "variation_gains.csv"
    assert "estimate" in problem.what


def test_the_report_has_a_row_a_step_and_one_figure(run):
    blocks = blocks_of(METHOD_LADDER_SECTION, read_run(RunFolder.open(run.path)))
    (shown,) = tables_in(blocks)
    names = list(cells(shown))
    assert len(names) == 5
    assert names[1] == "a square"
    assert names_of_figures(blocks) == ["method-ladder"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"change": "base.hidden", "to": 3}, "unknown option 'base'"),
        ({"change": "degree", "to": "two"}, "'two' is not allowed"),
        ({"change": "protocol", "to": "nowhere"}, "no protocol has the id 'nowhere'"),
    ],
)
def test_a_change_that_cannot_be_made_is_named(change, words, tmp_path):
    spec = SMALL | {"method_ladder": LADDER | {"changes": [change]}}
    with pytest.raises(SpecError, match=words) as raised:
        harness.run(spec, data=grunfeld(), out=tmp_path / "run", progress=False)
    assert "method_ladder.changes[0]" in str(raised.value)


GRUNFELD = Path(__file__).parents[2] / "specs" / "grunfeld.yaml"


def built(multiverse):
    known = installed().catalogs
    study = load_study(GRUNFELD, catalogs=known, overrides=(f"multiverse={multiverse}",)).study
    return varied_fits(study, known)


def test_options_and_seeds_are_crossed():
    found = built(
        "{estimator: mlp, vary: {hidden: [auto, 4], activation: [tanh]}, seeds: 2, references: [ols]}"
    )
    assert [one.variation.key for one in found] == [
        "mlp (hidden auto, activation tanh, seed 1)",
        "mlp (hidden auto, activation tanh, seed 2)",
        "mlp (hidden 4, activation tanh, seed 1)",
        "mlp (hidden 4, activation tanh, seed 2)",
    ]
    assert [one.entry.estimator.hidden for one in found] == ["auto", "auto", 4, 4]


def test_numbers_of_controls_are_crossed_with_options():
    found = built("{estimator: mlp, vary: {hidden: [4]}, controls: [0, 1], references: [ols]}")
    assert [one.variation.key for one in found] == [
        "mlp (hidden 4, controls 0, seed 1)",
        "mlp (hidden 4, controls 1, seed 1)",
    ]
    assert [one.entry.controls for one in found] == [(), ("capital",)]


def test_a_variation_is_fitted_with_the_first_controls():
    asked = "multiverse={estimator: ols, controls: [0, 1], references: [ols]}"
    plan = prepare_study(RunOptions(GRUNFELD, overrides=(asked,))).plan
    tasks = [task for task in plan.fold_tasks() if task.cell.protocol == "in_sample"]
    panels = {task.cell.estimator: task.panel for task in tasks}
    whole, none, one = (panels[name] for name in ("ols", *(each.entry.id for each in plan.varied)))
    assert (none.columns, one.columns) == (("value",), ("value", "capital"))
    np.testing.assert_array_equal(none.X, whole.X[:, :1])
    np.testing.assert_array_equal(one.X, whole.X)


def test_references_see_the_controls_that_a_universe_has(tmp_path):
    """Controls carry the outcome; equal estimators that see the same of them gain nothing over each other."""
    twins = [{"id": name, "use": "pooled_ols"} for name in ("ols", "twin")]
    spec = {
        **COLUMNS_SPEC,
        "estimators": twins,
        "evaluation": {"reference": "ols", "protocols": ["in_sample", "random_rows"]},
        "multiverse": {"estimator": "twin", "controls": [0, 1, 3], "references": ["ols"]},
        "scenarios": [],
    }
    frame = table()
    frame["y"] = frame["raw"] + frame["age"] + 0.1 * np.random.default_rng(2).normal(size=100)
    result = harness.run(spec, data=frame, out=tmp_path / "run", progress=False)
    folder, gains = RunFolder.open(result.path), result.table("variation_gains")
    assert len(gains) == 3 * 2 * 3
    assert set(gains["reference"]) == {"ols"}
    np.testing.assert_allclose(gains["estimate"], 0.0, atol=1e-12)
    # Independent: least squares on the exposure alone, or on all, has these errors.
    stored = pd.concat([folder.read_parquet(name) for name in ("predictions", "variation_predictions")])
    in_sample = stored[(stored["protocol"] == "in_sample") & (stored["sample"] == "test")]
    loss = ((in_sample["observed"] - in_sample["predicted"]) ** 2).groupby(in_sample["estimator"]).mean()
    residual = frame["y"] - np.polyval(np.polyfit(frame["index"], frame["y"], 1), frame["index"])
    assert loss["ols (controls 0)"] == pytest.approx(float((residual**2).mean()), rel=1e-9)
    assert loss["ols"] < 0.05 * loss["ols (controls 0)"]
    assert list(spec_table_problems(folder, folder.manifest(), installed().catalogs)) == []


def test_a_target_is_that_of_the_fits_on_folds_and_on_all_rows_and_of_the_plan_in_words():
    plan = prepare_study(RunOptions(GRUNFELD, overrides=("estimators[0].target=log",))).plan
    (full,) = (task for task in plan.full_tasks() if task.estimator_id == "ols")
    folds = [task for task in plan.fold_tasks() if task.cell.estimator == "ols"]
    assert {one.estimator.target for one in (full.subject, *folds)} == {"log"}
    assert full.subject.panel.observed.min() > 0.0
    assert "estimator ols: pooled_ols in logs" in plan.describe().splitlines()


def test_fits_on_all_rows_set_aside_the_unit_of_their_entry_and_folds_that_of_their_protocol():
    plan = prepare_study(RunOptions(GRUNFELD, overrides=("estimators[0].split_unit=row",))).plan
    full = {task.estimator_id: task.subject.panel.split_unit for task in plan.full_tasks()}
    assert (full["ols"], full["fe"]) == ("row", "entity")
    units = {(task.cell.protocol, task.cell.estimator): task.panel.split_unit for task in plan.fold_tasks()}
    assert {unit for (protocol, _), unit in units.items() if protocol == "random_rows"} == {"row"}
    assert {unit for (protocol, _), unit in units.items() if protocol == "held_out_entities"} == {"entity"}


def test_entity_means_are_regressors_of_the_estimators_that_ask_and_of_training_rows():
    """Their slopes are those of entity dummies (Mundlak 1978); a variation has those of its controls."""
    asked = (
        "estimators[0].entity_means=true",
        "multiverse={estimator: ols, controls: [0], references: [fe]}",
        "evaluation.reference=fe",
    )
    plan = prepare_study(RunOptions(GRUNFELD, overrides=asked)).plan
    full = {task.estimator_id: task.subject for task in plan.full_tasks()}
    names = ("value, mean of firm", "capital, mean of firm")
    assert full["ols"].panel.controls == ("capital", *names)
    assert full["fe"].panel.controls == ("capital",)
    slopes = {}
    for name, estimator in (("ols", full["ols"].estimator), ("fe", FixedEffects(effects=("entity",)))):
        table = estimator.fit(full[name].panel, rng=random_stream(1, name)).coefficients()
        slopes[name] = table.estimate[[table.terms.index(term) for term in ("value", "capital")]]
    np.testing.assert_allclose(slopes["ols"], slopes["fe"], rtol=1e-9)
    tasks = [task for task in plan.fold_tasks() if task.cell.protocol == "random_rows"]
    one, (variation,) = tasks[0], plan.varied
    assert one.cell.estimator == "ols"
    train = one.panel.take(one.fold.train)
    for code in np.unique(train.entity.codes):
        rows, own = one.panel.entity.codes == code, train.entity.codes == code
        np.testing.assert_allclose(one.panel.column(names[0])[rows], train.column("value")[own].mean())
    varied = next(task for task in tasks if task.cell.estimator == variation.entry.id)
    assert varied.panel.columns == ("value", names[0])


@pytest.mark.parametrize(("controls", "kept"), [((), ()), ((0, 1), (0, 1)), ((0, 8, 16, 22), (0, 22))])
def test_a_quick_multiverse_keeps_the_first_and_the_last_number_of_controls(controls, kept):
    asked = MultiverseSpec(estimator="mlp", controls=controls, references=("ols",), seeds=3).quick()
    assert (asked.seeds, asked.controls) == (2, kept)


def test_more_controls_than_the_study_has_are_an_error():
    with pytest.raises(SpecError, match="9 controls are asked for, and the study has 1") as error:
        built("{estimator: mlp, controls: [1, 9], references: [ols]}")
    assert error.value.where == "multiverse.controls"


@pytest.mark.parametrize(
    ("vary", "found"),
    [
        ("{hiden: [4]}", "did you mean 'hidden'"),
        ("{hidden: [0]}", "0 is not allowed"),
        ("{activation: [cosine]}", "'cosine' is not allowed"),
        ("{restarts: [true]}", "True is not allowed"),
    ],
    ids=["unknown", "range", "literal", "bool"],
)
def test_a_wrong_option_is_an_error_with_its_place(vary, found):
    with pytest.raises(SpecError, match=found) as error:
        built(f"{{estimator: mlp, vary: {vary}, references: [ols]}}")
    assert "multiverse.vary" in error.value.where


@pytest.mark.parametrize("part", ["estimator: mpl, references: [ols]", "estimator: mlp, references: [olss]"])
def test_an_estimator_that_is_not_in_the_study_is_an_error(part):
    with pytest.raises(SpecError, match="did you mean"):
        built(f"{{{part}}}")


def test_without_a_multiverse_there_are_no_variations():
    known = installed().catalogs
    assert varied_fits(load_study(GRUNFELD, catalogs=known).study, known) == ()


@pytest.mark.parametrize(("words", "jobs"), [([], 1), (["--jobs", "3"], 3)], ids=["not told", "told"])
def test_a_command_takes_the_cores_it_may_use_unless_it_is_told(monkeypatch, words, jobs):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    seen = []
    monkeypatch.setattr("harness.calibration.run.calibrate", lambda options, *_, **__: seen.append(options))
    printed("calibrate", "a.yaml", *words)
    assert seen[0] == RunOptions(Path("a.yaml"), jobs=jobs, backend="local")


def test_every_option_of_the_command_is_one_of_the_api():
    own = set(inspect.signature(harness.run).parameters)
    assert set(OPTIONS) - {"backend", "scheduler"} == own - {"spec", "progress"}
    assert set(OPTIONS) < {param.name for param in cli.commands["run"].params}


def test_the_command_that_repeats_a_run_has_what_numbers_depend_on():
    options = RunOptions(
        *(Path("a b.yaml"), Path("c.csv"), Path("out")),
        quick=True,
        jobs=4,
        time_limit=3.0,
        calibrated=Path("k"),
        overrides=("seed=1", "draws=9"),
    )
    command = "harness run 'a b.yaml' --data c.csv --quick --calibrated k --set seed=1 --set draws=9"
    assert options.command(Path("out"), None) == command
    assert (
        replace(options, data=None, quick=False, calibrated=None, overrides=()).command(Path("out"), None)
        == "harness run 'a b.yaml'"
    )


@pytest.mark.parametrize(
    ("given", "limits"),
    [
        ({"jobs": 0}, "at least 1"),
        ({"time_limit": 0.0}, "more than 0"),
        ({"memory_limit": 0.1}, "at least 0.5"),
        ({"jobs": float("nan")}, "a whole number, at least 1"),
        ({"time_limit": float("nan")}, "a finite number, more than 0"),
    ],
    ids=str,
)
def test_a_number_out_of_its_limits_is_refused_wherever_it_comes_from(given, limits):
    ((name, value),) = given.items()
    with pytest.raises(SpecError, match=limits):
        RunOptions(Path("a.yaml"), **given)
    done = invoked("run", "a.yaml", f"--{name.replace('_', '-')}", value)
    assert done.exit_code == 2
    assert "range" in done.stderr or str(value) == "nan"
