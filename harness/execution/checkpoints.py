"""Results of finished tasks on disk, so that a run that was cut off can be taken up again.

Each task is run once, its result is kept as bytes, and read when all are done.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ArtifactError, Problem
from harness.execution.executor import Task, iter_results
from harness.execution.result_file import TaskResult, decode, encode
from harness.execution.workers import Workers
from harness.store.atomic import write_atomically


@dataclass(frozen=True)
class CheckpointStore:
    """A folder of results of one study on one data set.

    Attributes
    ----------
    path : the folder
    fingerprint : of everything that the results depend on: spec, data, versions, quick or not
    """

    path: Path
    fingerprint: str

    def clear(self) -> None:
        """Forget all results."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _file(self, label: str) -> Path:
        return self.path / hashlib.sha256(f"{self.fingerprint}\n{label}".encode()).hexdigest()

    def load(self, label: str) -> bytes | None:
        """Return a result's bytes; None where there are none, or where they are not what was written."""
        file = self._file(label)
        if not file.is_file():
            return None
        digest, _, data = file.read_bytes().partition(b"\n")
        return data if hashlib.sha256(data).hexdigest().encode() == digest else None

    def save(self, label: str, data: bytes) -> None:
        """Keep a result's bytes, with their hash before them."""
        write_atomically(self._file(label), hashlib.sha256(data).hexdigest().encode() + b"\n" + data)


def fingerprint(*parts: str) -> str:
    """Return the hash of what results depend on."""
    lengths = [f"{len(part)}:{part}" for part in parts]
    return hashlib.sha256("".join(lengths).encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class CheckpointedTask:
    """A task whose result travels and is kept as bytes."""

    task: Task[TaskResult]

    @property
    def label(self) -> str:
        """Name of the task, its own within the study."""
        return self.task.label

    def run(self) -> bytes:
        """Do the work."""
        return encode(self.task.run())

    def is_kept(self, store: CheckpointStore) -> bool:
        """Return whether the store holds the result; that of a task that failed counts as none."""
        data = store.load(self.label)
        return data is not None and decode(data).status != "failed"


def run_checkpointed(
    tasks: Iterable[Task[TaskResult]],
    store: CheckpointStore,
    *,
    workers: Workers,
    on_done: Callable[[str], None],
) -> Sequence[TaskResult]:
    """Run the tasks that the store does not hold, and return the results of all in the order given.

    Results travel and wait as bytes and are read once, when the last is there. This process alone writes to
    the store, so that workers need no disk in common with it.

    Parameters
    ----------
    on_done : called with the label of each task as it is done, in any order

    Raises
    ------
    ArtifactError
        Where the worker of a task dies each time, or a result's file is damaged before it is read.
    """
    labels: list[str] = []
    missing: list[str] = []

    def not_kept() -> Iterator[CheckpointedTask]:
        for task in map(CheckpointedTask, tasks):
            labels.append(task.label)
            if task.is_kept(store):
                on_done(task.label)
            else:
                missing.append(task.label)
                yield task

    for done in iter_results(not_kept(), workers=workers):
        label = missing[done.position]
        store.save(label, done.result)
        on_done(label)
    return [decode(_load(store, label)) for label in labels]


def _load(store: CheckpointStore, label: str) -> bytes:
    data = store.load(label)
    if data is None:
        what = "its result was written but cannot be read back"
        raise ArtifactError(Problem(label, what, hint="check the disk; run again with --resume"))
    return data
