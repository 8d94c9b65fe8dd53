"""What writes the report of a run into its folder, gain_report.json among its files."""

from __future__ import annotations

import dataclasses
import gc
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.findings.multiverse import Multiverse, honest, multiverses, published_gains
from harness.findings.run import Gains, Rule, Run, RunReader, RunStore, read_run
from harness.findings.table import RULES
from harness.language import marked, rendered, spaced, topic
from harness.record.manifest import Manifest, StudyRecord
from harness.report.blocks import Picture, ReportTable, code_cell, record_table, text_column
from harness.report.drawing.canvas import font_notes
from harness.report.front import front_of
from harness.report.page import (
    APPENDIX,
    REPORT,
    Page,
    PageSection,
    assembled,
    has_appendix,
    render_brief,
    render_pages,
)
from harness.report.paper.tables import PAPER, paper_files
from harness.report.render.docx import word_tables
from harness.report.sections.section import ReportFile, Section, plain_section
from harness.running.files import GAIN_REPORT, locked
from harness.running.folder import RunFolder
from harness.study.spec.study import ReportFormat
from harness.tables.accuracy import ACCURACY, AccuracyRow
from harness.tables.claims import CLAIMS
from harness.tables.decision import ABOVE
from harness.tables.findings import FINDINGS
from harness.tables.gain import DECOMPOSITION, GAIN, MULTIVERSE_CHOICES, GainRow
from harness.tables.preparation import WARNINGS
from harness.tables.registry import PARQUET_TABLES
from harness.tables.table import CODE, DETAILS
from harness.text.render import caveat_texts, localised

if TYPE_CHECKING:
    import pandas as pd

# Of the format: the first number changes where a reader of the old one would err, the second where something
# is added. ``gain_report.schema.json`` beside this file defines it.
VERSION = "4.0"

STUDY_FIELDS = (
    *("id", "title", "seed", "quick", "entity", "time", "exposure", "reference", "level", "least_gain"),
)
PROTOCOL_FIELDS = ("id", "title", "how", "keeps_test_rows_apart")
SCHEMA = "gain_report.schema.json"

CELL_FIELDS = (
    *("outcome", "estimator", "protocol", "sample", "status", "reason", "n_obs", "n_entities"),
    *("mse", "rmse", "nmse", "r2"),
)
ESTIMATOR_FIELDS = ("id", "use", "label", "options")
GAIN_FIELDS = (
    *("reference", "conf_low", "conf_high", "p_value", "p_holm", "least_detectable", "mse_reference"),
    *("inference", "n_folds", "decision"),
    *("n_entities", "status", "reason"),
)
PART_FIELDS = (
    *("outcome", "estimator", "reference", "part", "protocol", "estimate", "conf_low", "conf_high"),
    *("mse", "mse_reference", "decision"),
)
CHOICE_FIELDS = ("choice", "level", "n", "mean_gain", "share_of_variance")


def gain_report(folder: RunReader, *, messages: Sequence[Path] = ()) -> dict[str, Any]:
    """Return the content of gain_report.json for the run in a folder.

    Parameters
    ----------
    messages : folders of the plugins' catalogs, for a report in another language
    """
    with localised(read_run(folder), messages=messages) as run:
        return report_of(run)


