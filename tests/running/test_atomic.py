"""Files and the folders that are made for them are on the disk, names included, once they are written."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from harness.running.files import HOLDER, holder, write_atomically
from harness.running.folder import RunFolder
from running.test_folder import MANIFEST_OF_NOTHING

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks Linux which file a descriptor is of")


def flushed_by(monkeypatch, call):
    """Return the paths that a call flushes to the disk, in their order."""
    flushed = []

    def flush(descriptor, real=os.fsync):
        real(descriptor)
        flushed.append(Path(f"/proc/self/fd/{descriptor}").readlink())

    with monkeypatch.context() as recorded:
        recorded.setattr(os, "fsync", flush)
        call()
    return flushed


def test_a_file_in_new_folders_is_flushed_with_the_names_of_all(tmp_path, monkeypatch):
    path = tmp_path / "runs" / "study" / "table.csv"
    flushed = flushed_by(monkeypatch, lambda: write_atomically(path, b"a"))
    assert [one for one in flushed if one.suffix != ".tmp"] == [tmp_path, tmp_path / "runs", path.parent]
    again = flushed_by(monkeypatch, lambda: write_atomically(path, b"b"))
    assert [one for one in again if one.suffix != ".tmp"] == [path.parent]
    assert path.read_bytes() == b"b"


def test_a_run_is_flushed_with_all_its_names_before_its_manifest_takes_its_place(tmp_path, monkeypatch):
    folder = RunFolder.create(tmp_path)

    def run():
        with folder.replaced() as new:
            new.write_text("tables/rates.csv", "a")
            new.write_manifest(MANIFEST_OF_NOTHING)

    places = {tmp_path, tmp_path / "tables"}
    *_, ready, made, one, other, last = (path for path in flushed_by(monkeypatch, run) if path in places)
    assert (ready, made, {one, other}, last) == (tmp_path, tmp_path, places, tmp_path)


def test_a_writer_that_ended_is_known_where_the_system_has_no_proc(monkeypatch, tmp_path):
    read = Path.read_text

    def without_proc(self, *words, **named):
        if self.as_posix().startswith("/proc/"):
            raise FileNotFoundError(self)
        return read(self, *words, **named)

    monkeypatch.setattr(Path, "read_text", without_proc)
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    for pid, writer in ((child.pid, ""), (os.getpid(), f"process {os.getpid()} on {platform.node()}")):
        (tmp_path / HOLDER).write_text(f"{pid} - {platform.node()}\n", encoding="utf-8")
        assert holder(tmp_path) == writer
