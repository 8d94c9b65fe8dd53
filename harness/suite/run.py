"""Run the studies of a suite one after the other: a folder for each, and over all the tables and the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pandas as pd

from harness.errors import ArtifactError, DataError, SpecError
from harness.estimators.protocol import n_candidates
from harness.evaluation.fold_fit import FoldResult
from harness.findings.run import RULE, Rule
from harness.language import Coded, marked
from harness.registry.registry import Registry
from harness.running.checkpoints import CheckpointStore, KeptResults, TaskResult
from harness.running.dependence import Environment, installed_code, versions
from harness.running.files import MANIFEST, locked
from harness.running.folder import RunFolder
from harness.running.graph import StudyTask, run_tasks
from harness.running.isolation import give_back
from harness.running.options import RunOptions
from harness.running.prepare import Prepared, prepare
from harness.running.progress import Count, Progress
from harness.running.provenance import manifest_of
from harness.running.results import results_of
from harness.running.run import write_results as write_run
from harness.suite import results as suite_results
from harness.suite.overall import read_panels
from harness.suite.page import suite_pages
from harness.suite.spec import LeftOut, LoadedSuite, StudyRun, studies_of
from harness.tables.gain import RECOGNITION

T = TypeVar("T")

# Where Linux tells the memory of this process, and what makes its height count from now (proc(5)).
_STATUS, _CLEAR, _FORGET_THE_HEIGHT = Path("/proc/self/status"), Path("/proc/self/clear_refs"), "5"


def with_memory(work: Callable[[], T]) -> tuple[T, float]:
    """Return what some work returns, and the bytes that it took.

    These are the bytes that the process had in memory at the height of the work less those that it had
    before. They are NaN on a system that does not tell, which are all but Linux. What other threads of the
    process do at the time counts as well.
    """
    has_status = _STATUS.exists()
    if has_status:
        give_back()  # what earlier work freed hides nothing of this one's
        _CLEAR.write_text(_FORGET_THE_HEIGHT, encoding="ascii")
    before = _status("VmRSS") if has_status else 0
    found = work()
    return found, float(max(0, _status("VmHWM") - before)) if has_status else float("nan")


def _status(name: str) -> int:
    """Return a number of bytes that the system tells of this process."""
    lines = _STATUS.read_text(encoding="ascii", errors="replace").splitlines()
    kilobytes = next(line.split()[1] for line in lines if line.startswith(f"{name}:"))
    return 1024 * int(kilobytes)


# Folders within that of a suite: run folders of its studies, and every finished cell, so that unchanged ones
# are taken up.
STUDIES, CELLS = "studies", "cells"

# Why a study has no results while a suite is run, and what brings them.
NOT_YET = ("it was not run yet", "run the suite again with --resume")


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
        """Do the work, and see what memory it takes."""
        result, memory = with_memory(self.task.run)
        return replace(result, memory=memory) if isinstance(result, FoldResult) else result

    def failed(self, reason: str) -> TaskResult:
        """Return what stands for a result that could not be had."""
        return self.task.failed(reason)


def prepare_studies(
    loaded: LoadedSuite, options: RunOptions, registry: Registry, *, only: Sequence[str] = ()
) -> tuple[Sequence[tuple[StudyRun, Prepared]], Sequence[LeftOut]]:
    """Read the specs and data of a suite's studies and plan their fits; return those that can be run here.

    Parameters
    ----------
    options, only : see `run_suite`

    Raises
    ------
    SpecError
        Of the first spec with a mistake, where no study can be run, or where estimators compare unlike
        numbers of candidates.
    DataError
        Where the data of no study can be used.
    """
    runs, absent = studies_of(loaded, options, registry, only=only)
    if not runs:
        what, hint = marked("none of its studies can be run here"), absent[0].remedy
        raise SpecError.at(str(loaded.document.path), what, hint=hint)
    prepared: list[tuple[StudyRun, Prepared]] = []
    left_out = [*absent]
    for run in runs:
        try:
            prepared.append((run, prepare(run.options, registry)))
        except DataError as error:
            if len(runs) == 1:
                raise
            first = error.problems[0]
            left_out.append(LeftOut(run.id, f"{first.where}: {first.what}", first.hint))
    if not prepared:
        unusable = left_out[len(absent)]
        raise DataError.at("studies", unusable.reason, hint=unusable.remedy)
    entries = prepared[0][1].plan.study.estimators
    tried = {one.id: n for one in entries if (n := n_candidates(one.estimator)) > 1}
    if len(set(tried.values())) > 1:
        numbers = ", ".join(f"{name} {n}" for name, n in tried.items())
        what = Coded("tuned estimators compare unlike numbers of candidates: {numbers}", numbers=numbers)
        raise SpecError.at(
            "estimators", what, marked("as many for each"), marked("add candidates, or leave some out")
        )
    return prepared, left_out


def write_study(
    folder: Path,
    study: tuple[StudyRun, Prepared],
    results: Sequence[TaskResult],
    environment: Environment,
    *,
    rules: Sequence[Rule],
    started: datetime,
) -> RunFolder:
    """Write the run folder of a study, and return it.

    Parameters
    ----------
    results : of its tasks, in their order
    rules : on the tables of a study, of the harness and of plugins
    started : when the suite was
    """
    run, prepared = study
    gathered = results_of(prepared, results)
    manifest = manifest_of(
        *(run.options, prepared, environment),
        folder=folder,
        started=started,
        seconds=sum(fold.seconds for fold in gathered.folds),
        results=gathered,
    )
    with RunFolder.claimed(folder) as run_folder, run_folder.replaced() as new:
        write_run(new, gathered, manifest, rules)
    return run_folder


def run_suite(
    loaded: LoadedSuite,
    options: RunOptions,
    registry: Registry,
    *,
    only: Sequence[str] = (),
    on_progress: Progress | None = None,
    on_message: Callable[[str], None],
) -> RunFolder:
    """Run the studies of a suite one after the other, and return the folder with its tables and its page.

    Finished cells are kept in the folder, by what they depend on, and the run folder of each study is written
    once its cells are there: of a suite that was cut off, `report_suite` makes tables and pages of those.
    Where the options say to resume, cells of which nothing has changed are taken up, whether an earlier run
    was cut off or had other estimators.

    Parameters
    ----------
    options : of each run, but for its spec and overrides; the folder is that of the suite, and None puts it
        under ``runs/``, named after the suite
    only : ids of the studies to run; none for all
    on_message : called with which studies are left out, and with what was taken up

    Raises
    ------
    SpecError, DataError
        Of the suite or its studies, before anything is fitted.
    """
    suite = loaded.suite
    started = datetime.now(UTC)
    studies, left_out = prepare_studies(loaded, options, registry, only=only)
    for one in left_out:
        on_message(one.message)
    environment = Environment(installed_code(), versions(registry.brought_by))
    rules = tuple(registry.of(RULE).values())
    with RunFolder.claimed(options.out or Path("runs") / suite.suite) as folder:
        store = CheckpointStore(folder.inner(CELLS))
        if not options.resume:
            store.clear()
        record = suite_results.SuiteRecord(
            suite=suite,
            form=suite_results.QUICK if options.quick else suite_results.WHOLE,
            studies=(),
            left_out=(*left_out, *(LeftOut(study.id, *NOT_YET) for study, _ in studies)),
            is_simulated=all(prepared.plan.study.data.simulate is not None for _, prepared in studies),
        )
        # A suite is about prediction alone: the fits of all folds.
        tasks = {
            study.id: [CellTask(study.id, task) for task in prepared.plan.fold_tasks()]
            for study, prepared in studies
        }
        listener = Count(sum(map(len, tasks.values())), on_progress, last="writing tables and pages")
        kept: KeptResults | None = None
        folders: list[RunFolder] = []
        with options.local_workers.kept() as local:
            for study, prepared in studies:
                kept = run_tasks(
                    *(tasks.pop(study.id), store, environment),
                    workers=options.cluster or local,
                    apart=options.apart(registry),
                    listener=listener,
                    continued=kept,
                )
                path, pair = folder.path / STUDIES / study.id, (study, prepared)
                folders.append(
                    write_study(path, pair, kept.results, environment, rules=rules, started=started)
                )
                record = record.with_study(study.id)
                folder.write_text(suite_results.BEGUN, record.model_dump_json(indent=1) + "\n")
        if options.resume:
            on_message(str(kept))
        with folder.replaced() as new:  # pages of an earlier suite go
            write_results(new, record, folders)
        folder.remove(suite_results.BEGUN)
    return folder


def report_suite(path: Path) -> RunFolder:
    """Write the tables and the pages of a suite again, from the runs of its studies.

    Where it was cut off, they are of the studies that were done; the others are listed as left out.

    Raises
    ------
    ArtifactError
        Where `path` is not the folder of a suite with a study that was run, or a run in it is damaged.
    """
    folder, record = RunFolder(path), suite_results.read_record(path)
    with locked(path):
        with folder.replaced() as new:
            write_results(new, record, [RunFolder.open(path / STUDIES / name) for name in record.studies])
        folder.remove(suite_results.BEGUN)
    return folder


def write_results(folder: RunFolder, record: suite_results.SuiteRecord, runs: Sequence[RunFolder]) -> None:
    """Write the tables and the pages of a suite.

    Parameters
    ----------
    runs : folders of its studies, in their order
    """
    results = [
        panel for name, run in zip(record.studies, runs, strict=True) for panel in read_panels(name, run)
    ]
    tables = suite_results.suite_tables(
        *(record.suite, results, runs[0].manifest().study),
        form=record.form,
        left_out=record.left_out,
        recognised=pd.concat([run.read_table(RECOGNITION.name) for run in runs], ignore_index=True),
    )
    for name, table in tables.items():
        folder.write_table(name, table)
    _write_pages(folder, record)


def write_site(path: Path, out: Path) -> RunFolder:
    """Write the tables and the pages of a suite into a folder that holds nothing else.

    Parameters
    ----------
    path : folder of a suite, or of what this function wrote

    Raises
    ------
    ArtifactError
        Where `path` is no such folder, or `out` holds anything but an earlier site.
    """
    record = suite_results.read_record(path)
    tables = {
        table.name: suite_results.read_suite_table(path, table)
        for table in suite_results.SUITE_TABLES.values()
    }
    if (out / STUDIES).exists() or (out / MANIFEST).exists():
        raise ArtifactError.at(
            str(out), marked("holds a run"), marked("a folder of its own"), marked("name another with --out")
        )
    with RunFolder.claimed(out) as folder, folder.replaced() as new:
        for name, table in tables.items():
            new.write_table(name, table)
        _write_pages(new, record)
    return folder


def _write_pages(folder: RunFolder, record: suite_results.SuiteRecord) -> None:
    """Write what was run, and every page of the tables that are there."""
    folder.write_text(suite_results.RECORD, record.model_dump_json(indent=1) + "\n")
    try:
        pages = suite_pages(record, {name: folder.read_table(name) for name in suite_results.SUITE_TABLES})
    except (LookupError, TypeError, ValueError) as error:
        what = Coded("its tables do not belong together: {error}", error=repr(error))
        hint = marked("run the suite again")
        raise ArtifactError.at(record.suite.suite, what, hint=hint) from error
    for name, page in pages.items():
        folder.write_text(name, page)
