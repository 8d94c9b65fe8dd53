"""Arrays that processes share: what happens where no space is left, and after a process was killed."""

import errno
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from harness.arrays import LEAST_BYTES, PREFIX, MappedArray, as_received, as_sent, sharing

LARGE = np.arange(LEAST_BYTES, dtype=np.float64)


def test_an_array_travels_whole_where_no_file_has_room(monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    with sharing():
        assert isinstance(as_sent(LARGE), MappedArray)
        monkeypatch.setattr(np, "save", full)
        assert as_received(as_sent(LARGE[1:])) is not None
        np.testing.assert_array_equal(as_received(as_sent(LARGE[1:])), LARGE[1:])


@pytest.mark.skipif(sys.platform != "linux", reason="the system lists its processes on Linux")
def test_what_a_killed_process_left_goes_with_the_next_run(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = [tmp_path / f"{PREFIX}{number}-x" for number in (ended.pid, 1)]
    for folder in left:
        folder.mkdir()
    (left[0] / "0.npy").touch()
    with sharing():
        (own,) = set(tmp_path.iterdir()) - {*left}
        assert Path(own).is_dir()
    assert list(tmp_path.iterdir()) == [left[1]]
