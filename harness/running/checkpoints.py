"""Results of finished tasks on disk, so that a run that was cut off can be taken up again.

Each task is run once, its result is kept as bytes, and read when all are done.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.errors import ArtifactError, Problem
from harness.estimators.guard import what_broke
from harness.evaluation.fold_fit import FoldResult
from harness.running.dependence import Dependence, Surroundings
from harness.running.executor import iter_results
from harness.running.files import write_atomically
from harness.running.graph import AnyTask, Runnable, StudyTask, TaskGraph, Watch
from harness.running.isolation import NO_LIMITS, TRACES, Limited, TimeLimits
from harness.running.result_file import TaskResult, decode, encode
from harness.running.workers import Workers
from harness.scenarios.blocks import PrepareTask
from harness.scenarios.parts import PartResult
from harness.scenarios.sample_fit import SampleFitResult
from harness.tables.preparation import Note

FORMAT = b"harness result 1\n"
"""What every kept result begins with; files that do not are another's."""

_NAME = re.compile(r"[0-9a-f]{64}|\.[0-9a-f]{64}\.\d+\.tmp")


@dataclass(frozen=True)
class Checkpoint:
    """A result that was kept.

    Attributes
    ----------
    label : of its task
    dependence : what the result depended on
    data : as `harness.running.result_file.encode` wrote it
    """

    label: str
    dependence: Dependence
    data: bytes

    def to_bytes(self) -> bytes:
        """Return the checkpoint as its file holds it: format, hash of the rest, what it is of, the result."""
        about = json.dumps({"label": self.label, "dependence": dict(self.dependence)}).encode()
        content = about + b"\n" + self.data
        return FORMAT + hashlib.sha256(content).hexdigest().encode() + b"\n" + content

    @classmethod
    def from_bytes(cls, content: bytes) -> Checkpoint | None:
        """Return the checkpoint that `to_bytes` wrote; None for any other bytes."""
        if not content.startswith(FORMAT):
            return None
        digest, _, rest = content.removeprefix(FORMAT).partition(b"\n")
        if hashlib.sha256(rest).hexdigest().encode() != digest:
            return None
        about, _, data = rest.partition(b"\n")
        return cls(**json.loads(about), data=data)


@dataclass(frozen=True)
class CheckpointStore:
    """A folder of results, a file for each label.

    Attributes
    ----------
    path : the folder
    """

    path: Path

    def clear(self) -> None:
        """Forget all results; files that are none stay, and so does the folder that holds them."""
        if not self.path.is_dir() or self.path.is_symlink():
            return
        for file in self.path.iterdir():
            if _NAME.fullmatch(file.name) and file.is_file() and not file.is_symlink():
                file.unlink(missing_ok=True)
        if not any(self.path.iterdir()):
            self.path.rmdir()

    def _file(self, label: str) -> Path:
        return self.path / hashlib.sha256(label.encode()).hexdigest()

    def why_anew(self, label: str, dependence: Dependence) -> str:
        """Return why the result of a task cannot be taken up; empty where it can."""
        file = self._file(label)
        if not file.is_file():
            return "not finished before"
        kept = Checkpoint.from_bytes(file.read_bytes())
        if kept is None:
            return "damaged on disk"
        if kept.label != label:
            return "the file is of another result"
        if kept.dependence != dependence:
            names = dict.fromkeys((*dependence, *kept.dependence))
            other = [name for name in names if kept.dependence.get(name) != dependence.get(name)]
            more = f" and {len(other) - 3} more" if len(other) > 3 else ""
            return f"changed: {', '.join(other[:3])}{more}"
        return "failed before" if decode(kept.data).status == "failed" else ""

    def load(self, label: str) -> bytes | None:
        """Return the result last kept under a label; None where its file is not what was written for it."""
        file = self._file(label)
        kept = Checkpoint.from_bytes(file.read_bytes()) if file.is_file() else None
        return kept.data if kept is not None and kept.label == label else None

    def save(self, checkpoint: Checkpoint) -> None:
        """Keep a result."""
        write_atomically(self._file(checkpoint.label), checkpoint.to_bytes())


