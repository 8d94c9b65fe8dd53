"""What a task leaves behind in a worker: copies of the process, and words on standard output."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from tempfile import TemporaryFile

from harness.data.note import Note

STANDARD_OUTPUT, STANDARD_ERROR = 1, 2

MOST_SHOWN = 2_000
"""Bytes of a task's output that are passed on to standard error."""


class Traces:
    """Counts what tasks of this process leave behind, once it is asked to."""

    def __init__(self) -> None:
        self._n_forks = 0
        self._is_watching = False

    def watch(self) -> None:
        """Catch what is written to the file descriptor of standard output, and count forks, from now on."""
        with TemporaryFile() as file:
            os.dup2(file.fileno(), STANDARD_OUTPUT)
        os.register_at_fork(after_in_parent=self._forked)
        self._is_watching = True

    def _forked(self) -> None:
        self._n_forks += 1

    def forget(self) -> None:
        """Begin again from nothing."""
        self._n_forks = 0
        if self._is_watching:
            self._taken_output()

    def notes(self) -> Iterator[Note]:
        """Yield what was left behind since, and forget it."""
        if not self._is_watching:
            return
        if self._n_forks:
            yield Note("W-FORK", "", "forked its process; copies that come back from a task are ended")
            self._n_forks = 0
        output, n_bytes = self._taken_output()
        if n_bytes:
            with suppress(OSError):
                os.write(STANDARD_ERROR, _printable(output))
            yield Note(
                "W-OUTPUT", "", f"wrote {n_bytes:,} bytes to standard output, which went to standard error"
            )

    def _taken_output(self) -> tuple[bytes, int]:
        """Return the first bytes that were written, and how many there were; they are there no more."""
        with suppress(OSError, ValueError, AttributeError):  # a plugin may have closed or exchanged it
            sys.stdout.flush()
        ctypes.CDLL(None).fflush(None)
        try:
            n_bytes = os.fstat(STANDARD_OUTPUT).st_size
            if not n_bytes:
                return b"", 0
            output = os.pread(STANDARD_OUTPUT, MOST_SHOWN, 0)
            os.ftruncate(STANDARD_OUTPUT, 0)
            os.lseek(STANDARD_OUTPUT, 0, os.SEEK_SET)
        except OSError:
            return b"", 0
        return output, n_bytes


def _printable(output: bytes) -> bytes:
    """Return lines of a text without what would steer a terminal."""
    text = output.decode("utf-8", "replace")
    return "".join(mark if mark.isprintable() or mark == "\n" else " " for mark in text).encode()


TRACES = Traces()
"""Of this process."""
