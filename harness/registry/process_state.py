"""What plugins share with all others in a process, put back after code of one has run."""

from __future__ import annotations

import builtins
import math
import os
import random
import re
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from operator import is_
from types import ModuleType
from typing import Any

import numpy as np

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGALRM") if hasattr(signal, name)
)
"""Signals that a run goes by."""

LIBRARIES = ("numpy", "pandas", "scipy")
"""Libraries whose public functions are watched, beside those of Python and the harness."""

_PUBLIC = re.compile(rf"({'|'.join(LIBRARIES)})(\.[a-z]\w*)?")


@dataclass(frozen=True, eq=False)
class _Namespace:
    """A module or class, and what its names stood for."""

    owner: Any
    held: Mapping[str, Any]

    def put_back(self) -> Iterator[str]:
        """Give functions and classes that were exchanged back their names, and yield these."""
        held = vars(self.owner)
        # Names that came later stand last.
        if len(held) >= len(self.held) and all(map(is_, self.held.values(), held.values())):
            return
        for name, value in self.held.items():
            if callable(value) and held.get(name) is not value:
                setattr(self.owner, name, value)
                yield f"{self.owner.__name__}.{name}"


def _watched() -> Iterator[ModuleType | type]:
    """Yield the loaded modules, and the classes of tables, whose functions everybody calls."""
    yield from (builtins, math, random)
    for name, module in list(sys.modules.items()):
        is_watched = name.startswith("harness.") or (name.startswith(LIBRARIES) and _PUBLIC.fullmatch(name))
        if is_watched and isinstance(module, ModuleType):
            yield module
    pandas = sys.modules.get("pandas")
    if pandas is not None:
        yield from (cls for name in ("DataFrame", "Series", "Index") if (cls := getattr(pandas, name, None)))


@dataclass(frozen=True, eq=False)
class ProcessState:
    """State of a process at one moment.

    Attributes
    ----------
    folder : the current one; empty where it is gone
    streams : standard input, output and error
    handlers : of the signals that a run goes by
    numpy_errors, numpy_print : what numpy does on overflow and the like, and how it prints
    random_states : of the generators that a process has in common, numpy's and Python's
    depth : most calls within one another
    namespaces : functions and classes of Python, the libraries and the harness
    """

    folder: str
    streams: tuple[Any, Any, Any]
    handlers: Mapping[int, Any]
    numpy_errors: Mapping[str, Any]
    numpy_print: Mapping[str, Any]
    random_states: tuple[Any, Any]
    depth: int
    namespaces: tuple[_Namespace, ...]

    @classmethod
    def now(cls) -> ProcessState:
        """Return the state of this process."""
        return cls(
            folder=_folder(),
            streams=(sys.stdin, sys.stdout, sys.stderr),
            handlers={number: signal.getsignal(number) for number in SIGNALS},
            numpy_errors=np.geterr(),
            numpy_print=np.get_printoptions(),
            random_states=(np.random.get_state(), random.getstate()),  # noqa: NPY002 - to put it back
            depth=sys.getrecursionlimit(),
            namespaces=tuple(_Namespace(owner, vars(owner).copy()) for owner in _watched()),
        )

    def restore(self) -> tuple[str, ...]:
        """Put everything back, and return the names of functions and classes that had been exchanged."""
        changed = tuple(name for one in self.namespaces for name in one.put_back())
        sys.stdin, sys.stdout, sys.stderr = self.streams
        np.seterr(**self.numpy_errors)
        np.set_printoptions(**self.numpy_print)
        np.random.set_state(self.random_states[0])  # noqa: NPY002 - to put it back
        random.setstate(self.random_states[1])
        sys.setrecursionlimit(self.depth)
        if self.folder and _folder() != self.folder:
            with suppress(OSError):  # it may be gone
                os.chdir(self.folder)
        if threading.current_thread() is threading.main_thread():
            for number, handler in self.handlers.items():
                if signal.getsignal(number) is not handler and handler is not None:
                    signal.signal(number, handler)
        return changed


@contextmanager
def output_as_errors() -> Iterator[None]:
    """Let what is written to the file descriptor of standard output go to that of standard error."""
    try:
        kept = os.dup(1)
    except OSError:  # it is closed
        yield
        return
    try:
        with suppress(OSError):
            os.dup2(2, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _folder() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - a text is compared a hundred times faster than a path
    except OSError:
        return ""
