"""A new plugin works as it is written: found, tested, linted, typed, and beside OLS in a study."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pandas as pd
import pytest

import harness
from command import ROOT
from harness.installed import KINDS
from harness.registry.hooks import SEAM_VERSION
from harness.scaffold.plugin import templates_of


def test_it_is_a_distribution_with_an_entry_point(generated):
    project = tomllib.loads((generated / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["name"] == "harness-nearest"
    assert project["entry-points"]["harness"] == {"harness_nearest": "harness_nearest"}
    assert f"panel-harness>={harness.__version__}" in project["dependencies"]
    assert "license" not in project
    assert f"harness_seam = {SEAM_VERSION}" in (generated / "harness_nearest" / "__init__.py").read_text(
        "utf-8"
    )
    assert (generated / "harness_nearest" / "py.typed").exists()


def test_every_template_is_used():
    folder = Path(harness.__file__).parent / "scaffold" / "templates"
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    used = {template for kind in KINDS for template in templates_of(kind).values()}
    assert there == used


def test_it_is_found(installed):
    listed = json.loads(installed("harness.cli", "plugins", "--json").stdout)
    (found,) = [one for one in listed if one["name"] == "harness_nearest"]
    assert (found["distribution"], found["offers"], found["broken"]) == (
        "harness-nearest",
        {"estimators": ["nearest"]},
        "",
    )


def test_its_own_tests_pass(installed):
    done = installed("pytest", "-q", "-p", "no:cacheprovider", "-W", "error")
    assert done.returncode == 0, done.stdout
    assert "28 passed, 17 skipped" in done.stdout


def test_it_runs_in_a_study_beside_ols(installed, tmp_path):
    out = tmp_path / "run"
    words = ("--quick", "--jobs", "1", "--out", out, "--set", "scenarios=[{use: curve, draws: 4, grid: 5}]")
    done = installed("harness.cli", "run", "study.yaml", *words)
    assert done.returncode == 0, done.stderr
    gain = pd.read_csv(out / "gain.csv").set_index(["estimator", "protocol", "sample"])
    assert (gain["status"] == "ok").all()
    # The truth is an S-curve, which a smoother follows and a line does not.
    assert gain.loc[("mine", "random_rows", "test"), "gain"] > 0.1
    curves = pd.read_csv(out / "curves.csv")
    assert set(curves["estimator"]) == {"ols", "mine"}


def test_its_name_is_taken_then(installed, tmp_path):
    done = installed("harness.cli", "new-plugin", "harness-nearest", cwd=tmp_path)
    assert done.returncode == 4
    assert "a plugin 'harness_nearest' is installed" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("config", ["its own", "the harness's"])
def test_its_style_is_clean(generated, installed, config):
    chosen = () if config == "its own" else ("--config", ROOT / "pyproject.toml")
    checked = installed("ruff", "check", "--no-cache", *chosen, ".")
    assert checked.returncode == 0, checked.stdout
    formatted = installed("ruff", "format", "--no-cache", "--check", *chosen, ".")
    assert formatted.returncode == 0, formatted.stdout


@pytest.mark.slow
def test_its_types_are_strict(installed, tmp_path):
    done = installed("mypy", "--cache-dir", tmp_path, "harness_nearest", "tests")
    assert done.returncode == 0, done.stdout
