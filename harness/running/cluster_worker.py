"""What a worker of a dask cluster does: it keeps arrays that tasks have in common, and opens tasks."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar, cast

import numpy as np
from distributed import Worker, WorkerPlugin, get_worker
from joblib.externals.loky.backend.reduction import dumps, loads

from harness.arrays import ARRAYS, AnyArray
from harness.running.dependence import installed_code, versions
from harness.running.processes import DeadWorkerError
from harness.running.workers import Executor

A = TypeVar("A")
R = TypeVar("R")


def computes_with() -> Mapping[str, str]:
    """Return the versions and the hashes of the code that this process has."""
    code = {f"code of {name}": found[:12] for name, found in installed_code().items()}
    return {**versions({}), **code}


_computes_with = cache(computes_with)


class KeptArray(WorkerPlugin):
    """An array in a file of each worker, which has the name of the plugin.

    A plugin goes to every worker once, also to one that comes later.
    """

    def __init__(self, array: AnyArray) -> None:
        self._array: AnyArray | None = array
        self._file = Path()

    def setup(self, worker: Worker) -> None:
        """Write the array, and hold it no longer."""
        (name,) = (name for name, plugin in worker.plugins.items() if plugin is self)
        self._file = Path(worker.local_directory, name)
        self._file.parent.mkdir(exist_ok=True)
        np.save(self._file, cast("AnyArray", self._array), allow_pickle=False)
        self._array = None

    def teardown(self, worker: Worker) -> None:
        """Remove the file."""
        self._file.unlink(missing_ok=True)


@dataclass(frozen=True)
class OpeningExecutor:
    """Lets workers do calls, whose arguments are bytes until a worker opens them.

    Attributes
    ----------
    versions : as `computes_with` has them here
    arrays : names of those that were sent to every worker so far
    """

    executor: Executor
    versions: Mapping[str, str]
    arrays: Sequence[str]

    def submit(self, call: Callable[[A], R], argument: A) -> Future[R]:
        """Send a call; large arrays of its argument go by `harness.arrays.sharing`."""
        content = bytes(dumps(argument))
        return self.executor.submit(_opened, (call, content, self.versions, tuple(self.arrays)))


def _opened(sent: tuple[Callable[[A], R], bytes, Mapping[str, str], Sequence[str]]) -> R:
    """Do a call, where a worker has the versions of who sent it and all arrays.

    It has not where it came when the run had begun, or with a scheduler that was started again.
    """
    call, content, versions_there, arrays = sent
    if _computes_with() != versions_there:
        raise DeadWorkerError("it has other versions")
    folder = get_worker().local_directory
    if not all(Path(folder, name).is_file() for name in arrays):
        raise DeadWorkerError("it was not sent what others were")
    os.environ[ARRAYS] = folder
    return call(loads(content))
