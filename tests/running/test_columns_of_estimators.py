"""Estimators with columns and rows of their own, and curves over a second exposure, against least squares."""

from dataclasses import fields, is_dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from harness.report.sections.method_ladder import METHOD_LADDER_SECTION

import harness
from harness import SpecError
from harness.api import prepare_study
from harness.audit.verification import spec_table_problems
from harness.findings.run import read_run
from harness.installed import installed
from harness.running.folder import RunFolder
from harness.running.options import RunOptions
from harness.study.spec.document import written_spec
from harness.study.spec.load import load_study
from report.shown_blocks import blocks_of, cells, names_of_figures, tables_in
from small_run import SPEC, copy_of, grunfeld, run_small

COLUMNS_SPEC = {
    "spec_version": 1,
    "study": "stepwise",
    "data": {},
    "roles": {
        "entity": "city",
        "time": "year",
        "outcomes": ["y"],
        "exposure": "index",
        "controls": ["raw", "age", "size"],
    },
    "estimators": [
        {"id": "alone", "use": "pooled_ols", "controls": []},
        {"id": "aged", "use": "pooled_ols", "controls": ["age"]},
        {"id": "whole", "use": "pooled_ols"},
        {"id": "raw", "use": "pooled_ols", "exposure": "raw", "controls": ["age", "size"]},
        {"id": "east", "use": "pooled_ols", "rows": {"region": {"include": ["east"]}}},
    ],
    "evaluation": {"reference": "whole", "protocols": ["in_sample", "random_rows"]},
    "scenarios": [
        {"use": "curve", "draws": 4, "grid": 3},
        {"id": "curve_raw", "use": "curve", "exposure": "raw", "draws": 4, "grid": 3},
    ],
    "report": {"formats": []},
}


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
    steps = prepare_study(RunOptions(CITIES)).plan.steps
    methods = [options(step.estimator) | {"protocol": step.protocol, "splits": step.splits} for step in steps]
    for (before, after), step in zip(pairwise(methods), steps[1:], strict=True):
        both = before.keys() & after.keys()
        assert [name for name in both if before[name] != after[name]] == [step.change]
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
    [(True, (), {"co2"}), (False, ("method_ladder.outcomes=co2_pc",), {"co2_pc"})],
)
def test_a_ladder_is_made_of_the_outcomes_that_are_asked(quick, override, made):
    plan = prepare_study(RunOptions(CITIES, quick=quick, overrides=override)).plan
    tasks = list(plan.tasks())
    assert len(tasks) == plan.n_tasks
    assert {task.cell.outcome for task in plan.fold_tasks() if "ladder" in task.cell.estimator} == made


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return run_small(tmp_path_factory.mktemp("ladder") / "run", spec=SMALL)


def test_every_step_has_the_gains_of_its_method(run):
    ladder, gains = (
        run.table("method_ladder"),
        run.table("gain").set_index(["estimator", "protocol", "sample"]),
    )
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
    table = folder.read_table("method_ladder")
    table.loc[(table["step"] == 3) & (table["quantity"] == "gain_unseen"), "estimate"] += 0.001
    folder.write_table("method_ladder", table)
    (problem,) = spec_table_problems(folder, folder.manifest(), catalogs)
    assert problem.where == "method_ladder.csv"
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
