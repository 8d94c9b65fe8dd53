"""An archive is run again by the command of its README, and every cell of the paper's tables is compared."""

import shutil
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest

import harness
from command import ROOT
from harness.audit.sources import RunSources
from harness.errors import ArtifactError, MachineError
from harness.installed import installed
from harness.pack.archive import pack
from harness.pack.rerun import Repetition, clean_environment, rerun
from harness.registry.choice import ALL_INSTALLED
from harness.running.folder import RunFolder
from small_run import LEAST, few_rows


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packed")
    run = harness.run(
        {**LEAST, "report": {"formats": ["latex"]}}, data=few_rows(), out=folder / "run", progress=False
    )
    sources = RunSources(RunFolder.open(run.path), installed(), ALL_INSTALLED)
    pack(sources, out=folder / "run.zip", readers=["aea"])
    return folder / "run.zip"


def here(_folder):
    """Return this Python, in which everything is installed."""
    return Path(sys.executable)


def changed(archive, path, name, old, new):
    """Return a copy of an archive in which a file is changed."""
    with zipfile.ZipFile(archive) as files, zipfile.ZipFile(path, "w") as written:
        for one in files.namelist():
            content = files.read(one)
            assert one != name or old in content
            written.writestr(one, content.replace(old, new) if one == name else content)
    return path


@pytest.fixture
def copied(monkeypatch):
    """Let a run be repeated by a copy of it."""

    def call(_words, folder, _what):
        shutil.copytree(folder / "run", folder / "again")

    monkeypatch.setattr("harness.pack.rerun._call", call)


def test_another_cell_is_named(archive, tmp_path, copied):
    again = rerun(archive, tmp_path / "same", installed=here)
    tables = list((tmp_path / "same" / "run" / "tables" / "paper").glob("*.csv"))
    assert again == Repetition(sum(pd.read_csv(one, header=None).size for one in tables), (), ())
    assert again.n_cells > 10
    readme = (tmp_path / "same" / "README.md").read_text(encoding="utf-8")
    assert readme.startswith("# Data and Code for: ")

    def call(_words, folder, _what):
        shutil.copytree(folder / "run", folder / "again")
        table = folder / "again" / "tables" / "paper" / "descriptive.csv"
        text = table.read_text(encoding="utf-8")
        table.write_text(text.replace("capital,24", "capital,25"), encoding="utf-8")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.pack.rerun._call", call)
        other = rerun(archive, tmp_path / "other", installed=here)
    assert not other.is_same
    lines = (tmp_path / "other" / "run" / "tables" / "paper" / "descriptive.csv").read_text(encoding="utf-8")
    row = next(row for row, line in enumerate(lines.splitlines(), start=1) if line.startswith("capital,"))
    assert other.differing == (f"descriptive.csv, row {row}, column 2: 24 here, 25 again",)


@pytest.mark.slow
def test_every_cell_is_the_same_again(archive, tmp_path):
    again = rerun(archive, tmp_path, installed=here)
    assert again.is_same
    assert again.n_cells > 10


@pytest.mark.slow
def test_what_cannot_be_run_is_an_error_with_what_it_wrote(archive, tmp_path):
    broken = changed(archive, tmp_path / "broken.zip", "spec.yaml", b"pooled_ols", b"pooled_olz")
    with pytest.raises(MachineError, match=r"the run: ended with exit code 2:(?s:.*)pooled_olz"):
        rerun(broken, tmp_path / "again", installed=here)
    with zipfile.ZipFile(tmp_path / "outside.zip", "w") as files:
        files.writestr("../outside.txt", "")
    with pytest.raises(ArtifactError, match="holds a place outside"):
        rerun(tmp_path / "outside.zip", tmp_path / "inner", installed=here)


@pytest.mark.slow
def test_an_environment_has_what_an_archive_asks_for_and_nothing_else(tmp_path, monkeypatch):
    (tmp_path / "requirements.txt").write_text(f"{ROOT / 'tests' / 'pack' / 'absent'}\n", encoding="utf-8")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(MachineError, match="pip: ended with exit code 1"):
        clean_environment(tmp_path)
    (tmp_path / "requirements.txt").write_text("", encoding="utf-8")
    assert clean_environment(tmp_path).is_file()
