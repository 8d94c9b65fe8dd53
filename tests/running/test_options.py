"""The options of a run: one type for the command, its API and its record."""

from __future__ import annotations

import inspect
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

import harness
from harness.cli import cli
from harness.errors import SpecError
from harness.running.options import OPTIONS, RunOptions


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