def report_of(run: Run) -> dict[str, Any]:
    """Return the accuracy-gain report of a run, in the language in use; missing numbers are None."""
    manifest = run.manifest
    study = manifest.study
    gains: dict[tuple[str, str, str, str], dict[str, GainRow]] = {}
    for row in run.rows(GAIN):
        gains.setdefault(_key(row), {})[row.reference] = row
    over = Gains(run)
    return {
        "gain_report_version": VERSION,
        "study": _fields(study, STUDY_FIELDS)
        | {
            "outcomes": [
                {"name": name, "label": study.label(name), "unit": study.unit(name)}
                for name in study.outcomes
            ]
        },
        "data": {name: own for name, own in vars(manifest.data).items() if not name.endswith(CODE)},
        "spec": {"path": manifest.spec.path, "sha256": manifest.spec.sha256},
        "versions": dict(manifest.versions),
        "estimators": [_fields(entry, ESTIMATOR_FIELDS) for entry in study.estimators],
        "protocols": [
            _fields(entry, PROTOCOL_FIELDS) | {"leaks": list(map(dataclasses.asdict, entry.leaks))}
            for entry in study.protocols
        ],
        "cells": [_cell(row, gains.get(_key(row), {}), study) for row in run.rows(ACCURACY)],
        "verdicts": [_verdict(over, outcome) for outcome in study.outcomes],
        "further_verdicts": [_verdict(one, outcome) for one in over.further for outcome in study.outcomes],
        "decomposition": [_fields(row, PART_FIELDS) for row in run.rows(DECOMPOSITION)],
        "multiverse": [_multiverse(run, one) for one in run.view(multiverses)],
    }


def _key(row: AccuracyRow | GainRow) -> tuple[str, str, str, str]:
    return row.outcome, row.estimator, row.protocol, row.sample


def _fields(value: object, names: Sequence[str]) -> dict[str, Any]:
    return {name: json_value(getattr(value, name)) for name in names}


def _cell(row: AccuracyRow, gains: Mapping[str, GainRow], study: StudyRecord) -> dict[str, Any]:
    """Return a cell with its gains, by reference."""
    over = {name: _gain(gain) for name, gain in gains.items()}
    further = [over[name] for name in study.further_references if name in over]
    return _fields(row, CELL_FIELDS) | {"gain": over.get(study.reference), "further_gains": further}


def _gain(row: GainRow) -> dict[str, Any]:
    return _fields(row, GAIN_FIELDS) | {"estimate": json_value(row.gain)}


def _verdict(gains: Gains, outcome: str) -> dict[str, Any]:
    """Return the verdicts over one reference; over the study's, with what stands against them."""
    run = gains.run
    rows = run.rows(FINDINGS, outcome=outcome, finding="gain", about=gains.reference)
    verdicts = [row for row in rows if not row.estimator]
    doubted = () if gains.over else verdicts
    caveats = dict.fromkeys(text for row in doubted for text, _ in caveat_texts(row, run.manifest.study))
    return {
        "outcome": outcome,
        "reference": gains.reference,
        "established": [row.estimator for row in rows if row.is_established and row.decision == ABOVE],
        "words": [spaced(" ".join(row.text for row in verdicts)), *map(spaced, caveats)],
    }


def _multiverse(run: Run, multiverse: Multiverse) -> dict[str, Any]:
    study = run.manifest.study
    apart = honest(study, multiverse)
    return {
        "outcome": multiverse.outcome,
        "estimator": multiverse.estimator,
        "all": multiverse.tally(),
        "apart": apart.tally() if apart.combinations else None,
        "published": [
            {"gain": row.published, "source": row.source, "n_below": multiverse.n_below(row.published)}
            for row in published_gains(run.rows(CLAIMS), multiverse)
        ],
        "choices": [
            _fields(row, CHOICE_FIELDS) for row in run.rows(MULTIVERSE_CHOICES, outcome=multiverse.outcome)
        ],
    }


