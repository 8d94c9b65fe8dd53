"""What each file of a run folder holds, for the reader of the report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from harness.language import gettext, marked
from harness.record.manifest import Manifest
from harness.report.sections.section import ReportFile
from harness.tables.registry import PARQUET_TABLES

FIGURES = "figures"
"""Folder of the figures within that of a run."""

DETAILS = "details"
"""Folder of the tables that plugins add."""


PAPER = "tables/paper"
"""Folder of the tables for a paper."""

RECORDS: Mapping[str, str] = {
    "manifest.json": marked(
        "what was run, on what and with what, how each cell ended, the SHA-256 of every file"
    ),
    "manifest.sha256": marked("the SHA-256 of the manifest; `sha256sum -c manifest.sha256` checks it"),
    "spec.yaml": marked("the spec that was run"),
    "messages.json": marked(
        "reasons and notes by message, from which a report in another language makes them"
    ),
    "data.parquet": marked("the data, where the run was given a table of a script"),
}
SHOWN: Mapping[str, str] = {
    f"{DETAILS}/*.csv": marked("what fits tell of themselves: tests, statistics, what they chose, networks"),
    "gain_report.json": marked("errors, gains, protocols and what they leak, for programs"),
    "report.html": marked("this report"),
    "brief.html": marked("its first screen with the notes, two pages for print"),
    f"{PAPER}/*": marked("results as a paper prints them, each for LaTeX, Word, browsers, and as CSV"),
    "tables/tables.docx": marked("every table of the report, whole, with three rules, for Word"),
    f"{FIGURES}/*.svg, *.png": marked("its figures, for print"),
}


def described(
    present: Iterable[str], manifest: Manifest, added: Sequence[ReportFile]
) -> tuple[tuple[str, str], ...]:
    """Return the files that are there, or that the report adds, each with what it holds.

    Parameters
    ----------
    present : paths within the run folder; figures are told as one, and so are details
    added : files of the report's sections
    """
    there = {_kind(name) for name in present} | {"manifest.json", "manifest.sha256"}
    return tuple((name, gettext(what)) for name, what in _files(manifest, added) if name in there)


def _files(manifest: Manifest, added: Sequence[ReportFile]) -> Iterator[tuple[str, str]]:
    yield from RECORDS.items()
    for table in (*manifest.tables.values(), *PARQUET_TABLES):
        yield table.file, table.description
    yield from SHOWN.items()
    for file in added:
        yield file.path, file.holds


def _kind(name: str) -> str:
    """Return the entry under which a file is told."""
    if name.startswith(f"{FIGURES}/"):
        return f"{FIGURES}/*.svg, *.png"
    if name.startswith(f"{PAPER}/"):
        return f"{PAPER}/*"
    return f"{DETAILS}/*.csv" if name.startswith(f"{DETAILS}/") else name