@dataclass(frozen=True, eq=False)
class CheckpointedTask:
    """A task whose result travels and is kept as bytes."""

    task: StudyTask

    @property
    def label(self) -> str:
        """Name of the task, its own within the study."""
        return self.task.label

    def run(self) -> bytes:
        """Do the work; what cannot be kept is a failed result that says so."""
        result = self.task.run()
        try:
            return encode(with_notes(result, TRACES.notes()))
        except Exception as error:  # noqa: BLE001 - whatever a plugin put into its tables
            return self.failed(f"its result cannot be kept: {what_broke(error)}")

    def failed(self, reason: str) -> bytes:
        """Return what stands for a result that could not be had."""
        return encode(self.task.failed(reason))


class _Kept:
    """Results in a store, each as bytes, and why those that are not taken up are not."""

    def __init__(self, store: CheckpointStore, surroundings: Surroundings) -> None:
        self._store, self._surroundings = store, surroundings
        self._missing: dict[str, Dependence] = {}
        self.n_taken_up = 0
        self.anew: Counter[str] = Counter()

    def has(self, task: StudyTask) -> bool:
        """Return whether the store has the result of this very task."""
        dependence = self._surroundings.dependence(task)
        reason = self._store.why_anew(task.label, dependence)
        if reason:
            self.anew[reason] += 1
            self._missing[task.label] = dependence
        else:
            self.n_taken_up += 1
        return not reason

    def put(self, task: StudyTask, result: bytes) -> None:
        """Keep the result of a task."""
        self._store.save(Checkpoint(task.label, self._missing.pop(task.label), result))

    def get(self, label: str) -> TaskResult:
        """Return a kept result.

        Raises
        ------
        ArtifactError
            Where its file is damaged.
        """
        data = self._store.load(label)
        if data is None:
            what = "its result was written but cannot be read back"
            raise ArtifactError(Problem(label, what, hint="check the disk; run again with --resume"))
        return decode(data)


@dataclass(frozen=True, eq=False)
class Checkpointed:
    """The results of tasks, of which some were kept by an earlier run.

    Attributes
    ----------
    results : in the order of the tasks
    n_taken_up : how many an earlier run had finished, those that these results rest on included
    anew : how many were computed now, by the reason why
    """

    results: Sequence[TaskResult]
    n_taken_up: int
    anew: Mapping[str, int]

    def __str__(self) -> str:
        n_results = self.n_taken_up + sum(self.anew.values())
        said = f"{self.n_taken_up} of {n_results} results are taken up from the earlier run"
        reasons = [f"{count} {reason}" for reason, count in self.anew.items()]
        return f"{said}; computed anew: {'; '.join(reasons)}" if reasons else said


def run_checkpointed(
    tasks: Iterable[StudyTask],
    store: CheckpointStore,
    surroundings: Surroundings,
    *,
    workers: Workers,
    limits: TimeLimits = NO_LIMITS,
    watch: Watch,
) -> Checkpointed:
    """Run the tasks whose results the store does not hold, and return the results of all.

    Results travel and wait as bytes and are read when they are needed: by a task that rests on them, or when
    the last is there. This process alone writes to
    the store, so that workers need no disk in common with it.

    Parameters
    ----------
    surroundings : what all of the tasks depend on
    limits : of the tasks' time
    watch : told of each task as it is handed to a worker and as it is done, in any order

    Raises
    ------
    ArtifactError
        Where a result's file is damaged before it is read. A task whose worker dies each time it is tried, or
        that no worker can take on, is a failed result.
    """
    kept = _Kept(store, surroundings)

    def ready(task: AnyTask) -> Runnable:
        """Return what is run for a task; what is passed on from task to task is not kept as bytes."""
        runnable: Runnable = task if isinstance(task, PrepareTask) else CheckpointedTask(task)
        seconds = limits.of(task.estimator_id)
        return runnable if seconds is None else Limited(runnable, seconds)

    graph = TaskGraph(tasks, kept, ready=ready, watch=watch)
    for done in iter_results(graph, workers=workers):
        graph.done(done.position, done.result)
    return Checkpointed([kept.get(label) for label in graph.labels], kept.n_taken_up, kept.anew)


def with_notes(result: TaskResult, notes: Iterable[Note]) -> TaskResult:
    """Return a result with further notes; one without numbers has its reason, a part of an answer none."""
    more = tuple(notes)
    if not more or isinstance(result, PartResult):
        return result
    if isinstance(result, FoldResult):
        if result.predictions is None:
            return result
        return replace(
            result, predictions=replace(result.predictions, notes=(*result.predictions.notes, *more))
        )
    if isinstance(result, SampleFitResult):
        return replace(result, tables=replace(result.tables, notes=(*result.tables.notes, *more)))
    return replace(result, notes=(*result.notes, *more))
