"""A whole study through the command, as a user runs it."""

import ast
import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

import command
from command import ROOT
from harness.running.files import sha256_of
from harness.running.folder import RunFolder
from small_run import kept_results, wait_for_results
from source_files import files, tree_of

GRUNFELD = "specs/grunfeld.yaml"
ESTIMATORS = """[
  {id: ols, use: pooled_ols, label: Pooled OLS},
  {id: fe, use: fixed_effects, label: Fixed effects (firm), effects: [entity], covariance: {use: classical}},
  {id: boosting, use: boosting, label: Boosted trees, max_rounds: 10},
  {id: mlp, use: mlp, label: Neural network, max_steps: 20, restarts: 1},
  {id: rab, use: rab, base: {use: mlp, max_steps: 20, restarts: 1}, draws: 4},
]"""
SMALL = (
    *("--set", f"estimators={ESTIMATORS}", "--set", "scenarios=[{use: curve, draws: 4, grid: 4}]"),
    *("--set", "evaluation.protocols=[in_sample, held_out_entities, forward]"),
)


def run(out, *words, start=command.harness):
    done = start("run", GRUNFELD, "--quick", "--out", out, *SMALL, *words)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "one"
    run(out, "--jobs", "1")
    return out


def read(folder, name):
    return pd.read_csv(folder / f"{name}.csv")


def test_every_estimator_but_the_reference_has_a_gain_under_every_protocol(finished):
    gain = read(finished, "gain")
    test = gain[gain["sample"] == "test"]
    pairs = set(zip(test["estimator"], test["protocol"], strict=True))
    assert pairs == {
        (estimator, protocol)
        for estimator in ("fe", "boosting", "mlp", "rab")
        for protocol in ("in_sample", "held_out_entities", "forward")
    }
    assert (test["status"] == "ok").all()
    # Of ten firms, one far larger than the others, the reference's loss is not known from zero: no gain has a
    # bounded interval, and the p-values stand alone.
    assert test["conf_low"].isna().all()
    assert test.loc[test["protocol"] == "held_out_entities", "p_value"].between(0.0, 1.0).all()


def test_accuracy_and_gain_recompute_from_the_stored_predictions(finished):
    predictions = pd.read_parquet(finished / "predictions.parquet")
    rows = predictions[(predictions["protocol"] == "forward") & (predictions["sample"] == "test")]
    squared = (rows["observed"] - rows["predicted"]) ** 2
    mse = squared.groupby(rows["estimator"]).mean()
    accuracy = read(finished, "accuracy").set_index(["estimator", "protocol", "sample"])
    gain = read(finished, "gain").set_index(["estimator", "protocol", "sample"])
    for estimator in ("fe", "mlp"):
        assert accuracy.loc[(estimator, "forward", "test"), "mse"] == pytest.approx(mse[estimator], rel=1e-12)
        expected = 1 - mse[estimator] / mse["ols"]
        assert gain.loc[(estimator, "forward", "test"), "gain"] == pytest.approx(expected, rel=1e-12)


def test_the_manifest_hashes_every_file_and_names_every_cell(finished):
    manifest = json.loads((finished / "manifest.json").read_text(encoding="utf-8"))
    for name, digest in manifest["files"].items():
        assert sha256_of(finished / name) == digest
    assert {"report.html", "gain.csv", "gain_report.json", "predictions.parquet"} <= set(manifest["files"])
    assert {cell["status"] for cell in manifest["cells"]} == {"ok"}
    assert not (finished / "checkpoints").exists()
    assert str(Path.home()) not in json.dumps(manifest)


