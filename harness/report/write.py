"""What writes the report of a run into its folder."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from harness.errors import ArtifactError, Problem
from harness.findings.run import Run, RunStore, read_run
from harness.record.manifest import Manifest
from harness.report.contents import FIGURES, described
from harness.report.drawing.canvas import RenderedFigure
from harness.report.drawing.fonts import FONT_CODE, font_notes
from harness.report.front.front import front_of
from harness.report.gain_report import report_of
from harness.report.page import page_of, render_brief, render_page
from harness.report.paper.files import paper_files
from harness.report.render.docx import word_tables
from harness.report.sections.section import ReportFile, Section
from harness.report.shown import IN_THIS_PROCESS, ShownSection, shown_sections
from harness.report.told import told
from harness.running.csv_table import as_declared, csv_text
from harness.running.files import locked
from harness.running.folder import RunFolder
from harness.running.workers import Workers
from harness.study.spec.study import ReportFormat
from harness.tables.findings import FINDINGS
from harness.tables.preparation import WARNINGS, Note

HTML = "report.html"
BRIEF = "brief.html"
GAIN_REPORT = "gain_report.json"
DOCX = "tables/tables.docx"


@dataclass(frozen=True)
class Reporter:
    """Writes reports of finished runs from the tables in their folders, which are all it reads.

    Attributes
    ----------
    sections : that a report may have, in any order; those that are present in a run are shown
    messages : folders of the plugins' catalogs in other languages
    workers : that print figures
    """

    sections: Sequence[Section] = ()
    messages: Sequence[Path] = ()
    workers: Workers = IN_THIS_PROCESS

    def report(self, path: Path) -> RunFolder:
        """Write the report of a run in the formats that its spec asks for.

        Raises
        ------
        ArtifactError
            Where `path` is not the folder of a finished run, or that of a version without a table of
            findings.
        """
        folder = RunFolder.open(path)
        manifest = folder.manifest()
        _require_findings(manifest)
        with locked(path):
            self.write(folder, manifest.study.formats)
            folder.write_manifest(manifest)
        return folder

    def brief(self, path: Path) -> Path:
        """Write the first screen of a run's report, and what to know of it, as two pages for print.

        Returns
        -------
        The page.

        Raises
        ------
        ArtifactError
            As `report` does.
        """
        folder = RunFolder.open(path)
        manifest = folder.manifest()
        _require_findings(manifest)
        with locked(path):
            with self._told(folder) as run:
                page = page_of(run.rows(WARNINGS), ())
                brief = render_brief(run, page, front_of(run))
            folder.write_text(BRIEF, brief)
            folder.write_manifest(manifest)
        return path / BRIEF

    def write(self, folder: RunStore, formats: Sequence[ReportFormat]) -> tuple[str, ...]:
        """Write figures, the accuracy-gain report and the asked formats.

        Returns
        -------
        Paths written, relative to the folder.

        Raises
        ------
        ArtifactError
            Where the folder lacks what the report needs, or cannot be written.
        """
        with self._told(folder) as run:
            report = json.dumps(report_of(run), indent=1, ensure_ascii=False, allow_nan=False)
            folder.write_text(GAIN_REPORT, report + "\n")
            return (GAIN_REPORT, *self._write_for_readers(folder, run, formats))

    def _told(self, folder: RunStore) -> AbstractContextManager[Run]:
        return told(read_run(folder), messages=self.messages)

    def _write_for_readers(
        self, folder: RunStore, run: Run, formats: Sequence[ReportFormat]
    ) -> tuple[str, ...]:
        """Write figures and the asked formats, in the language in use, and return their paths."""
        front = front_of(run)
        shown = shown_sections(run, self.sections, formats, before=front.figures, workers=self.workers)
        written = [*_write_figures(folder, [*front.figures, *_figures(shown)])]
        _warn_of_fonts(folder, font_notes(_drawn_names(run, shown)))
        files = [file for section in shown for file in section.files]
        for file in files:
            _write(folder, file)
        written += [file.path for file in files]
        for file in paper_files(run, formats):
            _write(folder, file)
            written.append(file.path)
        written += [HTML] if "html" in formats else []
        written += [DOCX] if "docx" in formats else []
        if {HTML, DOCX} & set(written):
            contents = described([*folder.files(), *written, GAIN_REPORT], run.manifest, files)
            # The table of warnings was written again for fonts.
            page = page_of(read_run(folder).rows(WARNINGS), contents)
            rendered = render_page(run, page, front, shown)
            if HTML in written:
                folder.write_text(HTML, rendered.html)
            if DOCX in written:
                folder.write_bytes(DOCX, word_tables(rendered.tables))
        return tuple(written)


def _require_findings(manifest: Manifest) -> None:
    """Refuse a folder of the time when the verdict was no table: its report would have none."""
    if FINDINGS.file in manifest.files:
        return
    version = manifest.versions.get("panel-harness", "unknown")
    what = (
        f"the folder is in an older format, written by panel-harness {version}: it has no such table, from "
        "which alone the sentences of the report are made"
    )
    hint = f"run the study again with this version: {manifest.command}"
    raise ArtifactError(Problem(FINDINGS.file, what, hint=hint))


def _warn_of_fonts(folder: RunStore, notes: Sequence[Note]) -> None:
    """Put what fonts this machine lacks into the table of warnings, in the place of what another lacked."""
    warnings = folder.read_table(WARNINGS.name)
    others = warnings[warnings["code"] != FONT_CODE] if len(warnings) else warnings
    if notes or len(others) < len(warnings):
        table = as_declared(WARNINGS, [others, pd.DataFrame([asdict(note) for note in notes])])
        folder.write_text(WARNINGS.file, csv_text(table))


def _figures(sections: Sequence[ShownSection]) -> Iterator[RenderedFigure]:
    return (figure for shown in sections for figure in shown.figures)


def _write_figures(folder: RunStore, figures: Iterable[RenderedFigure]) -> Iterator[str]:
    for figure in figures:
        for ending, content in (("svg", figure.svg), ("png", figure.png)):
            path = f"{FIGURES}/{figure.name}.{ending}"
            folder.write_bytes(path, content)
            yield path


def _write(folder: RunStore, file: ReportFile) -> None:
    if isinstance(file.content, str):
        folder.write_text(file.path, file.content)
    else:
        folder.write_bytes(file.path, file.content)


def _drawn_names(run: Run, sections: Sequence[ShownSection]) -> tuple[str, ...]:
    """Return every name that a figure shows."""
    study = run.manifest.study
    return (
        *(study.axis_label(name) for name in (*study.outcomes, study.exposure, *study.moderators)),
        *(estimator.label for estimator in study.estimators),
        *(protocol.title for protocol in study.protocols),
        *(name for shown in sections for name in shown.drawn_names),
    )
