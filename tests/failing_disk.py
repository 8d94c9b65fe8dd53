"""A disk that fails, or a process that dies, at the n-th call by which files below a folder are changed."""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from traceback import walk_stack

import pytest

from harness import HarnessError

# What changes names on the disk, and what needs room on it.
NAMES = ("replace", "rename", "link", "unlink", "rmdir", "mkdir", "chmod")
ROOM = ("open", "fsync", "mkdir", "link")
ALL = (*NAMES, "open", "fsync")


# Calls on the stack by which two calls are of one site.
DEPTH = 6


class Killed(BaseException):
    """The process is gone: whatever it would still do to the disk is not done."""


# How a call fails from the n-th on: with which error, and which calls; no error for a process that is killed.
KILL = (None, ALL)
FULL = (errno.ENOSPC, ROOM)
FAULTS = {
    "killed": KILL,
    "full": FULL,
    "EIO": (errno.EIO, ("replace",)),
    "ESTALE": (errno.ESTALE, ("replace", "fsync", "open")),
    "EACCES": (errno.EACCES, ("open", "mkdir", "link", "unlink")),
    "EBUSY": (errno.EBUSY, ("replace", "unlink", "rmdir")),
}


@contextmanager
def failing(root, at, fault):
    """Let calls below a folder fail from the n-th on; yields those so far: what is called, and from where."""
    code, names = fault
    calls = []

    def is_below(name, args, mode, *, has_folder):
        if name == "fsync":
            return True
        if name == "open" and not set(mode) & set("wax+"):
            return False
        return has_folder or (not isinstance(args[0], int) and Path(args[0]).is_relative_to(root))

    def guarded(name, real):
        def call(*args, **options):
            mode = str(args[1] if len(args) > 1 else options.get("mode", "r")) if name == "open" else ""
            if name in names and is_below(name, args, mode, has_folder="dir_fd" in options):
                calls.append(
                    (name, *((frame.f_code, line) for frame, line in islice(walk_stack(None), DEPTH)))
                )
                if len(calls) > at:
                    raise Killed if code is None else OSError(code, os.strerror(code), str(args[0]))
            return None if name == "fsync" else real(*args, **options)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in ALL:
            module = io if name == "open" else os
            patch.setattr(module, name, guarded(name, getattr(module, name)))
        yield calls


def at_every_call(root, fault, prepare, act, *, of_each_site=False):
    """Do something once, then once for each call of it that can fail; yield whether it ended well each time.

    Parameters
    ----------
    prepare : called before, brings everything into the state in which it begins
    act : called with the failing disk
    of_each_site : whether the first call of each site is enough
    """
    prepare()
    with failing(root, sys.maxsize, fault) as calls:
        act()
    yield True
    first = {site: at for at, site in reversed([*enumerate(calls)])}
    for at in sorted(first.values()) if of_each_site else range(len(calls)):
        prepare()
        ended = False
        with failing(root, at, fault), suppress(Killed, HarnessError):
            act()
            ended = True
        end_of_process(root)
        yield ended


def end_of_process(root):
    """Let the marks of this process in folders be those of one that has ended."""
    for mark in Path(root).rglob(".running"):
        pid, _, host = mark.read_text().split() or ("1", "", "")
        mark.write_text(f"{pid} 1 {host}\n")
