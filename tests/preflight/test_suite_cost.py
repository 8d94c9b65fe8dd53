"""What a suite will take: a row a study, totals, and what exceeds an hour or the machine."""

import csv

import pytest
from ruamel.yaml import YAML

from command import printed
from harness.installed import installed
from harness.preflight.cost import ConclusionCost, RunCost, TaskCost
from harness.preflight.suite_cost import HEADS, StudyCost, plan_suite
from harness.running.options import RunOptions
from harness.suite.spec import load_suite
from harness.terminal import speak
from suite_runs import SUITE, run_suite_file, write_specs


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """The file of the small suite, with an estimator that draws and a study whose package is not there."""
    folder = tmp_path_factory.mktemp("suite")
    write_specs(folder)
    path = folder / "suite.yaml"
    entries = [*SUITE["estimators"], {"id": "drawn", "use": "rab", "base": {"use": "mlp"}, "fold_draws": 3}]
    YAML().dump(SUITE | {"estimators": entries}, path)
    return path


def test_fits_and_draws_are_those_of_the_run(file, tmp_path):
    lines, only = [], ("curved-1", "short")
    options = RunOptions(spec=file, jobs=1, quick=True)
    costs = plan_suite(load_suite(file), options, installed(), only=only, on_line=lines.append)
    folder = run_suite_file(file, tmp_path / "out", only=only, quick=True)
    rows = csv.DictReader((folder.path / "suite_budgets.csv").read_text(encoding="utf-8").splitlines())
    fits = {row["estimator"]: int(row["n_fits"]) for row in rows}
    assert sum(one.n_fits for one in costs) == sum(fits.values())
    assert sum(one.n_draws for one in costs) == 3 * fits["drawn"]
    assert [line.split()[0] for line in lines] == ["study", *only, "all"]
    assert lines[-1].split()[1:3] == [f"{sum(fits.values()):,}", f"{3 * fits['drawn']:,}"]
    assert all(len(line) == len(lines[0]) for line in lines)


def cost(*, seconds, peak):
    kinds = (TaskCost("few", 4, 1.0, draws=10), TaskCost("many", 6, seconds))
    return RunCost(0.0, kinds, ConclusionCost(2.0, 0.0), peak, (100, 100))


@pytest.mark.parametrize(
    ("seconds", "peak", "jobs", "named"),
    [
        (599.0, 1e9, 1, []),
        (600.0, 1e9, 1, ["long: 60 min are more than an hour"]),
        (600.0, 1e9, 2, []),
        (1.0, 5e9, 2, ["long: 2 x 5.0 GB are more than the 8.0 GB of this machine; take fewer --jobs"]),
        (600.0, 9e9, 1, ["long: 60 min are more", "long: 1 x 9.0 GB are more"]),
        (1.0, float("nan"), 1, []),
    ],
)
def test_what_takes_more_than_an_hour_or_the_memory_is_named(seconds, peak, jobs, named):
    one = StudyCost("long", cost(seconds=seconds, peak=peak), jobs)
    assert (one.n_fits, one.n_draws) == (10, 40)
    assert one.seconds == 2.0 + (4.0 + 6.0 * seconds) / jobs
    for line, start in zip(one.excesses(8e9), named, strict=True):
        assert line.startswith(start)


def test_a_large_study_is_named_below_the_table_and_so_is_one_left_out(file, monkeypatch):
    large = cost(seconds=4000.0, peak=1e12)
    monkeypatch.setattr("harness.preflight.suite_cost.study_cost", lambda _: large)
    monkeypatch.setattr("harness.preflight.suite_cost.machine_bytes", lambda: 8e9)
    lines = printed("suite", "plan", file, "--only", "short", "--jobs", 1).splitlines()
    assert [line.split()[0] for line in lines] == ["study", "short", "all", "short:", "short:"]
    assert lines[1].split()[1:] == ["10", "40", "7", "h", "1,000.0"]


def test_heads_in_chinese_stand_over_their_columns(file, monkeypatch):
    lines = []
    monkeypatch.setattr("harness.preflight.suite_cost.study_cost", lambda _: cost(seconds=1.0, peak=1e9))
    speak("zh")
    try:
        options = RunOptions(spec=file, jobs=1)
        plan_suite(load_suite(file), options, installed(), only=("short",), on_line=lines.append)
    finally:
        speak("en")
    wide = [sum(2 if letter > "\u2fff" else 1 for letter in line) for line in lines]
    assert {*wide} == {sum(HEADS.values()) + len(HEADS) - 1}
    assert not any(word in lines[0] for word in ("study", "fits", "time"))
