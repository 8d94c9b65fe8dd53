"""What a study gives for its expected numbers, from the part of it that they rest on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.evaluation.fold_fit import FoldTask
from harness.findings.run import RULE, Run
from harness.registry.registry import Registry
from harness.running.checkpoints import CheckpointStore
from harness.running.dependence import Environment, installed_code, versions
from harness.running.files import CHECKPOINTS
from harness.running.folder import RunFolder
from harness.running.graph import StudyTask, run_tasks
from harness.running.options import RunOptions
from harness.running.plan import Plan
from harness.running.prepare import load, prepare
from harness.running.progress import Count
from harness.running.provenance import manifest_of
from harness.running.results import results_of
from harness.running.write import write_tables
from harness.scenarios.task import PartTask
from harness.study.expectations.cell import Reproduction, check_expectations, idle_estimators, narrowed
from harness.study.expectations.expectation import AnyExpectation
from harness.study.variation import LADDER, MULTIVERSE
from harness.tables.findings import FINDINGS
from harness.text.render import findings_table


def reproduce(options: RunOptions, registry: Registry) -> tuple[Reproduction, ...]:
    """Run what the expected numbers of a spec rest on, and return what it gives for each, in their order.

    Nothing is kept of the run but this. Numbers of quick runs come from one of their own.

    Parameters
    ----------
    options : of the run; its folder is not written to
    registry : what the plugins of the options offer

    Raises
    ------
    SpecError, DataError
        With every mistake of the spec, or of the data.
    """
    expected = load(options, registry).study.expect
    found: dict[int, Reproduction] = {}
    for quick in sorted({one.quick for one in expected}):
        group = {index: one for index, one in enumerate(expected) if one.quick == quick}
        given = _reproduced(replace(options, quick=quick or options.quick), registry, tuple(group.values()))
        found |= zip(group, given, strict=True)
    return tuple(found[index] for index in range(len(expected)))


def _reproduced(
    options: RunOptions, registry: Registry, wanted: tuple[AnyExpectation, ...]
) -> tuple[Reproduction, ...]:
    started = datetime.now(UTC)
    prepared = prepare(options, registry)
    prepared = replace(prepared, plan=needed(prepared.plan, wanted))
    expected = prepared.plan.study.expect
    used = Environment(installed_code(), versions(registry.brought_by))
    with TemporaryDirectory(prefix="harness-") as place:
        folder = RunFolder.create(Path(place))
        store, listener = CheckpointStore(folder.inner(CHECKPOINTS)), Count(0, None, last="")
        apart, workers = options.apart(registry), options.workers
        kept = run_tasks(
            requested_tasks(prepared.plan), store, used, workers=workers, apart=apart, listener=listener
        )
        results = results_of(prepared, kept.results)
        manifest = manifest_of(
            *(options, prepared, used), folder=folder.path, started=started, results=results
        )
        write_tables(folder, results, manifest.study)
        if any(one.table == FINDINGS.name for one in expected):
            rules = tuple(registry.of(RULE).values())
            folder.write_table(FINDINGS.name, findings_table(Run(manifest, folder), rules))
        return check_expectations(expected, folder.read_table)


def requested_tasks(plan: Plan) -> Iterator[StudyTask]:
    """Yield the tasks of a plan that the expected numbers of its study rest on."""
    idle_on_folds, idle_on_all = idle_estimators(plan.study)
    for task in plan.tasks():
        idle = idle_on_folds if isinstance(task, FoldTask) else idle_on_all
        if isinstance(task, PartTask) or task.estimator_id not in idle:
            yield task


def needed(plan: Plan, expected: tuple[AnyExpectation, ...]) -> Plan:
    """Return the plan with those cells alone that expected numbers rest on."""
    study = narrowed(plan.study.model_copy(update={"expect": expected}))
    kept = {entry.id for entry in study.evaluation.protocols}
    splits = tuple(split for split in plan.splits if split.entry.id in kept)
    lists = {name for name in (MULTIVERSE, LADDER) if getattr(study, name) is not None}
    varied = tuple(one for one in plan.varied if one.variation.list in lists)
    return replace(plan, study=study, splits=splits, varied=varied)
