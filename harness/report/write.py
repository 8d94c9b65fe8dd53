"""Write the report of a run into its folder."""

from __future__ import annotations

import json

from harness.report.figures.fonts import font_notes
from harness.report.figures.study_drawings import draw_study
from harness.report.gain_report import report_of
from harness.report.latex import latex_gains
from harness.report.latex_coefficients import latex_coefficients
from harness.report.page import page, render
from harness.report.reading.results import Results
from harness.report.reading.run import Run, RunStore, read_run
from harness.report.section import section
from harness.report.surface_page import surface_page
from harness.report.word_coefficients import word_coefficients
from harness.report.words.contents import described

HTML = "report.html"
SURFACES = "surfaces.html"
GAIN_REPORT = "gain_report.json"
GAIN_LATEX = "tables/gain.tex"
COEFFICIENTS_LATEX = "tables/coefficients.tex"
COEFFICIENTS_WORD = "tables/coefficients.docx"


def write_report(folder: RunStore, *, formats: tuple[str, ...]) -> tuple[str, ...]:
    """Write figures, the accuracy-gain report and the asked formats; the folder's tables are all it reads.

    Parameters
    ----------
    folder : of a finished run
    formats : any of ``html``, ``latex``, ``docx``

    Returns
    -------
    Paths written, relative to the folder.

    Raises
    ------
    ArtifactError
        Where the folder lacks what the report needs, or cannot be written.
    """
    run = read_run(folder)
    results = Results(run)
    sections = tuple(
        section(results, outcome, number=number)
        for number, outcome in enumerate(run.manifest.study.outcomes, start=1)
    )
    drawings = draw_study(run)
    written = []
    for drawing in (*(one for part in sections for one in part.drawings.all), *drawings.all):
        folder.write_bytes(f"figures/{drawing.name}.svg", drawing.svg)
        folder.write_bytes(f"figures/{drawing.name}.png", drawing.png)
        written += [f"figures/{drawing.name}.svg", f"figures/{drawing.name}.png"]
    report = json.dumps(report_of(run), indent=1, ensure_ascii=False, allow_nan=False)
    folder.write_text(GAIN_REPORT, report + "\n")
    written.append(GAIN_REPORT)
    if "latex" in formats:
        folder.write_text(GAIN_LATEX, latex_gains(results))
        written.append(GAIN_LATEX)
        if coefficients := latex_coefficients(run):
            folder.write_text(COEFFICIENTS_LATEX, coefficients)
            written.append(COEFFICIENTS_LATEX)
    if "docx" in formats and (document := word_coefficients(run)):
        folder.write_bytes(COEFFICIENTS_WORD, document)
        written.append(COEFFICIENTS_WORD)
    if "html" in formats:
        if run.conditional.surfaces:
            folder.write_text(SURFACES, surface_page(run))
            written.append(SURFACES)
        written.append(HTML)
        contents = described([*folder.files(), *written], run.manifest)
        shown = page(results, sections, drawings, notes=font_notes(_drawn_names(run)), contents=contents)
        folder.write_text(HTML, render(shown))
    return tuple(written)


def _drawn_names(run: Run) -> tuple[str, ...]:
    """Return every name that a figure shows."""
    study = run.manifest.study
    return (
        *(study.axis_label(name) for name in (*study.outcomes, study.exposure, *study.moderators)),
        *(one.label for one in study.estimators),
        *(one.title for one in study.protocols),
        *dict.fromkeys(row.group for row in run.groups.rows),
    )
