"""Run a study: fit every cell, write the folder; its report apart."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from harness.data.build import PanelBuilder
from harness.data.read.files import FRAME_FILE, FrameFile
from harness.data.read.table import refuse_changed
from harness.evaluation.fold_fit import FoldResult
from harness.record.manifest import Manifest, SpecRecord
from harness.registry.libraries import libraries_of
from harness.registry.registry import Registry
from harness.running.calibration_record import calibrated_rates, calibration_record
from harness.running.checkpoints import CheckpointStore, run_checkpointed
from harness.running.dependence import Surroundings
from harness.running.files import locked
from harness.running.folder import RunFolder
from harness.running.graph import StudyTask, run_all
from harness.running.isolation import TimeLimits, one_thread
from harness.running.layout import CHECKPOINTS, SPEC
from harness.running.memory import machine_bytes, require_memory
from harness.running.options import RunOptions
from harness.running.plan import Plan
from harness.running.predictions import MissingCell
from harness.running.prepare import Prepared, load, prepare, prepare_loaded
from harness.running.progress import Count, Progress
from harness.running.provenance import Provenance, cell_records, manifest_of
from harness.running.result_file import TaskResult
from harness.running.results import RunResults, answers_in_parts
from harness.running.versions import installed_code, versions
from harness.running.workers import TASK_MODULE, CanStartEarly, Workers, imported_meanwhile
from harness.running.write import FindingsOf, write_conclusions, write_tables
from harness.scenarios.full_result import FullResult
from harness.scenarios.parts import PartResult
from harness.study.expectations.cell import Reproduction, check_expectations
from harness.study.expectations.expectation import AnyExpectation
from harness.study.expectations.narrow import narrowed
from harness.study.spec.study import Study
from harness.tables.findings import ERROR_RATES, FINDINGS

if TYPE_CHECKING:
    import pandas as pd


OTHER_ROWS = "fitted on rows of its own, and gains are over the same rows"
"""Why an estimator with `rows` has no accuracy and no gain."""


def write_run(
    options: RunOptions,
    registry: Registry,
    *,
    find: FindingsOf,
    workers: Workers,
    meanwhile: Sequence[str] = (),
    on_progress: Progress | None = None,
    on_resumed: Callable[[str], None] | None = None,
) -> RunFolder:
    """Run a study and return the folder with its tables and its manifest, without a report.

    Parameters
    ----------
    registry : what the plugins of the options offer
    find : makes the table of findings from the others
    workers : that do the tasks
    meanwhile : modules that what follows needs, imported while processes beside this one do the tasks
    on_resumed : called, where a run is taken up, with what was taken up and why the rest was not

    Raises
    ------
    SpecError, DataError, ArtifactError
        Before anything is fitted, where error rates are of another study too, or answers need more memory
        than there is. Cells that cannot be fitted are rows with a reason, not errors.
    DataError
        At the end, where the data file is not what it was at the start.
    """
    started, start = datetime.now(UTC), time.perf_counter()
    loaded = load(options, registry)
    if isinstance(workers, CanStartEarly):
        workers.start([TASK_MODULE, *libraries_of(entry.estimator for entry in loaded.study.estimators)])
    prepared = prepare_loaded(loaded, options, registry)
    study = prepared.plan.study
    surroundings = Surroundings(installed_code(), versions(registry.brought_by))
    used = surroundings.versions
    rates = _error_rates(options, prepared, used)
    require_memory(prepared.plan, available=machine_bytes())
    folder = RunFolder.create(options.out or Path("runs") / study.study)
    with locked(folder.path):
        store = CheckpointStore(folder.inner(CHECKPOINTS))
        if not options.resume:
            store.clear()
        with folder.replaced(keep=[file.path for file in prepared.table.files]) as new:
            if isinstance(options.data, FrameFile):
                new.write_bytes(FRAME_FILE, options.data.content)
            plan = prepared.plan
            # Tasks in this process would see what imports change.
            with imported_meanwhile(meanwhile if isinstance(workers, CanStartEarly) else ()):
                kept = run_checkpointed(
                    tasks_of(plan),
                    store,
                    surroundings,
                    workers=workers,
                    limits=limits_of(study, options.time_limit),
                    watch=_count(plan, on_progress),
                )
            if options.resume and on_resumed is not None:
                on_resumed(str(kept))
            results = results_of(plan, prepared.panels, kept.results)
            if rates is not None:
                new.write_table(ERROR_RATES.name, rates)
            provenance = provenance_of(options, prepared, folder, surroundings=surroundings, started=started)
            write_results(new, prepared, results, provenance, find=find, seconds=time.perf_counter() - start)
        store.clear()
    return folder


def write_results(
    folder: RunFolder,
    prepared: Prepared,
    results: RunResults,
    provenance: Provenance,
    *,
    find: FindingsOf,
    seconds: float,
) -> None:
    """Write the spec, the tables and last the manifest of what was found.

    Parameters
    ----------
    find : makes the table of findings from the others
    seconds : wall time of the run

    Raises
    ------
    DataError
        Where the data file is not what it was at the start.
    """
    refuse_changed(prepared.table)
    write_tables(folder, results)
    folder.write_text(SPEC, prepared.loaded.document.text)
    content = whole_manifest(prepared, provenance, results, seconds=seconds)
    write_conclusions(folder, results.study, content, find=find)
    folder.write_manifest(content)


def limits_of(study: Study, general: float | None) -> TimeLimits:
    """Return how long a task of a study may take, in seconds; None is for ever."""
    own = {entry.id: entry.time_limit for entry in study.estimators if entry.time_limit is not None}
    return TimeLimits(general, own)


def provenance_of(
    options: RunOptions,
    prepared: Prepared,
    folder: RunFolder,
    *,
    surroundings: Surroundings,
    started: datetime,
) -> Provenance:
    """Return where a run in a folder comes from.

    Parameters
    ----------
    surroundings : code and versions that computed it
    """
    return Provenance(
        spec=SpecRecord(
            path=options.spec_path(folder.path).as_posix(),
            sha256=prepared.loaded.document.sha256,
            overrides=options.overrides,
        ),
        command=options.command(folder.path, prepared.plan.study.data),
        quick=options.quick,
        versions=surroundings.versions,
        code=surroundings.code,
        started=started,
    )


def whole_manifest(
    prepared: Prepared, provenance: Provenance, results: RunResults, *, seconds: float
) -> Manifest:
    """Return the manifest of what was found, without the hashes of its files.

    Parameters
    ----------
    seconds : wall time of the run
    """
    return manifest_of(
        results.study,
        provenance,
        table=prepared.table,
        panels=prepared.panels,
        universes=results.universes,
        cells=cell_records(results.folds, [*results.fulls, *results.in_parts]),
        seconds=seconds,
    )


def _error_rates(options: RunOptions, prepared: Prepared, used: Mapping[str, str]) -> pd.DataFrame | None:
    """Return the error rates that the options name; None where they name none."""
    if options.calibrated is None:
        return None
    own = calibration_record(
        prepared.loaded.study, table=prepared.table, panels=prepared.panels, versions=used
    )
    return calibrated_rates(options.calibrated, own)


def tasks_of(plan: Plan) -> Iterator[StudyTask]:
    """Yield the tasks, the long full-sample fits first, so that no worker idles at the end."""
    yield from plan.full_tasks()
    yield from plan.part_tasks()
    yield from plan.fold_tasks()


def _count(plan: Plan, on_progress: Progress | None) -> Count:
    """Return what counts the tasks of a plan; without a listener they are not even made to be counted."""
    n_tasks = plan.n_tasks + plan.n_steps if on_progress is not None else 0
    return Count(n_tasks, on_progress, last="writing tables and report")


@one_thread()
def results_of(plan: Plan, panels: PanelBuilder, results: Sequence[TaskResult]) -> RunResults:
    """Return what the tasks of a plan found, from their results in any order."""
    return RunResults(
        study=plan.study,
        panels=panels,
        folds_of={split.entry.id: split.folds for split in plan.splits},
        refused=tuple(_refused(plan)),
        universes=tuple(variant.universe for variant in plan.variants),
        folds=[result for result in results if isinstance(result, FoldResult)],
        fulls=[result for result in results if isinstance(result, FullResult)],
        in_parts=answers_in_parts(plan, [result for result in results if isinstance(result, PartResult)]),
    )


def _refused(plan: Plan) -> Iterator[MissingCell]:
    """Yield the cells of protocols that the panel is too small for, and of estimators on other rows."""
    for split in plan.splits:
        for outcome in plan.study.roles.outcomes:
            for entry in plan.study.estimators:
                if not split.folds or entry.id in plan.rows:
                    reason = OTHER_ROWS if split.folds else split.reason
                    yield MissingCell(outcome, entry.id, split.entry.id, "refused", reason)


def reproduce(options: RunOptions, registry: Registry, *, find: FindingsOf) -> tuple[Reproduction, ...]:
    """Run what the expected numbers of a spec rest on, and return what it gives for each, in their order.

    Nothing is kept of the run but this.

    Parameters
    ----------
    options : of the run; its folder is not written to
    registry : what the plugins of the options offer
    find : makes the table of findings from the others

    Raises
    ------
    SpecError, DataError
        With every mistake of the spec, or of the data.
    """
    started, start = datetime.now(UTC), time.perf_counter()
    prepared = prepare(options, registry)
    plan = needed(prepared.plan, prepared.loaded.study.expect)
    tasks: Iterable[StudyTask] = chain(plan.part_tasks(), plan.full_tasks(), plan.fold_tasks())
    found = run_all(tasks, workers=options.workers, watch=Count(0, None, last=""))
    results = results_of(plan, prepared.panels, found)
    with TemporaryDirectory(prefix="harness-") as place:
        folder = RunFolder.create(Path(place))
        write_tables(folder, results)
        if any(expected.table == FINDINGS.name for expected in plan.study.expect):
            used = Surroundings(installed_code(), versions(registry.brought_by))
            provenance = provenance_of(options, prepared, folder, surroundings=used, started=started)
            manifest = whole_manifest(prepared, provenance, results, seconds=time.perf_counter() - start)
            folder.write_table(FINDINGS.name, find(manifest, folder))
        return check_expectations(plan.study.expect, folder.read_table)


def needed(plan: Plan, expected: tuple[AnyExpectation, ...]) -> Plan:
    """Return the plan with those cells alone that expected numbers rest on."""
    study = narrowed(plan.study.model_copy(update={"expect": expected}))
    kept = {entry.id for entry in study.evaluation.protocols}
    splits = tuple(split for split in plan.splits if split.entry.id in kept)
    return replace(plan, study=study, splits=splits, variants=plan.variants if study.multiverse else ())
