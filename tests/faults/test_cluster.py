"""A cluster as its users start it, of which workers and the scheduler fail: the numbers of one machine."""

import signal

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from dask_cluster import harness, started
from plugin_files import NEAREST, write_tiny_study
from small_run import wait_for_results
from suite_runs import SUITE, write_specs

pytest.importorskip("distributed")
pytestmark = pytest.mark.slow

# A stranger's estimator that many rows are no trouble to.
MEDIAN = NEAREST.replace("self.outcome[near].mean(axis=1)", "np.full(panel.n_obs, np.median(self.outcome))")
MEDIAN = "\n".join(line for line in MEDIAN.splitlines() if "near =" not in line and "_distances" not in line)

OTHER_NUMPY = {"numpy-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: numpy\nVersion: 1.0\n"}
NO_HARNESS = {"harness/__init__.py": "raise ModuleNotFoundError('No module named harness')"}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Return a folder with a study of rows enough to be sent as files, and its run on this machine."""
    folder = tmp_path_factory.mktemp("study")
    spec = write_tiny_study(folder, other="nearest, neighbours: 1")
    rng, rows = np.random.default_rng(1), np.arange(40_000)
    x, keys = rng.normal(size=len(rows)), {"firm": rows // 5, "year": rows % 5}
    y = x + keys["firm"] % 3 + rng.normal(size=len(rows))
    pd.DataFrame({**keys, "y": y, "x": x}).to_csv(folder / "panel.csv", index=False)
    (folder / "plugins").mkdir()
    (folder / "plugins" / "median_rows.py").write_text(MEDIAN)
    text = spec.read_text().replace("[mean,", "[mean, pooled_ols, {use: fixed_effects, effects: [entity]},")
    spec.write_text(f"{text}report: {{formats: []}}\n")
    assert ended(run(folder, "one"))[0] == 0
    return folder


@pytest.fixture
def cluster(tmp_path):
    with started(tmp_path) as running:
        yield running


def run(folder, out, *words):
    spec, plugins = folder / "tiny.yaml", folder / "plugins"
    return harness(
        "--plugins-folder", plugins, "run", spec, "--quick", "--out", folder / out, *words, cwd=folder
    )


def ended(process):
    """Return the exit code of a run, and what it wrote beside its progress."""
    errors = process.communicate(timeout=300)[1]
    return process.returncode, [line for line in errors.splitlines() if line and " done in " not in line]


def require_equal(folder, out):
    code, _ = ended(harness("compare", folder / "one", folder / out, cwd=folder))
    assert code == 0
    statuses = pd.read_csv(folder / out / "accuracy.csv")["status"]
    assert (statuses == "ok").all()


def elsewhere(folder, files):
    """Return the environment of a worker that has other packages."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return {"PYTHONPATH": str(folder)}


def test_workers_of_which_one_is_killed_and_one_is_small_give_the_numbers_of_one_machine(study, cluster):
    cluster.work(2, "--memory-limit", "2GB")
    cluster.work(1, "--memory-limit", "300MB")
    process = run(study, "killed", "--scheduler", cluster.address)
    wait_for_results(process, study / "killed", 3)
    cluster.kill_one()
    assert ended(process) == (0, [])
    require_equal(study, "killed")


def test_a_scheduler_that_starts_again_costs_no_number(study, cluster):
    cluster.work(2)
    process = run(study, "restarted", "--scheduler", cluster.address)
    wait_for_results(process, study / "restarted", 3)
    cluster.restart()
    cluster.work(2)
    code, lines = ended(process)
    if code:  # it saw that the scheduler had gone before that was there again
        assert (code, lines[0]) == (7, f"error: --scheduler {cluster.address}: the scheduler has gone")
        assert ended(run(study, "restarted", "--scheduler", cluster.address, "--resume"))[0] == 0
    require_equal(study, "restarted")


@pytest.mark.parametrize(
    ("files", "what"),
    [(OTHER_NUMPY, "has numpy 1.0 (here "), (NO_HARNESS, "No module named harness")],
    ids=["numpy", "harness"],
)
def test_a_worker_with_other_packages_is_named_before_the_run_and_those_like_here_are_not(
    study, cluster, tmp_path, files, what
):
    cluster.work(1)
    cluster.work(1, **elsewhere(tmp_path / "site", files))
    code, (error, *_, hint) = ended(run(study, f"refused {what[:6]}", "--scheduler", cluster.address))
    assert code == 5
    assert error.startswith("error: tcp://")
    assert what in error
    assert "install the same versions" in hint


def test_a_worker_with_other_packages_that_comes_in_a_run_does_no_task_of_it(study, cluster, tmp_path):
    cluster.work(1)
    process = run(study, "late", "--scheduler", cluster.address)
    wait_for_results(process, study / "late")
    process.send_signal(signal.SIGSTOP)
    cluster.work(1, **elsewhere(tmp_path / "site", OTHER_NUMPY))
    process.send_signal(signal.SIGCONT)
    code, lines = ended(process)
    assert code == 5
    assert "has numpy 1.0 (here " in lines[0]


def test_ctrl_c_ends_a_run_on_a_cluster_with_one_message_and_leaves_the_cluster(study, cluster):
    cluster.work(2)
    process = run(study, "interrupted", "--scheduler", cluster.address)
    wait_for_results(process, study / "interrupted")
    process.send_signal(signal.SIGINT)
    code, (line,) = ended(process)
    assert (code, line.partition(";")[0]) == (130, "interrupted")
    assert cluster.workers[0].poll() is None
    assert ended(run(study, "interrupted", "--scheduler", cluster.address, "--resume"))[0] == 0
    require_equal(study, "interrupted")


def test_a_suite_gives_study_by_study_the_numbers_of_one_machine(cluster, tmp_path):
    write_specs(tmp_path)
    YAML().dump(SUITE, tmp_path / "suite.yaml")
    cluster.work(2)
    for out, *where in (("one", "--jobs", "1"), ("cluster", "--scheduler", cluster.address)):
        assert ended(harness("suite", "suite.yaml", "--out", out, *where, cwd=tmp_path)) == (0, [])
    studies = [folder.name for folder in (tmp_path / "one" / "studies").iterdir()]
    assert len(studies) == 8
    for name in studies:
        pair = (f"{out}/studies/{name}" for out in ("one", "cluster"))
        assert ended(harness("compare", *pair, cwd=tmp_path))[0] == 0
    compared = harness("suite", "compare", "cluster", "one", "--rtol", "0", cwd=tmp_path)
    assert ended(compared)[0] == 0
