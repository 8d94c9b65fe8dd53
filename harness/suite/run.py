"""Run the studies of a suite as one plan, each into a folder of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from harness.execution.checkpoints import Checkpointed, CheckpointStore, run_checkpointed
from harness.execution.dependence import Surroundings
from harness.execution.graph import StudyTask
from harness.execution.plan import Plan
from harness.execution.progress import Count, Progress
from harness.execution.result_file import TaskResult
from harness.execution.run import (
    Prepared,
    prepare,
    provenance_of,
    results_of,
    write_results,
)
from harness.execution.workers import Workers
from harness.execution.write import FindingsOf
from harness.registry.registry import Registry
from harness.store.folder import RunFolder
from harness.store.lock import locked
from harness.suite.studies import StudyRun

STUDIES = "studies"
"""Folder within that of a suite which holds the run folders of its studies."""

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
        return f"{self.study} · {self.task.label}"

    def run(self) -> TaskResult:
        """Do the work."""
        return self.task.run()

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
        Of the first study that cannot be run.
    """
    return tuple(PreparedStudy(run, prepare(run.options, registry)) for run in runs)


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
    total = sum(study.n_tasks for study in studies)
    tasks = (task for study in studies for task in study.tasks())
    watch = Count(total, on_progress, last="writing tables and reports")
    return run_checkpointed(tasks, store, surroundings, workers=workers, watch=watch)


def write_studies(
    folder: RunFolder,
    studies: Iterable[PreparedStudy],
    results: Sequence[TaskResult],
    surroundings: Surroundings,
    *,
    started: datetime,
    find: FindingsOf,
) -> tuple[RunFolder, ...]:
    """Write the run folder of every study, and return them in order.

    Parameters
    ----------
    folder : of the suite
    results : of the tasks of all studies, in their order
    started : when the suite was
    find : makes the table of findings from the others
    """
    written, left = [], iter(results)
    for study in studies:
        own = list(islice(left, study.n_tasks))
        found = results_of(study.plan, study.prepared.panels, own)
        place = RunFolder.create(folder.path / STUDIES / study.run.id)
        provenance = provenance_of(
            study.run.options, study.prepared, place, surroundings=surroundings, started=started
        )
        seconds = sum(fold.seconds for fold in found.folds)
        with locked(place.path), place.replaced() as new:
            write_results(new, study.prepared, found, provenance, find=find, seconds=seconds)
        written.append(place)
    return tuple(written)
