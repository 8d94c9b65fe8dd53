"""Run a suite and write its folder: the run of every study, the tables over all, and the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from harness.errors import ArtifactError, Problem, SpecError
from harness.registry.registry import Registry
from harness.running.checkpoints import CheckpointStore
from harness.running.dependence import Surroundings, installed_code, versions
from harness.running.files import locked
from harness.running.folder import RunFolder
from harness.running.options import RunOptions
from harness.running.progress import Progress
from harness.suite.page import suite_page
from harness.suite.panels import read_panels
from harness.suite.results import QUICK, WHOLE, SuiteResults
from harness.suite.run import CELLS, STUDIES, prepare_studies, run_cells, write_studies
from harness.suite.spec import LoadedSuite, Suite
from harness.suite.studies import LeftOut, studies_of

PAGE = "suite.html"
RECORD = "suite.json"
"""What was run: the suite with the estimators that were added, its form, and what was left out."""


class SuiteRecord(BaseModel):
    """What a suite's folder is of, so that its tables and its page can be made again from the runs in it.

    Attributes
    ----------
    suite : as it was run
    form : whole, or quick
    studies : ids of those that were run, in order
    left_out : those that could not be
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    suite: Suite
    form: str
    studies: tuple[str, ...]
    left_out: tuple[LeftOut, ...]


def run_suite(
    loaded: LoadedSuite,
    options: RunOptions,
    registry: Registry,
    *,
    only: Sequence[str] = (),
    on_progress: Progress | None = None,
    on_said: Callable[[str], None],
) -> RunFolder:
    """Run the studies of a suite as one plan, and return the folder with its tables and its page.

    Finished cells are kept in the folder, by what they depend on. Where the options say to resume, those of
    which nothing has changed are taken up, whether an earlier run was cut off or had other estimators.

    Parameters
    ----------
    options : of each run, but for its spec and overrides; the folder is that of the suite, and None puts it
        under ``runs/``, named after the suite
    only : ids of the studies to run; none for all
    on_said : called with which studies are left out, and with what was taken up

    Raises
    ------
    SpecError, DataError
        Of the suite or one of its studies, before anything is fitted.
    """
    suite = loaded.suite
    studies = studies_of(loaded, options, registry, only=only)
    for one in studies.left_out:
        on_said(f"left out: {one.study}, {one.reason}; get them with {one.remedy}")
    if not studies.runs:
        what, hint = "none of its studies can be run here", studies.left_out[0].remedy
        raise SpecError(Problem(str(loaded.document.path), what, hint=hint))
    started = datetime.now(UTC)
    prepared = prepare_studies(studies.runs, registry)
    surroundings = Surroundings(installed_code(), versions(registry.brought_by))
    folder = RunFolder.create(options.out or Path("runs") / suite.suite)
    with locked(folder.path):
        store = CheckpointStore(folder.inner(CELLS))
        if not options.resume:
            store.clear()
        kept = run_cells(prepared, store, surroundings, workers=options.workers, on_progress=on_progress)
        if options.resume:
            on_said(str(kept))
        runs = write_studies(folder, prepared, kept.results, surroundings, started=started)
        record = SuiteRecord(
            suite=suite,
            form=QUICK if options.quick else WHOLE,
            studies=tuple(study.id for study in studies.runs),
            left_out=studies.left_out,
        )
        folder.write_text(RECORD, record.model_dump_json(indent=1) + "\n")
        write_results(folder, record, runs)
    return folder


def report_suite(path: Path) -> RunFolder:
    """Write the tables and the page of a suite again, from the runs of its studies.

    Raises
    ------
    ArtifactError
        Where `path` is not the folder of a suite that was run to its end, or a run in it is damaged.
    """
    folder = RunFolder(path)
    try:
        record = SuiteRecord.model_validate_json((path / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        what = f"is not the folder of a suite that was run to its end: it has no readable {RECORD}"
        raise ArtifactError(
            Problem(str(path), what, hint="name a folder that harness suite wrote")
        ) from error
    with locked(path):
        write_results(folder, record, [RunFolder.open(path / STUDIES / name) for name in record.studies])
    return folder


def write_results(folder: RunFolder, record: SuiteRecord, runs: Sequence[RunFolder]) -> None:
    """Write the tables and the page of a suite.

    Parameters
    ----------
    runs : folders of its studies, in their order
    """
    manifests = [run.manifest() for run in runs]
    results = SuiteResults(
        suite=record.suite,
        form=record.form,
        results=[
            panel for name, run in zip(record.studies, runs, strict=True) for panel in read_panels(name, run)
        ],
        estimators=manifests[0].study.estimators,
        left_out=record.left_out,
    )
    tables = results.tables()
    for name, table in tables.items():
        folder.write_table(name, table)
    is_simulated = all(manifest.data.simulated for manifest in manifests)
    folder.write_text(PAGE, suite_page(record.suite, tables, is_simulated=is_simulated))
