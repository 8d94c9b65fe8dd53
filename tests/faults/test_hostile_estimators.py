"""Estimators that break in every place they can: each a row with its reason, other numbers unchanged."""

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from harness import api
from harness.api import run_study
from harness.cli import cli
from harness.estimators import guard
from harness.estimators.guard import LONGEST_REASON
from harness.registry.choice import PluginChoice
from harness.running.options import RunOptions
from harness.study.spec.document import written_spec
from small_run import SPEC, grunfeld

PLUGINS = PluginChoice(folder=Path(__file__).parent / "plugins")

IN_FIT = {
    "base exception": "Worst: worst",
    "endless": "ValueError: word word",
    "control": "ValueError: a b [2Jc d?e",
    "recursion": "RecursionError",
    "not finite": "non-finite predictions",
    "huge": "returned predictions as large as 1e+200",
    "write to the panel": "read-only",
}
LATER = {
    ("base exception", "coefficients"): "coefficients: plugin hostile, broken: Worst",
    ("base exception", "draws"): "draws: plugin hostile, broken: Worst",
    ("endless", "notes"): "notes: plugin hostile, broken: ValueError: word word",
    ("no table", "never"): "coefficients: AttributeError",
    ("mixed", "never"): "its result cannot be kept",
    ("undeclared", "never"): "result rows: Fit: returned a DataFrame as 'no_such_table'",
    ("no note", "never"): "notes: Fit: returned notes with a str",
}


TO_ITS_WORKER = {
    "abort": "alongside it; SIGABRT ended it, by a crash of what it ran",
    "interrupt": "KeyboardInterrupt",
    "much memory": "Unable to allocate 2.00 GiB",
    "carriers": "ZipFile.writestr for its own",
    "patch": "exchanged numpy.mean for its own",
}
NOTED = {"fork": "W-FORK", "noise": "W-OUTPUT"}


def run_with(hostile, out, memory_limit=None):
    """Run pooled OLS beside hostile estimators, and return the folder's manifest and tables."""
    spec = {
        **SPEC,
        "estimators": [{"id": "ols", "use": "pooled_ols"}, *hostile],
        "evaluation": {"reference": "ols", "protocols": ["in_sample"]},
        "scenarios": [{"use": "curve", "draws": 2, "grid": 3}],
        "report": {"formats": []},
        "claims": [],
    }
    del spec["multiverse"]
    options = RunOptions(
        spec=written_spec(spec),
        data=api._data(grunfeld()),
        out=out,
        quick=True,
        memory_limit=memory_limit,
        plugins=PLUGINS,
    )
    folder = run_study(options)
    tables = {
        name: folder.read_table(name) for name in ("gain", "accuracy", "coefficients", "curves", "warnings")
    }
    return folder.manifest(), tables


def of_ols(tables):
    """Return the rows of pooled OLS, in which no neighbour should show."""
    return {
        name: frame[frame["estimator"] == "ols"].reset_index(drop=True)
        for name, frame in tables.items()
        if "estimator" in frame
    }


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """Return the tables of pooled OLS beside no hostile estimator."""
    return of_ols(run_with([], tmp_path_factory.mktemp("alone") / "run")[1])


@pytest.fixture(scope="module")
def beside(tmp_path_factory):
    """Return the manifest and tables of a study with an estimator for each fault."""
    hostile = [{"id": fault.replace(" ", "_"), "use": "hostile", "fault": fault} for fault in IN_FIT]
    hostile += [
        {"id": f"{fault}_{at}".replace(" ", "_"), "use": "hostile", "fault": fault, "at": at}
        for fault, at in LATER
    ]
    return run_with(hostile, tmp_path_factory.mktemp("beside") / "run")


def test_what_a_plugin_changes_for_good_moves_no_other_numbers(tmp_path, alone):
    """Also with one job of a script, whose own process does the other fits."""
    before = guard.MOST
    manifest, tables = run_with([{"id": "own", "use": "hostile", "fault": "constant"}], tmp_path / "run")
    assert before == guard.MOST
    assert "as large as" in cell_of(manifest, "invest · own · in_sample").reason
    found = of_ols(tables)
    for name in ("accuracy", "curves", "coefficients"):
        pd.testing.assert_frame_equal(found[name], alone[name], check_dtype=False)


