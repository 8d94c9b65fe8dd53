"""Run folders that earlier versions wrote: of each format one is kept, read as it is or refused in words.

``python tests/running/store_format.py`` adds one of the present format.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness import open_run
from harness.audit.integrity import require_whole
from harness.record.manifest import FORMAT
from harness.running.files import MANIFEST
from harness.running.folder import RunFolder
from plugin_files import write_tiny_study
from small_run import exit_code

STORED = Path(__file__).parent / "formats"
KEPT = sorted(int(path.name) for path in STORED.iterdir())
EARLIER = [version for version in KEPT if version < FORMAT]


def test_there_is_a_folder_of_every_earlier_format():
    assert list(range(1, FORMAT)) == EARLIER


@pytest.mark.parametrize("version", [version for version in KEPT if version == FORMAT])
def test_that_of_this_format_is_whole_and_is_read(version):
    folder = RunFolder.open(STORED / str(version))
    require_whole(folder)
    assert folder.manifest().study.id == "tiny"
    assert set(open_run(folder.path).accuracy["estimator"]) == {"mean", "other"}


@pytest.mark.parametrize("version", EARLIER)
@pytest.mark.parametrize(
    "words",
    [
        ("report", "RUN"),
        ("verify", "RUN"),
        ("pin", "RUN"),
        ("pack", "RUN", "--out", "OUT"),
        ("compare", "RUN", "RUN"),
        ("export", "RUN", "--to", "r", "--out", "OUT"),
    ],
    ids=lambda words: words[0],
)
def test_that_of_an_earlier_one_is_refused_with_both_formats(version, words, tmp_path, monkeypatch, capsys):
    folder = shutil.copytree(STORED / str(version), tmp_path / "run")
    places = {"RUN": str(folder), "OUT": str(tmp_path / "out")}
    assert exit_code(monkeypatch, *(places.get(word, word) for word in words)) == 5
    said = "".join(capsys.readouterr())
    assert f"the run folder is of format {version}" in said
    assert f"format {FORMAT}, which this version writes and reads" in said
    assert "run the study again" in said


@pytest.mark.parametrize("version", [EARLIER[0], EARLIER[-1]])
def test_the_study_can_be_run_again_in_its_place(version, tmp_path, monkeypatch):
    folder = shutil.copytree(STORED / str(version), tmp_path / "run")
    (folder / "notes.txt").write_text("kept")
    spec = write_tiny_study(tmp_path, other="pooled_ols")
    options = ("--set", "report.formats=[]", "--set", "evaluation.protocols=[in_sample]", "--jobs", "1")
    assert exit_code(monkeypatch, "run", str(spec), "--out", str(folder), *options) == 0
    assert RunFolder.open(folder).manifest().manifest_version == FORMAT
    assert (folder / "notes.txt").read_text() == "kept"
    assert (folder / MANIFEST).read_bytes() != (STORED / str(version) / MANIFEST).read_bytes()
