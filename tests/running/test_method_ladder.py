"""A ladder of methods: one option a step, and the gains of each step are those of its method."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import harness
from harness import SpecError
from harness.api import prepare_study
from harness.audit.tables import spec_table_problems
from harness.findings.run import read_run
from harness.installed import installed
from harness.report.sections.method_ladder import METHOD_LADDER_SECTION
from harness.running.folder import RunFolder
from harness.running.options import RunOptions
from report.shown_blocks import blocks_of, cells, names_of_figures, tables_in
from small_run import SPEC, copy_of, grunfeld, run_small

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
    [
        (True, (), {"co2"}),
        (False, (), {"co2", "co2_intensity", "co2_pc"}),
        (False, ("method_ladder.outcomes=co2_pc",), {"co2_pc"}),
    ],
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
