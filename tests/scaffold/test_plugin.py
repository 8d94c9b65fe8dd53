"""A new plugin: its names, its folder, an environment that has it installed, and one of any kind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path, PurePosixPath

import pandas as pd
import pytest

import command
import harness
from harness import ArtifactError, PluginError
from harness.commands.plugins import KIND_NAMES
from harness.conformance.checks import checks_among
from harness.estimators.protocol import ESTIMATOR
from harness.installed import KINDS, installed, registry_of
from harness.registry.catalog import Catalog
from harness.registry.choice import PluginChoice
from harness.registry.hooks import SEAM_VERSION
from harness.registry.plugin import Plugin
from harness.registry.registry import Registry
from harness.scaffold.plugin import (
    PluginNames,
    new_plugin,
    read_name,
    refuse_taken,
    templates_of,
    write_folder,
)
from harness.scaffold.replication import FILES as FILES_OF_REPLICATIONS

BUILD = "import hatchling.build; print(hatchling.build.build_wheel(%r))"


@pytest.fixture(scope="session")
def generated(tmp_path_factory):
    """The folder of a new plugin."""
    folder = tmp_path_factory.mktemp("plugins") / "harness-nearest"
    done = command.harness("new-plugin", "harness-nearest", "--out", folder)
    assert done.returncode == 0, done.stderr
    assert "harness test-plugin harness_nearest" in done.stdout
    return folder


@pytest.fixture(scope="session")
def on_the_path(generated, tmp_path_factory):
    """Return a way to run Python where the plugin's wheel is unpacked on the path, as pip would unpack it."""
    site = tmp_path_factory.mktemp("site")
    wheels = tmp_path_factory.mktemp("wheels")
    subprocess.run(
        [sys.executable, "-c", BUILD % str(wheels)], cwd=generated, check=True, capture_output=True
    )
    (wheel,) = wheels.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)

    def run(*words, cwd=generated):
        if words[0] == "harness.cli":
            return command.harness(*words[1:], cwd=cwd, PYTHONPATH=str(site))
        return command.python(
            "-m", *words, cwd=cwd, env={**os.environ, "PYTHONPATH": str(site), "OMP_NUM_THREADS": "1"}
        )

    return run


TAKEN = Registry(
    plugins=(
        Plugin("harness_nearest", "harness-nearest", "0.2", offers={"estimators": ("nearest", "kernel")}),
    ),
    catalogs={ESTIMATOR.name: Catalog(ESTIMATOR, {"nearest": object, "kernel": object})},
)


@pytest.mark.parametrize(
    ("name", "package", "estimator", "class_name"),
    [
        ("harness-nearest", "harness_nearest", "nearest", "Nearest"),
        ("My.Odd--Name_2", "my_odd_name_2", "my_odd_name_2", "MyOddName2"),
        ("harness-2sls", "harness_2sls", "harness_2sls", "Harness2sls"),
        ("gmm", "gmm", "gmm", "Gmm"),
    ],
)
def test_parts_are_called_after_the_distribution(name, package, estimator, class_name):
    names = read_name(name)
    assert names == PluginNames(name, package, estimator)
    assert names.class_name == class_name
    assert names.class_name.isidentifier()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "cannot be the name of a distribution"),
        ("../x", "cannot be the name of a distribution"),
        ("näher", "cannot be the name of a distribution"),
        ("x" * 65, "cannot be the name of a distribution"),
        ("x\n", "cannot be the name of a distribution"),
        ("2sls", "starts with a digit"),
        ("class", "a word of the language"),
        ("json", "a module of the standard library"),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_a_remedy(name, words):
    with pytest.raises(PluginError, match=words) as refused:
        read_name(name)
    assert refused.value.hint


def test_names_of_installed_plugins_estimators_and_packages_are_taken():
    with pytest.raises(PluginError) as refused:
        refuse_taken(read_name("Harness.Nearest"), TAKEN)
    assert "a plugin 'harness_nearest' is installed, by harness-nearest 0.2" in str(refused.value)
    assert "the estimator would be called 'nearest', as one of harness_nearest is" in str(refused.value)
    with pytest.raises(PluginError, match="would be called 'kernel'"):
        refuse_taken(read_name("kernel"), TAKEN)
    with pytest.raises(PluginError, match="a package 'numpy' can be imported already"):
        refuse_taken(read_name("numpy"), TAKEN)


def test_a_name_of_ones_own_is_free():
    refuse_taken(read_name("harness-far-away"), TAKEN)


FILES = {PurePosixPath("a.txt"): "a\n", PurePosixPath("b/c.txt"): "é\n"}