@pytest.mark.slow
def test_workers_and_hash_seed_change_no_number_and_no_order_of_messages(finished, tmp_path):
    out, environment = tmp_path / "other", {**os.environ, "PYTHONHASHSEED": "1"}
    anew = partial(command.python, "-m", "harness.cli", env=environment)
    run(out, "--jobs", "2", "--set", "report.formats=[]", start=anew)
    names = [name for name in RunFolder(out).files() if name.endswith(".csv")]
    assert {"accuracy.csv", "findings.csv", "warnings.csv"} <= {*names}
    for name in names:
        assert (out / name).read_bytes() == (finished / name).read_bytes(), name
    one, other = (pd.read_parquet(folder / "predictions.parquet") for folder in (finished, out))
    pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_an_absorbed_exposure_is_a_refused_cell_and_the_others_go_on(tmp_path):
    done = command.harness(
        *("run", "specs/wage_panel.yaml", "--quick", "--jobs", "1", "--out", tmp_path / "run"),
        *("--set", "estimators=[{id: ols, use: pooled_ols}, {id: fe, use: fixed_effects}, "
          "{id: twfe, use: fixed_effects, effects: [entity, time]}]"),
        *("--set", "scenarios=[{use: curve, draws: 4, grid: 4}]"),
        *("--set", "evaluation.protocols=[in_sample]", "--set", "report.formats=[]"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    gain = read(tmp_path / "run", "gain").set_index(["estimator", "sample"])
    assert gain.loc[("twfe", "test"), "status"] == "refused"
    assert "exper" in gain.loc[("twfe", "test"), "reason"]
    assert np.isnan(gain.loc[("twfe", "test"), "gain"])
    assert gain.loc[("fe", "test"), "status"] == "ok"
    curves = read(tmp_path / "run", "curves").set_index("estimator")
    assert "exper" in curves.loc["twfe", "reason"]
    warnings = read(tmp_path / "run", "warnings")
    absorbed = warnings[warnings["code"] == "W-ABSORBED"]
    assert absorbed["where"].str.contains("fe").all()
    assert absorbed["message"].str.contains("educ").any()


def test_a_run_that_was_cut_off_goes_on_to_the_same_numbers(finished, tmp_path):
    out = tmp_path / "cut"
    words = [
        "run",
        GRUNFELD,
        "--quick",
        "--out",
        str(out),
        "--jobs",
        "1",
        "--set",
        "report.formats=[]",
        *SMALL,
    ]
    own = [sys.executable, "-m", "harness.cli", *words]
    with subprocess.Popen(own, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        wait_for_results(process, out, 3)
        process.kill()
    assert len(kept_results(out)) >= 3
    assert not (out / "manifest.json").exists()
    done = command.harness(*words, "--resume")
    assert done.returncode == 0, done.stderr
    for name in ("accuracy", "gain", "curves"):
        assert (out / f"{name}.csv").read_bytes() == (finished / f"{name}.csv").read_bytes(), name


def worker_of(process):
    """Return a worker process of a run, once there is one."""
    starters = ("harness.running import processes", "multiprocessing.spawn")
    while process.poll() is None:
        for child in psutil.Process(process.pid).children(recursive=True):
            if any(name in " ".join(child.cmdline()) for name in starters):
                return child
    pytest.fail("the run ended before it had a worker")


@pytest.mark.parametrize(("backend", "jobs"), [("local", "2"), ("dask", "4")])
@pytest.mark.slow
def test_a_worker_that_is_killed_in_mid_run_changes_nothing_but_the_time(finished, tmp_path, backend, jobs):
    out = tmp_path / "run"
    words = ("run", GRUNFELD, "--quick", "--out", str(out), "--jobs", jobs, "--backend", backend)
    own = [sys.executable, "-m", "harness.cli", *words, *SMALL]
    with subprocess.Popen(own, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        wait_for_results(process, out, 3)
        worker_of(process).kill()
    assert process.returncode == 0
    for name in ("accuracy", "gain", "coefficients", "curves", "summary", "warnings"):
        assert (out / f"{name}.csv").read_bytes() == (finished / f"{name}.csv").read_bytes(), name


def test_the_report_is_written_again_byte_for_byte(finished):
    before = (finished / "report.html").read_bytes()
    done = command.harness("report", finished)
    assert done.returncode == 0, done.stderr
    assert (finished / "report.html").read_bytes() == before


CALLS = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "query",
    "from_formula",
    "model_matrix",
    "read_pickle",
    "system",
}
MODULES = {"pickle", "cloudpickle", "dill", "subprocess", "shelve", "marshal", "patsy", "formulaic", "socket"}
MODULES |= {"urllib", "requests", "http"}

# Files that may use one of them, each for one purpose.
FREE = {
    "harness/registry/registry.py": "subprocess",  # this interpreter, to try an import
    "harness/data/read/columnar.py": "subprocess",  # this interpreter, to read a file that may end it
    "harness/audit/integrity.py": "subprocess",  # ssh-keygen
    "harness/pack/rerun.py": "subprocess",  # pip, and the command in a new environment
    "harness/conformance/draws.py": "pickle",  # of objects that it has just made
    "harness/running/processes.py": "subprocess",  # this interpreter, to do tasks
    "harness/running/cluster.py": "socket",  # asks a user's scheduler what answers there
    "harness/running/dependence.py": "pickle",  # writes into a hash, and reads nothing
    "harness/scenarios/task.py": "pickle",  # what a worker of this run sent, never a stored file
    "plugins/harness_app/queue.py": "subprocess",  # the command
    "plugins/harness_app/__init__.py": "socket",  # where the page listens
    "harness/pack/archive.py": "urllib",  # the path in an address of a folder, which reaches nothing
}


def name_of(call):
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def is_barred(call):
    """Whether a call runs text, unpickles or starts a shell; `compile` of a module of ours does not."""
    on_a_module_of_ours = isinstance(call.func, ast.Attribute) and name_of(call) == "compile"
    return (name_of(call) in CALLS and not on_a_module_of_ours) or any(
        keyword.arg in {"shell", "allow_pickle"} and getattr(keyword.value, "value", False)
        for keyword in call.keywords
    )


def modules_of(node):
    """Return the first names of the modules that a statement imports; none where it imports none."""
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
    if isinstance(node, ast.ImportFrom):
        names = [node.module]
    return {name.split(".")[0] for name in names}


def barred_in(tree, *, free=None):
    """Yield what in a file runs text, unpickles or reaches out, but for one module that it may use."""
    for node in ast.walk(tree):
        if (isinstance(node, ast.Call) and is_barred(node)) or modules_of(node) & (MODULES - {free}):
            yield f"{node.lineno}: {ast.unparse(node)}"


def test_no_call_runs_text_and_no_module_unpickles_or_reaches_out():
    names = {path.relative_to(ROOT).as_posix(): path for path in (*files("harness"), *files("plugins"))}
    found = {name: list(barred_in(tree_of(path), free=FREE.get(name))) for name, path in names.items()}
    assert {name: lines for name, lines in found.items() if lines} == {}
