"""The tasks of a study as units: each is run once, its result is kept on disk, and read when all are done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from harness.errors import ArtifactError, Problem
from harness.estimators.guard import Status
from harness.execution.checkpoints import CheckpointStore
from harness.execution.executor import iter_results
from harness.execution.workers import Workers


class Result(Protocol):
    """What a task returns."""

    @property
    def status(self) -> Status:
        """How it went."""


R = TypeVar("R", bound=Result)
R_co = TypeVar("R_co", bound=Result, covariant=True)


class RunnableTask(Protocol[R_co]):
    """A task with a name of its own within the study."""

    @property
    def label(self) -> str:
        """The name."""

    def run(self) -> R_co:
        """Do the work."""


@dataclass(frozen=True)
class Written:
    """The result of the task `label`, as bytes."""

    label: str
    data: bytes


@dataclass(frozen=True, eq=False)
class CheckpointedTask(Generic[R]):
    """A task and how its result is written down and read."""

    task: RunnableTask[R]
    encode: Callable[[R], bytes]
    decode: Callable[[bytes], R]

    @property
    def label(self) -> str:
        """Name of the task."""
        return self.task.label

    def run(self) -> Written:
        """Do the work."""
        return Written(self.label, self.encode(self.task.run()))

    def is_kept(self, store: CheckpointStore) -> bool:
        """Return whether the store holds the result; that of a task that failed counts as none."""
        data = store.load(self.label)
        return data is not None and self.decode(data).status != "failed"


class AnyCheckpointedTask(Protocol[R_co]):
    """A unit of any kind of result."""

    @property
    def label(self) -> str:
        """Name of the task."""

    @property
    def decode(self) -> Callable[[bytes], R_co]:
        """What reads the result."""

    def run(self) -> Written:
        """Do the work."""

    def is_kept(self, store: CheckpointStore) -> bool:
        """Return whether the store holds the result."""


def run_checkpointed(
    units: Iterable[AnyCheckpointedTask[R]],
    store: CheckpointStore,
    *,
    workers: Workers,
    on_done: Callable[[str], None],
) -> Sequence[R]:
    """Run the units that the store does not hold, and return the results of all in the order given.

    Results travel and wait as bytes and are read once, when the last is there. This process alone writes to
    the store, so that workers need no disk in common with it.

    Parameters
    ----------
    on_done : called with the label of each unit as it is done, in any order

    Raises
    ------
    ArtifactError
        Where the worker of a unit dies each time, or a unit's file is damaged before it is read.
    """
    readers: list[tuple[str, Callable[[bytes], R]]] = []

    def not_kept() -> Iterator[AnyCheckpointedTask[R]]:
        for unit in units:
            readers.append((unit.label, unit.decode))
            if unit.is_kept(store):
                on_done(unit.label)
            else:
                yield unit

    for done in iter_results(not_kept(), workers=workers):
        store.save(done.result.label, done.result.data)
        on_done(done.result.label)
    return [decode(_load(store, label)) for label, decode in readers]


def _load(store: CheckpointStore, label: str) -> bytes:
    data = store.load(label)
    if data is None:
        what, hint = (
            "its result was written but cannot be read back",
            "check the disk; run again with --resume",
        )
        raise ArtifactError(Problem(label, what, hint=hint))
    return data
