"""Run the studies of a suite as one plan, each into a folder of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TypeVar

from harness.errors import Problem, SpecError
from harness.estimators.protocol import n_candidates
from harness.evaluation.fold_fit import FoldResult
from harness.registry.registry import Registry
from harness.running.checkpoints import Checkpointed, CheckpointStore, TaskResult
from harness.running.dependence import Surroundings
from harness.running.files import locked
from harness.running.folder import RunFolder
from harness.running.graph import StudyTask, run_tasks
from harness.running.isolation import give_back
from harness.running.plan import Plan
from harness.running.prepare import Prepared, prepare
from harness.running.progress import Count, Progress
from harness.running.provenance import manifest_of
from harness.running.results import results_of
from harness.running.run import write_results
from harness.running.workers import Workers
from harness.study.spec.entry import EstimatorEntry
from harness.suite.studies import StudyRun

T = TypeVar("T")

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_FORGET_THE_HEIGHT = "5"
"""What is written to ``clear_refs`` so that the height counts from now (proc(5))."""


def with_memory(work: Callable[[], T]) -> tuple[T, float]:
    """Return what some work returns, and the bytes that it took.

    These are the bytes that the process had in memory at the height of the work less those that it had
    before. They are NaN on a system that does not tell, which are all but Linux. What other threads of the
    process do at the time counts as well.
    """
    if not sys.platform.startswith("linux"):
        return work(), float("nan")
    give_back()  # what earlier work freed hides nothing of this one's
    _CLEAR.write_text(_FORGET_THE_HEIGHT, encoding="ascii")
    before = _status("VmRSS")
    found = work()
    return found, float(max(0, _status("VmHWM") - before))


def _status(name: str) -> int:
    """Return a number of bytes that the system tells of this process."""
    lines = _STATUS.read_text(encoding="ascii", errors="replace").splitlines()
    kilobytes = next(line.split()[1] for line in lines if line.startswith(f"{name}:"))
    return 1024 * int(kilobytes)


STUDIES = "studies"
"""Folder within that of a suite which holds the run folders of its studies."""

BETWEEN = " · "
"""What stands between the name of a study and the rest of the label of its tasks."""

CELLS = "cells"
"""Folder within that of a suite which holds every finished cell, so that unchanged ones are taken up."""


@dataclass(frozen=True, eq=False)
class CellTask:
    """A task of one study among those of all.

    Attributes
    ----------
    study : its name within the suite
    task : of the study's plan
    """

    study: str
    task: StudyTask

    @property
    def estimator_id(self) -> str:
        """Id of the estimator that is asked."""
        return self.task.estimator_id

    @property
    def label(self) -> str:
        """Name of the task, its own within the suite."""
        return f"{self.study}{BETWEEN}{self.task.label}"

    def run(self) -> TaskResult:
        """Do the work, and see what memory it takes."""
        result, memory = with_memory(self.task.run)
        return replace(result, memory=memory) if isinstance(result, FoldResult) else result

    def failed(self, reason: str) -> TaskResult:
        """Return what stands for a result that could not be had."""
        return self.task.failed(reason)


@dataclass(frozen=True, eq=False)
class PreparedStudy:
    """A study of a suite that is ready to run."""

    run: StudyRun
    prepared: Prepared

    @property
    def plan(self) -> Plan:
        """What is fitted: the folds, since a suite asks about prediction alone."""
        return self.prepared.plan

    def tasks(self) -> Iterator[CellTask]:
        """Yield the fits of all folds."""
        for task in self.plan.fold_tasks():
            yield CellTask(self.run.id, task)

    @property
    def n_tasks(self) -> int:
        """How many fits there are."""
        study = self.plan.study
        n_folds = sum(len(split.folds) for split in self.plan.splits)
        return n_folds * len(study.roles.outcomes) * len(study.estimators)


def prepare_studies(runs: Sequence[StudyRun], registry: Registry) -> tuple[PreparedStudy, ...]:
    """Read the specs and data of all studies and plan their fits.

    Raises
    ------
    SpecError, DataError
        Of the first study that cannot be run, or where estimators compare unlike numbers of candidates.
    """
    prepared = tuple(PreparedStudy(run, prepare(run.options, registry)) for run in runs)
    if prepared:
        require_equal_budgets(prepared[0].plan.study.estimators)
    return prepared


def require_equal_budgets(estimators: Sequence[EstimatorEntry]) -> None:
    """Refuse estimators of which some may try more sets of options than others.

    Raises
    ------
    SpecError
    """
    tried = {one.id: n for one in estimators if (n := n_candidates(one.estimator)) > 1}
    if len(set(tried.values())) > 1:
        found = ", ".join(f"{name} {n}" for name, n in tried.items())
        what = f"tuned estimators compare unlike numbers of candidates: {found}"
        raise SpecError(Problem("estimators", what, "as many for each", "add candidates, or leave some out"))


def run_cells(
    studies: Sequence[PreparedStudy],
    store: CheckpointStore,
    surroundings: Surroundings,
    *,
    workers: Workers,
    on_progress: Progress | None = None,
) -> Checkpointed:
    """Run the tasks of all studies in one queue, but for those whose results the store holds.

    Parameters
    ----------
    on_progress : told of each cell with the name of its study before it
    """
    listener = CountByStudy({study.run.id: study.n_tasks for study in studies}, on_progress)
    tasks = (task for study in studies for task in study.tasks())
    return run_tasks(tasks, store, surroundings, workers=workers, listener=listener)


class CountByStudy:
    """How many tasks and studies are done, told as it changes.

    Parameters
    ----------
    tasks : how many there are of each study
    tell : what is told; None where nobody listens
    """

    def __init__(self, tasks: Mapping[str, int], tell: Progress | None) -> None:
        self._left, self._tell = dict(tasks), tell
        self._count = Count(sum(tasks.values()), self._say, last="writing tables and reports")

    def begun(self, label: str) -> None:
        """Take note of a task that was handed to a worker."""
        self._count.begun(label)

    def done(self, label: str) -> None:
        """Count a task, whose label begins with the name of its study."""
        self._left[label.partition(BETWEEN)[0]] -= 1
        self._count.done(label)

    def _say(self, n_done: int, n_tasks: int, now: str) -> None:
        if self._tell is not None:
            n_studies = sum(left == 0 for left in self._left.values())
            self._tell(n_done, n_tasks, f"{n_studies} of {len(self._left)} studies done; {now}")


def write_studies(
    folder: RunFolder,
    studies: Iterable[PreparedStudy],
    results: Sequence[TaskResult],
    surroundings: Surroundings,
    *,
    started: datetime,
) -> tuple[RunFolder, ...]:
    """Write the run folder of every study, and return them in order.

    Parameters
    ----------
    folder : of the suite
    results : of the tasks of all studies, in their order
    started : when the suite was
    """
    written, left = [], iter(results)
    for study in studies:
        own = list(islice(left, study.n_tasks))
        found = results_of(study.prepared, own)
        place = RunFolder.create(folder.path / STUDIES / study.run.id)
        manifest = manifest_of(
            *(study.run.options, study.prepared, surroundings),
            folder=place.path,
            started=started,
            seconds=sum(fold.seconds for fold in found.folds),
            results=found,
        )
        with locked(place.path), place.replaced() as new:
            write_results(new, found, manifest)
        written.append(place)
    return tuple(written)
