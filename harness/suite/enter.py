"""Entries from outside: an estimator more on the folds of a suite that was run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from harness.errors import ArtifactError
from harness.language import Coded, marked
from harness.registry.registry import Registry
from harness.running.folder import RunFolder
from harness.running.options import RunOptions
from harness.running.progress import Progress
from harness.study.spec.document import read_document
from harness.suite.page import TITLES
from harness.suite.results import (
    BEGUN,
    QUICK,
    RECORD,
    SUITE_RANKS,
    SUITE_SUMMARY,
    SuiteRecord,
    read_record,
    read_suite_table,
)
from harness.suite.run import run_suite
from harness.suite.spec import Suite, Written, id_of, load_suite, with_entry
from harness.text.numbers import fixed, interval, percent


def enter_suite(
    options: RunOptions, entry: Path, registry: Registry, *, on_progress: Progress | None = None
) -> tuple[str, ...]:
    """Run one more estimator on the studies of a run of a suite, and return its rows in words.

    Parameters
    ----------
    options : the suite's file, the folder, workers; whole or quick is what the folder's run is
    entry : YAML file of an estimator, as a spec has it

    Raises
    ------
    SpecError
        Where suite or entry cannot be read, or the suite itself has an estimator of that id.
    DataError
        Where the data of no study can be used.
    ArtifactError
        Where the folder is of no run, or of another suite or edition.
    """
    loaded = load_suite(options.spec_path(Path()))
    folder = options.out or Path("runs") / loaded.suite.suite
    record = read_record(folder)
    if (record.suite.suite, record.suite.edition) != (loaded.suite.suite, loaded.suite.edition):
        what = Coded(
            "is of the suite {suite}, edition {edition}",
            suite=record.suite.suite,
            edition=record.suite.edition,
        )
        expected = Coded("{suite}, edition {edition}", suite=loaded.suite.suite, edition=loaded.suite.edition)
        raise ArtifactError.at(str(folder), what, expected, marked("name the folder of a run of this suite"))
    new = read_document(entry).data
    suite = with_entry(_with_earlier(loaded.suite, record.suite, but=id_of(new)), new, str(entry))
    run_suite(
        replace(loaded, suite=suite),
        replace(options, out=folder, quick=record.form == QUICK, resume=True),
        registry,
        only=_studies(folder),
        on_progress=on_progress,
        on_message=lambda _: None,
    )
    return tuple(_lines(folder, id_of(new), suite))


def _studies(folder: Path) -> tuple[str, ...]:
    """Return the studies that a run has, those too that an entry which was cut off did not come to."""
    kept = (RunFolder(folder).read_bytes(name) for name in (RECORD, BEGUN))
    records = [SuiteRecord.model_validate_json(text) for text in kept if text]
    return tuple(dict.fromkeys(study for record in records for study in record.studies))


def _with_earlier(suite: Suite, of_run: Suite, *, but: str) -> Suite:
    """Return a suite with the estimators that entered a run of it before, but one."""
    entered: Mapping[str, Written] = dict(zip(of_run.estimator_ids, of_run.estimators, strict=True))
    earlier = [one for name, one in entered.items() if name not in (*suite.estimator_ids, but)]
    return suite.model_copy(update={"estimators": (*suite.estimators, *earlier)})


def _lines(folder: Path, estimator: str, suite: Suite) -> Iterator[str]:
    """Yield the rows of an estimator, one a protocol."""
    ranks, summary = (read_suite_table(folder, table) for table in (SUITE_RANKS, SUITE_SUMMARY))
    summary = summary[summary["over"] == "simple"].set_index(["protocol", "estimator"])
    for rank in ranks[ranks["estimator"] == estimator].to_dict("records"):
        line = (
            f"{estimator}: {TITLES.get(rank['protocol'], rank['protocol'])}: average rank "
            f"{fixed(rank['average_rank'], 2)} of {len(suite.estimator_ids)}, {int(rank['n_panels'])} panels"
        )
        if (rank["protocol"], estimator) in summary.index:
            row = summary.loc[(rank["protocol"], estimator)]
            limits = interval(row["conf_low"], row["conf_high"], 3)
            line += (
                f"; over the best simple rival: wins {percent(row['win_rate'], 0)}, mean log error ratio "
                f"{fixed(row['log_error_ratio'], 3)} {limits}, {int(row['n_refused'])} refused"
            )
        yield line
