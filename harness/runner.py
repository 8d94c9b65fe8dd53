"""Run a study: read the data, fit every cell, write the folder and its report."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from harness.data.build import PanelBuilder
from harness.data.read import read_table
from harness.data.shipped import shipped_datasets
from harness.data.table import Table
from harness.estimators.registry import installed
from harness.evaluation.fold_fit import FoldResult
from harness.planner import Plan, catalogs, make_plan, quickened
from harness.report.write import write_report
from harness.runs.executor import Task, execute
from harness.runs.folder import UNITS, RunFolder
from harness.runs.gather import Missing
from harness.runs.lock import held
from harness.runs.manifest import Provenance, cell_rows, manifest
from harness.runs.results import Results
from harness.runs.unit_file import decode_fold, decode_full, encode_fold, encode_full
from harness.runs.unit_store import Kept, UnitStore, fingerprint
from harness.runs.versions import versions
from harness.runs.write import write_tables
from harness.scenarios.full_fit import FullResult
from harness.spec.document import canonical
from harness.spec.load import LoadedStudy, load_study

Progress = Callable[[int, int, str], None]
"""Called with tasks done, tasks in all, and the last task's name."""


@dataclass(frozen=True)
class RunOptions:
    """What the command line adds to a spec.

    Attributes
    ----------
    spec : path of the spec
    data : file that replaces the data the spec names
    out : run folder; None puts it under ``runs/``, named after the study
    quick : fewer draws, splits and restarts
    n_jobs : worker processes
    resume : take up what an interrupted run of the same study finished
    overrides : ``key=value`` changes to the spec
    allow_outside : whether the spec may name files outside its own folder
    """

    spec: Path
    data: Path | None = None
    out: Path | None = None
    quick: bool = False
    n_jobs: int = 1
    resume: bool = False
    overrides: tuple[str, ...] = ()
    allow_outside: bool = False

    @property
    def command(self) -> str:
        """The command that repeats the run."""
        words = ["harness", "run", self.spec.as_posix()]
        words += ["--data", self.data.as_posix()] if self.data else []
        words += ["--quick"] if self.quick else []
        for override in self.overrides:
            words += ["--set", override]
        return shlex.join(words)


@dataclass(frozen=True, eq=False)
class Prepared:
    """A study that is ready to run."""

    loaded: LoadedStudy
    table: Table
    panels: PanelBuilder
    plan: Plan


def prepare(options: RunOptions) -> Prepared:
    """Read spec and data and plan the fits.

    Raises
    ------
    SpecError, DataError
        With every mistake of the spec, or of the data.
    """
    registry = installed()
    known = catalogs(registry)
    loaded = load_study(options.spec, catalogs=known, overrides=options.overrides)
    study = quickened(loaded.study) if options.quick else loaded.study
    source = read_table(
        study.data,
        root=options.spec.resolve().parent,
        given=options.data,
        datasets={one.name: one for one in shipped_datasets()} | dict(registry.datasets),
        allow_outside=options.allow_outside,
        entity=study.roles.entity,
    )
    groups = {name: None for entry in study.scenarios for name in entry.scenario.columns}
    panels = PanelBuilder.build(source, study.data, study.roles, groups=tuple(groups))
    return Prepared(loaded, source, panels, make_plan(study, panels, known))


def run(options: RunOptions, *, on_progress: Progress | None = None) -> RunFolder:
    """Run a study and return its folder.

    Raises
    ------
    SpecError, DataError, ArtifactError
        Before anything is fitted. Cells that cannot be fitted are rows with a reason, not errors.
    """
    started, start = datetime.now(UTC), time.perf_counter()
    prepared = prepare(options)
    study = prepared.plan.study
    folder = RunFolder.create(options.out or Path("runs") / study.study)
    with held(folder.path):
        folder.clear()
        store = _store(folder, prepared, options)
        if not options.resume:
            store.clear()
        results = _execute(prepared, store, n_jobs=options.n_jobs, on_progress=on_progress)
        write_tables(folder, results)
        folder.write_text("spec.yaml", prepared.loaded.document.text)
        provenance = Provenance(
            spec_path=options.spec.as_posix(),
            spec_sha256=prepared.loaded.document.sha256,
            command=options.command,
            quick=options.quick,
            versions=versions(plugin.distribution for plugin in installed().plugins),
            started=started,
        )
        content = manifest(
            study,
            provenance,
            table=prepared.table,
            panels=prepared.panels,
            cells=cell_rows(results.folds, results.fulls),
            seconds=time.perf_counter() - start,
        )
        folder.write_manifest(content)
        write_report(folder, formats=study.report.formats)
        folder.write_manifest(content)
        store.clear()
    return folder


def _store(folder: RunFolder, prepared: Prepared, options: RunOptions) -> UnitStore:
    """Return the store for exactly this spec, these data and these versions."""
    used = versions(plugin.distribution for plugin in installed().plugins)
    parts = (canonical(prepared.loaded.document), prepared.table.sha256, str(options.quick), json.dumps(used))
    return UnitStore(folder.path / UNITS, fingerprint(*parts))


def _kept(plan: Plan, store: UnitStore) -> Iterator[Kept[FullResult] | Kept[FoldResult]]:
    """Yield the tasks, the long full-sample fits first, so that no worker idles at the end."""
    for full in plan.full_tasks():
        yield Kept(full, store, encode_full, decode_full)
    for fold in plan.fold_tasks():
        yield Kept(fold, store, encode_fold, decode_fold)


def _execute(prepared: Prepared, store: UnitStore, *, n_jobs: int, on_progress: Progress | None) -> Results:
    plan, done = prepared.plan, 0

    def count(result: FoldResult | FullResult) -> None:
        nonlocal done
        done += 1
        if on_progress is not None:
            on_progress(done, plan.n_tasks, result.label)

    tasks: Iterator[Task[FoldResult | FullResult]] = _kept(plan, store)
    results = execute(tasks, n_jobs=n_jobs, on_done=count)
    return Results(
        study=plan.study,
        panels=prepared.panels,
        folds_of={split.entry.id: split.folds for split in plan.splits},
        refused=tuple(_refused(plan)),
        universes=tuple(variant.universe for variant in plan.variants),
        folds=[one for one in results if isinstance(one, FoldResult)],
        fulls=[one for one in results if isinstance(one, FullResult)],
    )


def _refused(plan: Plan) -> Iterator[Missing]:
    """Yield the cells of protocols that the panel is too small for."""
    for split in plan.splits:
        if not split.folds:
            for outcome in plan.study.roles.outcomes:
                for entry in plan.study.estimators:
                    yield Missing(outcome, entry.id, split.entry.id, "refused", split.reason)


def write_report_again(path: Path) -> Path:
    """Write the report of a finished run from its tables, and return the report's path.

    Raises
    ------
    ArtifactError
        Where `path` is not the folder of a finished run.
    """
    folder = RunFolder.open(path)
    content = folder.manifest()
    with held(path):
        write_report(folder, formats=tuple(content["study"]["formats"]))
        folder.write_manifest(content)
    return path / "report.html"
