"""The estimators of a multiverse, built as strictly as from YAML."""

import inspect
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import harness
from harness import SpecError
from harness.api import prepare_study
from harness.cli import cli
from harness.installed import installed
from harness.plugin import random_stream
from harness.running.options import OPTIONS, RunOptions
from harness.running.varied import variants
from harness.study.spec.load import load_study
from harness.study.spec.study import MultiverseSpec
from harness_panel import FixedEffects

SPEC = Path(__file__).parents[2] / "specs" / "grunfeld.yaml"


def built(multiverse):
    known = installed().catalogs
    study = load_study(SPEC, catalogs=known, overrides=(f"multiverse={multiverse}",)).study
    return variants(study, known)


def test_options_and_seeds_are_crossed():
    found = built(
        "{estimator: mlp, vary: {hidden: [auto, 4], activation: [tanh]}, seeds: 2, references: [ols]}"
    )
    assert [one.universe.id for one in found] == [
        "mlp (hidden auto, activation tanh, seed 1)",
        "mlp (hidden auto, activation tanh, seed 2)",
        "mlp (hidden 4, activation tanh, seed 1)",
        "mlp (hidden 4, activation tanh, seed 2)",
    ]
    assert [one.entry.estimator.hidden for one in found] == ["auto", "auto", 4, 4]


def test_numbers_of_controls_are_crossed_with_options():
    found = built("{estimator: mlp, vary: {hidden: [4]}, controls: [0, 1], references: [ols]}")
    assert [one.universe.id for one in found] == [
        "mlp (hidden 4, controls 0, seed 1)",
        "mlp (hidden 4, controls 1, seed 1)",
    ]
    assert [one.universe.choices["controls"] for one in found] == ["0", "1"]


def test_a_variant_is_fitted_with_the_first_controls():
    asked = "multiverse={estimator: ols, controls: [0, 1], references: [ols]}"
    plan = prepare_study(RunOptions(SPEC, overrides=(asked,))).plan
    tasks = [task for task in plan.fold_tasks() if task.cell.protocol == "in_sample"]
    panels = {task.cell.estimator: task.panel for task in tasks}
    whole, none, one = (panels[name] for name in ("ols", *(each.universe.id for each in plan.variants)))
    assert (none.columns, one.columns) == (("value",), ("value", "capital"))
    np.testing.assert_array_equal(none.X, whole.X[:, :1])
    np.testing.assert_array_equal(one.X, whole.X)


def test_entity_means_are_regressors_of_the_estimators_that_ask_and_of_training_rows():
    """Their slopes are those of entity dummies (Mundlak 1978); a variant has those of its controls."""
    asked = (
        "estimators[0].entity_means=true",
        "multiverse={estimator: ols, controls: [0], references: [fe]}",
        "evaluation.reference=fe",
    )
    plan = prepare_study(RunOptions(SPEC, overrides=asked)).plan
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
    one, (variant,) = tasks[0], plan.variants
    assert one.cell.estimator == "ols"
    train = one.panel.take(one.fold.train)
    for code in np.unique(train.entity.codes):
        rows, own = one.panel.entity.codes == code, train.entity.codes == code
        np.testing.assert_allclose(one.panel.column(names[0])[rows], train.column("value")[own].mean())
    varied = next(task for task in tasks if task.cell.estimator == variant.universe.id)
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


def test_without_a_multiverse_there_are_no_variants():
    known = installed().catalogs
    assert variants(load_study(SPEC, catalogs=known).study, known) == ()


@pytest.mark.parametrize(("words", "jobs"), [([], 1), (["--jobs", "3"], 3)], ids=["not told", "told"])
def test_a_command_takes_the_cores_it_may_use_unless_it_is_told(monkeypatch, words, jobs):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    seen = []
    monkeypatch.setattr("harness.calibration.run.calibrate", lambda options, *_, **__: seen.append(options))
    done = CliRunner().invoke(cli, ["calibrate", "a.yaml", *words], catch_exceptions=False)
    assert done.exit_code == 0
    assert seen[0] == RunOptions(Path("a.yaml"), jobs=jobs, backend="loky")


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
        ({"jobs": 2000}, "at most 1024"),
        ({"time_limit": 0.0}, "more than 0"),
        ({"memory_limit": 0.1}, "at least 0.5"),
        ({"jobs": float("nan")}, "a whole number, at least 1"),
        ({"time_limit": float("nan")}, "a finite number, more than 0"),
        ({"time_limit": -1.0}, "more than 0"),
        ({"memory_limit": float("inf")}, "a finite number, at least 0.5"),
    ],
    ids=str,
)
def test_a_number_out_of_its_limits_is_refused_wherever_it_comes_from(given, limits):
    ((name, value),) = given.items()
    with pytest.raises(SpecError, match=limits):
        RunOptions(Path("a.yaml"), **given)
    words = ["run", "a.yaml", f"--{name.replace('_', '-')}", str(value)]
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 2
    assert "range" in done.stderr or "nan" in words
