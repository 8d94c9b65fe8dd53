"""A replication archive runs again in a new folder, by its README, and compares equal."""

import hashlib
import json
import re
import shlex
import tomllib
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

import harness
from harness.cli import cli
from harness.pack import archive as archive_module
from small_run import grunfeld

SPEC = """\
spec_version: 1
study: packed
title: Investment of corporations
seed: 3
data: {path: tables/grunfeld.csv}
roles: {entity: firm, time: year, outcomes: [invest], exposure: value, controls: [capital]}
estimators:
  - {id: ols, use: pooled_ols}
  - {id: fe, use: fixed_effects, effects: [entity]}
evaluation: {reference: ols, protocols: [random_rows]}
scenarios: []
report: {formats: [html]}
"""


def command(*words):
    return CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """Return the run and its archive; the spec's data lie beside it."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "tables").mkdir()
    grunfeld().reset_index().to_csv(folder / "tables" / "grunfeld.csv", index=False)
    (folder / "study.yaml").write_text(SPEC, encoding="utf-8")
    run = folder / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert command("run", "study.yaml", "--out", "run", "--quick", "--jobs", 1).exit_code == 0
    with pytest.MonkeyPatch.context() as patch:
        from_a_folder(patch)
        assert command("pack", run).exit_code == 0
    return run, folder / "run.zip"


FROM_A_FOLDER = {"url": Path(__file__).parents[2].as_uri(), "dir_info": {}}


def installed_from(origin):
    """Return what `distribution` is where installers noted this origin; none is an index."""

    class Installed:
        def read_text(self, _name):
            return origin and json.dumps(origin)

    return lambda _name: Installed()


def from_a_folder(patch):
    """Let the harness have been installed from the folder of its source, as this test may not have been."""
    patch.setattr(archive_module, "distribution", installed_from(FROM_A_FOLDER))


def lines_of(archive):
    """Return the commands that the README of an archive gives, each as words."""
    with zipfile.ZipFile(archive) as packed:
        text = packed.read("README.md").decode("utf-8")
    block = re.search(r"```sh\n(.*?)```", text, re.DOTALL)[1]
    return [shlex.split(line) for line in block.splitlines() if line.startswith("harness ")]


def test_it_runs_again_by_its_readme_and_compares_equal(packed, tmp_path, monkeypatch):
    _, archive = packed
    with zipfile.ZipFile(archive) as files:
        files.extractall(tmp_path)
    monkeypatch.chdir(tmp_path)
    again, compare = lines_of(archive)
    assert again == ["harness", "run", "spec.yaml", "--out", "again", "--quick"]
    assert compare == ["harness", "compare", "run", "again"]
    assert command("verify", "run").exit_code == 0
    assert command(*again[1:], "--jobs", 1).exit_code == 0
    said = command(*compare[1:])
    assert said.exit_code == 0, said.output


def test_it_asks_for_what_pip_can_have(packed, tmp_path):
    with zipfile.ZipFile(packed[1]) as archive:
        archive.extractall(tmp_path)
    own, *libraries = (tmp_path / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert any(line.startswith("numpy==") for line in libraries)
    assert not [line for line in libraries if "+" in line or line.startswith("panel-harness")]
    assert own == "./code"
    project = tomllib.loads((tmp_path / "code" / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["name"] == "panel-harness"
    package = Path(harness.__file__).parent
    for path in package.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            carried = tmp_path / "code" / "harness" / path.relative_to(package)
            assert carried.read_bytes() == path.read_bytes()
    assert (tmp_path / "code" / "plugins" / "harness_panel" / "__init__.py").is_file()


@pytest.mark.parametrize(
    ("origin", "asked"),
    [
        (None, "panel-harness==0.1.0"),
        (
            {"url": "https://host/harness", "vcs_info": {"vcs": "git", "commit_id": "ab12"}},
            "panel-harness @ git+https://host/harness@ab12",
        ),
        ({"url": "file:///no/folder/any/more", "dir_info": {}}, "panel-harness==0.1.0"),
    ],
)
def test_a_harness_from_an_index_or_a_repository_is_asked_for_there(monkeypatch, origin, asked):
    monkeypatch.setattr(archive_module, "distribution", installed_from(origin))
    assert archive_module.own_requirement("0.1.0") == asked
    assert archive_module.own_code() == {}


def test_its_metadata_name_every_file_with_its_hash(packed):
    with zipfile.ZipFile(packed[1]) as archive:
        graph = {one["@id"]: one for one in json.loads(archive.read("ro-crate-metadata.json"))["@graph"]}
        names = set(archive.namelist()) - {"ro-crate-metadata.json"}
        assert {one["@id"] for one in graph["./"]["hasPart"]} == names
        for name in names:
            assert graph[name]["sha256"] == hashlib.sha256(archive.read(name)).hexdigest()
    assert graph["ro-crate-metadata.json"]["about"] == {"@id": "./"}
    assert [one["@id"] for one in graph["#run"]["object"]] == ["spec.yaml", "tables/grunfeld.csv"]
    assert {"@id": "run/gain.csv"} in graph["#run"]["result"]


def test_data_may_be_left_out_and_are_then_named(packed, tmp_path):
    run, _ = packed
    out = tmp_path / "without.zip"
    assert command("pack", run, "--out", out, "--without-data").exit_code == 0
    with zipfile.ZipFile(out) as archive:
        assert "tables/grunfeld.csv" not in archive.namelist()
        text = archive.read("README.md").decode("utf-8")
    digest = hashlib.sha256((run.parent / "tables" / "grunfeld.csv").read_bytes()).hexdigest()
    assert f"- `tables/grunfeld.csv`, SHA-256 `{digest}`" in text


def test_data_are_found_from_any_folder(packed, tmp_path, monkeypatch):
    run, _ = packed
    monkeypatch.chdir(run.parent / "tables")
    for at, words in enumerate(([], ["--data", "grunfeld.csv"])):
        assert command("export", "../run", "--to", "r", "--out", tmp_path / str(at), *words).exit_code == 0
    assert {path.name: path.read_bytes() for path in (tmp_path / "0").iterdir()} == {
        path.name: path.read_bytes() for path in (tmp_path / "1").iterdir()
    }


def test_other_data_than_those_of_the_run_are_refused(packed, tmp_path):
    run, _ = packed
    other = tmp_path / "other.csv"
    rows = grunfeld().reset_index().iloc[:150]
    rows.assign(invest=rows["invest"] + 1.0).to_csv(other, index=False)
    said = CliRunner().invoke(cli, ["pack", str(run), "--data", str(other), "--out", str(tmp_path / "x.zip")])
    assert said.exit_code
    assert "are not those of the run" in str(said.exception)
