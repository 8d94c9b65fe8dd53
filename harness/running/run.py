"""Run a study: fit every cell, write the folder; its report apart."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from harness.data.read.files import FRAME_FILE, FrameFile
from harness.data.read.source import machine_bytes, refuse_changed
from harness.findings.run import RULE, Rule
from harness.findings.shape import shape_rates
from harness.record.manifest import Manifest
from harness.registry.registry import Registry, libraries_of
from harness.running.calibration_record import calibrated_rates, calibration_record
from harness.running.checkpoints import CheckpointStore
from harness.running.dependence import Environment, installed_code, versions
from harness.running.files import CHECKPOINTS, SPEC
from harness.running.folder import RunFolder
from harness.running.graph import run_tasks
from harness.running.isolation import one_thread
from harness.running.options import RunOptions
from harness.running.plan import Plan
from harness.running.prepare import load, prepare_loaded, require_memory
from harness.running.processes import imported_meanwhile
from harness.running.progress import Count, Progress
from harness.running.provenance import manifest_of
from harness.running.results import RunResults, results_of
from harness.running.workers import TASK_MODULE, CanStartEarly, Workers
from harness.running.write import write_conclusions, write_tables
from harness.tables.findings import ERROR_RATES
from harness.tables.preparation import REGISTRATION


def write_run(
    options: RunOptions,
    registry: Registry,
    *,
    workers: Workers,
    meanwhile: Sequence[str] = (),
    on_progress: Progress | None = None,
    on_resumed: Callable[[str], None] | None = None,
) -> RunFolder:
    """Run a study and return the folder with its tables and its manifest, without a report.

    Parameters
    ----------
    registry : what the plugins of the options offer
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
    started = datetime.now(UTC)
    loaded = load(options, registry)
    if isinstance(workers, CanStartEarly):
        workers.start([TASK_MODULE, *libraries_of(entry.estimator for entry in loaded.study.estimators)])
    prepared = prepare_loaded(loaded, options, registry)
    plan, study = prepared.plan, prepared.plan.study
    given = {flag: shlex.join(words) for flag, words in options.recorded(None).items()}
    inputs = {"spec": loaded.document.sha256, "data": prepared.table.sha256, **given}
    used = Environment(installed_code(), versions(registry.brought_by), inputs)
    rates = None
    if options.calibrated is not None:
        rates = calibrated_rates(options.calibrated, calibration_record(prepared, used.versions))
    registration = None
    if options.registration is not None:
        from harness.running.registration import compared

        registration = compared(prepared, options, used.versions, started)
    require_memory(plan, available=machine_bytes())
    limits = {entry.id: entry.time_limit or options.time_limit for entry in study.estimators}
    # Where nobody listens the tasks are not even made to be counted.
    n_tasks = plan.n_tasks + plan.n_steps if on_progress is not None else 0
    with RunFolder.claimed(options.out or Path("runs") / study.study) as folder:
        store = CheckpointStore(folder.inner(CHECKPOINTS))
        if not options.resume:
            store.clear()
        with folder.replaced(keep=[file.path for file in prepared.table.files]) as new:
            if isinstance(options.data, FrameFile):
                new.write_bytes(FRAME_FILE, options.data.content)
            # Tasks in this process would see what imports change.
            with imported_meanwhile(meanwhile if isinstance(workers, CanStartEarly) else ()):
                kept = run_tasks(
                    plan.tasks(),
                    store,
                    used,
                    workers=workers,
                    limits=lambda estimator: limits.get(estimator, options.time_limit),
                    apart=options.apart(registry),
                    listener=Count(n_tasks, on_progress, last="writing tables and report"),
                )
            if options.resume and on_resumed is not None:
                on_resumed(str(kept))
            results = results_of(prepared, kept.results)
            _write_rates(new, plan, rates)
            if registration is not None:
                new.write_table(REGISTRATION.name, registration)
            manifest = manifest_of(
                *(options, prepared, used), folder=folder.path, started=started, results=results
            )
            write_results(new, results, manifest, tuple(registry.of(RULE).values()))
        store.clear()
    return folder


@one_thread()
def _write_rates(folder: RunFolder, plan: Plan, calibrated: Mapping[str, pd.DataFrame] | None) -> None:
    """Write the error rates of a calibration, those of simulated panels of this shape without one."""
    if calibrated is None:
        panels = map(plan.panels.panel, plan.study.roles.outcomes)
        calibrated = {ERROR_RATES.name: shape_rates(panels)}
    for name, table in calibrated.items():
        folder.write_table(name, table)


def write_results(folder: RunFolder, results: RunResults, manifest: Manifest, rules: Sequence[Rule]) -> None:
    """Write the spec, the tables and last the manifest of what was found.

    Parameters
    ----------
    manifest : of the run, without the hashes of its files
    rules : on the tables, of the harness and of plugins

    Raises
    ------
    DataError
        Where the data file is not what it was at the start.
    """
    refuse_changed(results.prepared.table)
    write_tables(folder, results, manifest.study)
    folder.write_text(SPEC, results.prepared.loaded.document.text)
    write_conclusions(folder, results.study, manifest, rules)
    folder.write_manifest(manifest)