ENDS = """
import os
from dataclasses import dataclass
from typing import ClassVar
from harness.plugin import CanFitFolds, HasCoefficients, hookimpl

harness_seam = 1


@dataclass(frozen=True)
class Ends:
    name: ClassVar[str] = "ends"
    provides: ClassVar[frozenset[type]] = frozenset({HasCoefficients, CanFitFolds})

    def for_folds(self):
        return self

    def fit(self, panel, *, rng, selection=None):
        os._exit(9)


@hookimpl
def harness_estimators():
    return [Ends]
"""


def test_a_fit_before_the_run_that_ends_its_process_does_not_end_the_command(tmp_path):
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "ends_its_process.py").write_text(ENDS)
    spec = {part: SPEC[part] for part in ("spec_version", "study", "data", "roles")}
    spec |= {
        "estimators": ["pooled_ols", "ends"],
        "evaluation": {"protocols": ["in_sample"]},
        "scenarios": [],
    }
    (tmp_path / "study.yaml").write_text(json.dumps(spec))
    grunfeld().to_parquet(tmp_path / "g.parquet")
    for command in ("plan", "validate"):
        words = ["--plugins-folder", f"{tmp_path}/plugins", command, f"{tmp_path}/study.yaml"]
        done = CliRunner().invoke(cli, [*words, "--data", f"{tmp_path}/g.parquet"])
        assert "their process ended" in str(done.exception)
        assert "test-plugin" in done.exception.hint


def cell_of(manifest, start):
    """Return the record of the one cell whose name begins so."""
    (found,) = (cell for cell in manifest.cells if cell.cell.startswith(start))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("fault", IN_FIT)
def test_a_fit_that_breaks_is_a_failed_row_with_its_reason(beside, fault):
    manifest, tables = beside
    own = fault.replace(" ", "_")
    cell = cell_of(manifest, f"invest · {own} · in_sample")
    assert cell.status == "failed"
    assert IN_FIT[fault] in cell.reason
    assert len(cell.reason) <= LONGEST_REASON + 50
    assert all(mark.isprintable() for mark in cell.reason)
    gain = tables["gain"].set_index("estimator").loc[[own]]
    assert (gain["status"] == "failed").all()
    assert gain["reason"].str.contains(IN_FIT[fault][:20], regex=False).all()


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "at"), LATER)
def test_what_breaks_after_the_fit_is_a_failed_row_with_its_reason(beside, fault, at):
    manifest, _ = beside
    own = f"{fault}_{at}".replace(" ", "_")
    cell = cell_of(manifest, f"invest · {own} · all rows")
    assert cell.status == "failed"
    assert LATER[fault, at] in cell.reason


@pytest.mark.slow
def test_neighbours_of_hostile_estimators_have_the_same_numbers(alone, beside):
    found = of_ols(beside[1])
    assert found.keys() == alone.keys()
    for name, frame in alone.items():
        pd.testing.assert_frame_equal(found[name], frame, check_dtype=False)


@pytest.mark.slow
def test_what_an_estimator_does_to_its_worker_is_a_failed_row_or_a_warning_of_a_finished_study(
    tmp_path, alone, capfd
):
    hostile = [
        {"id": fault.replace(" ", "_"), "use": "hostile", "fault": fault}
        for fault in (*TO_ITS_WORKER, *NOTED)
    ]
    manifest, tables = run_with(hostile, tmp_path / "run", memory_limit=1.5)
    for fault, reason in TO_ITS_WORKER.items():
        for place in ("in_sample", "all rows"):
            cell = cell_of(manifest, f"invest · {fault.replace(' ', '_')} · {place}")
            assert (cell.status, reason in cell.reason) == ("failed", True), cell
    warnings = tables["warnings"].set_index("where")
    for fault, code in NOTED.items():
        assert cell_of(manifest, f"invest · {fault} · in_sample").status == "ok"
        assert code in warnings.loc[[f"invest · {fault}"], "code"].tolist()
    said = capfd.readouterr()
    assert "noise" not in said.out
    assert "noise" in said.err
    found = of_ols(tables)
    for name in ("accuracy", "curves", "coefficients"):
        pd.testing.assert_frame_equal(found[name], alone[name], check_dtype=False)
