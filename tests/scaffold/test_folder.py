"""A folder is written whole or not at all, and over nothing."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from harness import ArtifactError
from harness.scaffold.folder import write_folder

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
    with pytest.raises(ArtifactError, match="cannot be written"):
        write_folder(tmp_path / "new", clash)
    assert list(tmp_path.iterdir()) == []