def test_files_are_where_they_belong(tmp_path):
    write_folder(tmp_path / "deep" / "new", FILES)
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert written == {"deep/new/a.txt", "deep/new/b/c.txt"}
    assert (tmp_path / "deep" / "new" / "b" / "c.txt").read_bytes() == b"\xc3\xa9\n"


@pytest.mark.parametrize("kind", ["folder", "file", "dangling link"])
def test_nothing_is_written_over(tmp_path, kind):
    there = tmp_path / "there"
    if kind == "folder":
        there.mkdir()
    elif kind == "file":
        there.write_text("mine", encoding="utf-8")
    else:
        there.symlink_to(tmp_path / "nowhere")
    with pytest.raises(ArtifactError, match="is there already"):
        write_folder(there, FILES)
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
    assert there.is_dir() == (kind == "folder")


def test_a_folder_that_cannot_be_completed_is_not_there(tmp_path):
    """One file's name is a folder of another."""
    clash = {PurePosixPath("a"): "a\n", PurePosixPath("a/b"): "b\n"}
    with pytest.raises(ArtifactError, match="is a file"):
        write_folder(tmp_path / "new", clash)
    assert list(tmp_path.iterdir()) == []


OTHERS = [kind for kind in KINDS if kind is not ESTIMATOR]


def test_the_command_makes_every_kind():
    assert list(KIND_NAMES) == sorted(KIND_NAMES, key=[kind.name for kind in KINDS].index)
    assert {kind.name for kind in KINDS} == set(KIND_NAMES)


@pytest.mark.parametrize("kind", OTHERS, ids=lambda kind: kind.name)
def test_a_plugin_of_a_kind_passes_its_battery(kind, tmp_path):
    folder = tmp_path / "made"
    names = new_plugin(f"harness-made-{kind.name}", out=folder, registry=installed(), kind=kind)
    registry = registry_of((), choice=PluginChoice(folder=folder))
    (own,) = [plugin for plugin in registry.plugins if plugin.name == names.package]
    assert own.offers == {kind.plural: (names.member,)}, own.broken
    checks = checks_among(registry, own)
    assert [check.verdict() for check in checks if check.verdict().status == "failed"] == []
    assert {check.verdict().status for check in checks} == {"passed"}


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
    assert there == used | {f"replication/{Path(name).name}.j2" for name in FILES_OF_REPLICATIONS}


def test_it_is_found(on_the_path):
    listed = json.loads(on_the_path("harness.cli", "plugins", "--json").stdout)
    (found,) = [one for one in listed if one["name"] == "harness_nearest"]
    assert (found["distribution"], found["offers"], found["broken"]) == (
        "harness-nearest",
        {"estimators": ["nearest"]},
        "",
    )


@pytest.mark.slow
def test_its_own_tests_pass(on_the_path):
    done = on_the_path("pytest", "-q", "-p", "no:cacheprovider", "-W", "error")
    assert done.returncode == 0, done.stdout
    assert "28 passed, 19 skipped" in done.stdout


def test_it_runs_in_a_study_beside_ols(on_the_path, tmp_path):
    out = tmp_path / "run"
    words = ("--quick", "--jobs", "1", "--out", out, "--set", "evaluation.protocols=[random_rows]")
    words += ("--set", "scenarios=[{use: curve, draws: 4, grid: 5}]", "--set", "report.formats=[]")
    done = on_the_path("harness.cli", "run", "study.yaml", *words)
    assert done.returncode == 0, done.stderr
    gain = pd.read_csv(out / "gain.csv").set_index(["estimator", "protocol", "sample"])
    assert (gain["status"] == "ok").all()
    # The truth is an S-curve, which a smoother follows and a line does not.
    assert gain.loc[("mine", "random_rows", "test"), "gain"] > 0.1
    curves = pd.read_csv(out / "curves.csv")
    assert set(curves["estimator"]) == {"ols", "mine"}


def test_its_name_is_taken_then(on_the_path, tmp_path):
    done = on_the_path("harness.cli", "new-plugin", "harness-nearest", cwd=tmp_path)
    assert done.returncode == 4
    assert "a plugin 'harness_nearest' is installed" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("config", ["its own", "the harness's"])
def test_its_style_is_clean(generated, on_the_path, config):
    chosen = () if config == "its own" else ("--config", command.ROOT / "pyproject.toml")
    checked = on_the_path("ruff", "check", "--no-cache", *chosen, ".")
    assert checked.returncode == 0, checked.stdout
    formatted = on_the_path("ruff", "format", "--no-cache", "--check", *chosen, ".")
    assert formatted.returncode == 0, formatted.stdout


@pytest.mark.slow
def test_its_types_are_strict(on_the_path, tmp_path):
    done = on_the_path("mypy", "--cache-dir", tmp_path, "harness_nearest", "tests")
    assert done.returncode == 0, done.stdout