def json_value(value: Any) -> Any:  # noqa: ANN401 - JSON values are of any type
    """Return a value, None for a number that is not finite: JSON knows none."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def json_rows(frame: pd.DataFrame) -> str:
    """Return the rows of a table as JSON, a line for each number."""
    rows = [{name: json_value(value) for name, value in row.items()} for row in frame.to_dict("records")]
    return json.dumps(rows, indent=1, ensure_ascii=False, allow_nan=False)


def gain_report_schema() -> Mapping[str, Any]:
    """Return the JSON Schema, draft 2020-12, that ``gain_report.json`` of every run follows."""
    read: Mapping[str, Any] = json.loads((files(__package__) / SCHEMA).read_text(encoding="utf-8"))
    return read


gettext = topic("report.write")


BRIEF = "brief.html"
DOCX = "tables/tables.docx"
FIGURES = "figures"

# What files hold that are no result tables: those of the run, and those of the report.
RECORDS: Mapping[str, str] = {
    "manifest.json": marked(
        "what was run, on what and with what, how each cell ended, the SHA-256 of every file"
    ),
    "manifest.sha256": marked("the SHA-256 of the manifest; `sha256sum -c manifest.sha256` checks it"),
    "spec.yaml": marked("the spec that was run"),
    "data.parquet": marked("the data, where the run was given a table of a script"),
}
REPORTED: Mapping[str, str] = {
    f"{DETAILS}*.csv": marked("details of the fits: tests, statistics, choices, networks"),
    GAIN_REPORT: marked("errors, gains, protocols and their information leakage, for programs"),
    REPORT: marked("this report"),
    APPENDIX: marked("what the report's sections have more of: tables, figures and notes"),
    BRIEF: marked("its first screen with the notes, two pages for print"),
    f"{PAPER}/*": marked("results as a paper prints them, each for LaTeX, Word, browsers, and as CSV"),
    DOCX: marked("every table of the report, whole, with three rules, for Word"),
    f"{FIGURES}/*.svg": marked("its figures, for print; `harness report RUN --png --pdf` adds these kinds"),
}


@dataclass(frozen=True)
class Reporter:
    """Writes reports of finished runs from the tables in their folders, which are all it reads.

    Attributes
    ----------
    sections : that a report may have, in any order; those that are present in a run are shown
    messages : folders of the plugins' catalogs in other languages
    pictures : kinds of files of every figure next to the SVG
    rules : on result tables, with the words of their sentences
    """

    sections: Sequence[Section] = ()
    messages: Sequence[Path] = ()
    pictures: Sequence[Picture] = ()
    rules: Sequence[Rule] = RULES

    def report(self, path: Path, *, forced: Sequence[str] = ()) -> RunFolder:
        """Write the report of a run in the formats that its spec asks for.

        Parameters
        ----------
        forced : files that are not as the run wrote them, which the manifest then says

        Raises
        ------
        ArtifactError
            Where `path` is not the folder of a finished run.
        """
        with _finished(path, forced) as (folder, manifest):
            self.write(folder, manifest.study.formats)
        return RunFolder(path)

    def brief(self, path: Path, *, forced: Sequence[str] = ()) -> Path:
        """Write the first screen of a run's report, and what to know of it, as two pages for print.

        Returns
        -------
        The page.

        Raises
        ------
        ArtifactError
            As `report` does.
        """
        with _finished(path, forced) as (folder, _), self._translated(folder) as run:
            folder.write_text(BRIEF, render_brief(run, Page(run.rows(WARNINGS)), front_of(run)))
        return path / BRIEF

    def write(self, folder: RunStore, formats: Sequence[ReportFormat]) -> tuple[str, ...]:
        """Write the accuracy-gain report, and the requested formats with their figures.

        Returns
        -------
        Paths written, relative to the folder.

        Raises
        ------
        ArtifactError
            Where the folder lacks what the report needs, or cannot be written.
        """
        with self._translated(folder) as run:
            report = json.dumps(report_of(run), indent=1, ensure_ascii=False, allow_nan=False)
            folder.write_text(GAIN_REPORT, report + "\n")
            return (GAIN_REPORT, *self._write_for_readers(folder, run, formats))

    def _translated(self, folder: RunStore) -> AbstractContextManager[Run]:
        return localised(read_run(folder), messages=self.messages, rules=self.rules)

    def _write_for_readers(
        self, folder: RunStore, run: Run, formats: Sequence[ReportFormat]
    ) -> tuple[str, ...]:
        """Write figures and the requested formats, in the language in use, and return their paths.

        Without a format nobody reads them, and there are none.
        """
        if not formats:
            return ()
        with _collected_apart():
            front = front_of(run, pictures=self.pictures)
            shown = {name for section in self.sections for name in section.tables}
            rest = (table for table in run.manifest.scenario_tables if table.name not in shown)
            every = (*self.sections, *map(plain_section, rest))
            sections = assembled(run, every, formats, pictures=self.pictures)
        figures = [*front.figures, *(figure for section in sections for figure in section.figures)]
        added = [file for section in sections for file in section.files]
        files = [*added, *paper_files(run, formats)]
        for figure in figures:
            prints, name = figure.prints, f"{FIGURES}/{figure.name}"
            files.append(ReportFile(f"{name}.svg", prints.svg, figure.alt))
            files += [ReportFile(f"{name}.{kind}", own, figure.alt) for kind, own in prints.pictures.items()]
        for file in files:
            if isinstance(file.content, str):
                folder.write_text(file.path, file.content)
            else:
                folder.write_bytes(file.path, file.content)
        written = [file.path for file in files]
        if "html" in formats:
            written += [REPORT, APPENDIX] if has_appendix(sections) else [REPORT]
        written += [DOCX] if "docx" in formats else []
        for name in folder.files():
            if (name.startswith(f"{FIGURES}/") or name == APPENDIX) and name not in written:
                folder.remove(name)
        if {REPORT, DOCX} & set(written):
            contents = contents_table([*folder.files(), *written, GAIN_REPORT], run.manifest, added)
            lacking = font_notes(_drawn_names(run, sections))
            page = Page((*run.rows(WARNINGS), *lacking), contents)
            pages, tables = render_pages(run, page, front, sections)
            for name, html in pages.items():
                if name in written:
                    folder.write_text(name, html)
            if DOCX in written:
                folder.write_bytes(DOCX, word_tables(tables))
        return tuple(written)


@contextmanager
def _collected_apart() -> Iterator[None]:
    """Collect the garbage of what is made in the block alone: figures are made in four fifths of the time."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextmanager
