"""A repository of tests made from a run: what is in it, what it installs, and what it refuses."""

import configparser
from pathlib import Path

import pytest
from ruamel.yaml import YAML

import harness
from command import ROOT
from harness.audit.pin import PinSelection
from harness.audit.sources import RunSources
from harness.errors import ArtifactError
from harness.installed import installed
from harness.registry.choice import ALL_INSTALLED
from harness.running.folder import RunFolder
from harness.scaffold import replication
from harness.scaffold.replication import write_replication
from small_run import LEAST, grunfeld

ALL = PinSelection()


def sources(folder, *, options="", rows="tables/rows.csv"):
    """Return a finished run in a folder: spec, and data at a path from it."""
    path = folder / "study" / rows
    path.parent.mkdir(parents=True, exist_ok=True)
    grunfeld().reset_index().to_csv(path, index=False)
    spec = folder / "study" / "study.yaml"
    with spec.open("w", encoding="utf-8") as file:
        YAML().dump({**LEAST, "data": {"path": rows}}, file)
    harness.run(spec, out=folder / "run", jobs=1, progress=False, allow_outside=True, overrides=options)
    return RunSources(RunFolder.open(folder / "run"), installed(ALL_INSTALLED), ALL_INSTALLED)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return sources(tmp_path_factory.mktemp("replication"), options=())


def test_spec_pins_and_data_lie_where_the_spec_looks_for_them(finished, tmp_path):
    n_pinned, elsewhere = write_replication(finished, ALL, out=tmp_path / "new")
    files = {path.relative_to(tmp_path / "new").as_posix() for path in (tmp_path / "new").rglob("*.*")}
    assert files - {".github"} == {
        *("README.md", "constraints.txt", "small.yaml", "tables/rows.csv", "tox.ini"),
        ".github/workflows/replication.yml",
    }
    assert not elsewhere
    written = YAML(typ="safe").load(tmp_path / "new" / "small.yaml")
    assert len(written["expect"]) == n_pinned
    means = {one["where"]["variable"]: one["value"] for one in written["expect"] if one["column"] == "mean"}
    assert means == pytest.approx(dict(grunfeld()[["invest", "value", "capital"]].mean()), rel=1e-6)
    workflow = YAML(typ="safe").load(tmp_path / "new" / ".github" / "workflows" / "replication.yml")
    assert {"run": "tox"} in workflow["jobs"]["numbers"]["steps"]


@pytest.mark.parametrize(
    ("origin", "setting", "line"),
    [
        ({"url": ROOT.as_uri(), "dir_info": {}}, ROOT.as_uri(), "panel-harness[files] @ {env:PANEL_HARNESS:"),
        (
            {"url": "https://x.org/h", "vcs_info": {"vcs": "git", "commit_id": "ab"}},
            "git+https://x.org/h@ab",
            r"panel-harness-panel @ {env:PANEL_HARNESS:{[replication]harness}}\#subdirectory=plugins/harness",
        ),
        ({}, harness.__version__, "panel-harness-panel=={[replication]harness}"),
    ],
)
def test_the_harness_is_installed_from_where_one_setting_says(
    finished, tmp_path, monkeypatch, origin, setting, line
):
    is_folder = "dir_info" in origin
    monkeypatch.setattr(replication, "origin_of", lambda _: origin)
    monkeypatch.setattr(replication, "source_folders", lambda _: {"panel-harness": ROOT} if is_folder else {})
    write_replication(finished, ALL, out=tmp_path / "new")
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(tmp_path / "new" / "tox.ini")
    assert tox["replication"]["harness"] == setting
    deps = tox["testenv"]["deps"].strip().splitlines()
    assert any(dep.startswith(line) for dep in deps)
    # Of the plugins the one whose estimator the spec names, and no torch.
    assert [dep for dep in deps if dep.startswith("panel-harness-")] == [deps[2]]
    constraints = (tmp_path / "new" / "constraints.txt").read_text(encoding="utf-8")
    assert "\nnumpy==" in constraints
    assert "panel-harness" not in constraints


def test_data_that_lie_elsewhere_are_named_with_their_hash(tmp_path):
    run = sources(tmp_path, options=(), rows="../rows.csv")
    _, elsewhere = write_replication(run, ALL, out=tmp_path / "new")
    ((path, digest),) = elsewhere.items()
    assert Path(path).resolve() == tmp_path / "rows.csv"
    assert digest in (tmp_path / "new" / "README.md").read_text(encoding="utf-8")
    assert not list((tmp_path / "new").rglob("*.csv"))


def test_what_the_spec_alone_does_not_repeat_is_refused(tmp_path):
    run = sources(tmp_path, options=("seed=5",))
    with pytest.raises(ArtifactError, match="was run with --set seed=5, which its spec does not have"):
        write_replication(run, ALL, out=tmp_path / "new")
    assert not (tmp_path / "new").exists()
