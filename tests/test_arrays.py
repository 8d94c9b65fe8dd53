"""Arrays that processes share: what happens where no space is left, and after a process was killed."""

import errno
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from harness.arrays import ARRAYS, LEAST_BYTES, PREFIX, MappedArray, as_received, as_sent, sharing

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


def test_an_array_that_another_machine_was_sent_once_is_found_there_and_comes_back_by_its_name(
    tmp_path, monkeypatch
):
    def send(name, array):
        (tmp_path / name).parent.mkdir()
        np.save(tmp_path / name, array + 1.0)  # so that it is known from the one that is here

    with sharing(send):
        sent = as_sent(LARGE)
        assert as_sent(LARGE) == sent
        with monkeypatch.context() as there:
            there.setenv(ARRAYS, str(tmp_path))
            received = as_received(sent)
            np.testing.assert_array_equal(received, LARGE + 1.0)
            back = as_sent(received)
        Path(back.path).unlink()  # the other machine's files are not on this one
        np.testing.assert_array_equal(as_received(back), LARGE)