def _finished(path: Path, forced: Sequence[str]) -> Iterator[tuple[RunFolder, Manifest]]:
    """Yield a finished run as it is built anew, and its manifest, in which hashes are new afterwards."""
    folder = RunFolder.open(path)
    manifest = folder.manifest()
    with locked(path), folder.amended() as new:
        yield new, manifest
        new.amend_manifest(forced=forced)


def _drawn_names(run: Run, sections: Sequence[PageSection]) -> tuple[str, ...]:
    """Return every name that a figure shows."""
    study = run.manifest.study
    return (
        *(study.axis_label(name) for name in (*study.outcomes, study.exposure, *study.moderators)),
        *(estimator.label for estimator in study.estimators),
        *(protocol.title for protocol in study.protocols),
        *(name for shown in sections for name in shown.drawn_names),
    )


def contents_table(present: Iterable[str], manifest: Manifest, added: Iterable[ReportFile]) -> ReportTable:
    """Return the files that are there, or that the report adds, each with what it holds.

    Parameters
    ----------
    present : paths within the run folder; figures have one row together, and so have details
    added : files of the report's sections
    """
    there = {_kind(name) for name in present} | {"manifest.json", "manifest.sha256"}
    tables = (*manifest.tables.values(), *PARQUET_TABLES)
    held = [
        *RECORDS.items(),
        *((table.file, table.description) for table in tables),
        *REPORTED.items(),
        *((file.path, file.holds) for file in added),
    ]
    return record_table(
        gettext("Files of the run folder"),
        [("", [one for one in held if one[0] in there])],
        (gettext("File"), lambda one: code_cell(one[0])),
        (text_column(gettext("What it holds")), lambda one: rendered(one[1])),
    )


def _kind(path: str) -> str:
    """Return the row of the table of contents that a file is in."""
    starts = {name.partition("*")[0]: name for name in REPORTED if "*" in name}
    return next((name for start, name in starts.items() if path.startswith(start)), path)
