"""Check the expected numbers of a spec, by running no more of its study than they rest on."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.execution.dependence import Surroundings
from harness.execution.graph import StudyTask, run_all
from harness.execution.options import RunOptions
from harness.execution.plan import Plan
from harness.execution.prepared import prepare
from harness.execution.progress import Count
from harness.execution.run import provenance_of, results_of, whole_manifest
from harness.execution.write import FindingsOf, write_tables
from harness.expectations.check import Reproduction, check_expectations
from harness.expectations.narrow import narrowed
from harness.registry.registry import Registry
from harness.spec.expectation import AnyExpectation
from harness.store.code import installed_code
from harness.store.folder import RunFolder
from harness.store.versions import versions
from harness.tables import FINDINGS


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
