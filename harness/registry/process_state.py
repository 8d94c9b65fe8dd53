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
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache, lru_cache
from operator import is_
from types import ModuleType
from typing import Any, NoReturn


class Ended(KeyboardInterrupt):
    """A signal asks the process to end: on its way workers are stopped.

    Parameters
    ----------
    by : the signal
    """

    def __init__(self, by: signal.Signals) -> None:
        super().__init__(by.name)
        self.by = by


def end(number: int, _frame: object) -> NoReturn:
    """Handle a signal by ending the process in order; a second one would cut that short and is ignored.

    Raises
    ------
    Ended
    """
    signal.signal(number, signal.SIG_IGN)
    raise Ended(signal.Signals(number))


# Signals that a run goes by.
SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGALRM") if hasattr(signal, name)
)

# Libraries whose public functions are watched, beside those of Python and the harness.
LIBRARIES = ("numpy", "pandas", "scipy")

# Modules and classes of Python by which results are written, kept and sent.
CARRIERS = ("io", "json", "json.encoder", "os", "pathlib", "pickle", "shutil", "tempfile", "zipfile")

_OURS = "harness."

_PUBLIC = re.compile(rf"({'|'.join(LIBRARIES)})(\.[a-z]\w*)?")


def _watched() -> Iterator[ModuleType | type]:
    """Yield the loaded modules, and the classes of panels and tables, whose functions everybody calls."""
    yield from (builtins, math, random)
    for module in map(sys.modules.get, CARRIERS):
        if module is not None:
            yield module
            yield from _classes(module, len(vars(module)))
    ours, others = _modules(len(sys.modules), next(reversed(sys.modules)))
    yield from others
    for module in ours:
        yield module
        yield from _classes(module, len(vars(module)))
    pandas = sys.modules.get("pandas")
    if pandas is not None:
        yield from (cls for name in ("DataFrame", "Series", "Index") if (cls := getattr(pandas, name, None)))


@lru_cache(maxsize=1)
def _modules(n_loaded: int, newest: str) -> tuple[tuple[ModuleType, ...], ...]:  # noqa: ARG001 - they change
    """Return the modules of the harness, and those of the libraries, among so many that are loaded."""
    loaded = [(name, module) for name, module in sys.modules.items() if isinstance(module, ModuleType)]
    ours = (module for name, module in loaded if name.startswith(_OURS))
    others = (module for name, module in loaded if name.startswith(LIBRARIES) and _PUBLIC.fullmatch(name))
    return tuple(ours), tuple(others)


@cache
def _classes(module: ModuleType, n_names: int) -> tuple[type, ...]:  # noqa: ARG001 - an import goes on
    """Return the classes that a module defines, among the names that it has so far."""
    found = (value for value in vars(module).values() if isinstance(value, type))
    return tuple(cls for cls in found if cls.__module__ == module.__name__)


def _put_back(owner: ModuleType | type, held: Mapping[str, Any]) -> Iterator[str]:
    """Give functions and classes that were exchanged back their names, and yield these.

    A class of the harness gets back all of its names, and loses what was added to it, which would hide what
    its objects hold.
    """
    names = vars(owner)
    is_ours = isinstance(owner, type) and owner.__module__.startswith(_OURS)
    # Names that came later stand last.
    if len(names) >= len(held) and all(map(is_, held.values(), names.values())) and not is_ours:
        return
    for name, value in held.items():
        if names.get(name) is not value and (callable(value) or is_ours):
            setattr(owner, name, value)
            yield f"{owner.__name__}.{name}"
    # Python adds what is called __so__ when it is first asked for, such as annotations.
    for name in [name for name in names if name not in held and not name.startswith("__")] if is_ours else ():
        delattr(owner, name)
        yield f"{owner.__name__}.{name}"


def remembered_state() -> Callable[[], tuple[str, ...]]:
    """Remember what all code of this process shares, and return what puts it back.

    That is the current folder, the standard streams, handlers of signals, how numpy treats overflow and
    prints, the random generators that numpy and Python have in common, the recursion limit, and functions and
    classes of Python, the libraries and the harness. What is returned gives the names of those functions and
    classes that had been exchanged; it may be called again.
    """
    import numpy as np

    folder, streams, depth = _folder(), (sys.stdin, sys.stdout, sys.stderr), sys.getrecursionlimit()
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    errors, printing = np.geterr(), np.get_printoptions()
    of_numpy, of_python = np.random.get_state(), random.getstate()  # noqa: NPY002 - to put it back
    namespaces = [(owner, vars(owner).copy()) for owner in _watched()]

    def put_back() -> tuple[str, ...]:
        changed = tuple(name for owner, held in namespaces for name in _put_back(owner, held))
        sys.stdin, sys.stdout, sys.stderr = streams
        np.seterr(**errors)
        np.set_printoptions(**printing)
        np.random.set_state(of_numpy)  # noqa: NPY002 - to put it back
        random.setstate(of_python)
        sys.setrecursionlimit(depth)
        if folder and _folder() != folder:
            with suppress(OSError):  # it may be gone
                os.chdir(folder)
        if is_main_thread():
            for number, handler in handlers.items():
                if signal.getsignal(number) is not handler and handler is not None:
                    signal.signal(number, handler)
        return changed

    return put_back


def is_main_thread() -> bool:
    """Return whether this thread is the one that can handle signals."""
    return threading.current_thread() is threading.main_thread()


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
