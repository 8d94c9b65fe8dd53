"""The sections of what was run: estimators, warnings, cells without a result; and how to reproduce it."""

from __future__ import annotations

from collections.abc import Iterator

from harness.findings.run import Run
from harness.language import gettext, marked, translated
from harness.record.manifest import EstimatorRecord, Manifest, options_in_words
from harness.report import blocks
from harness.report.sections.section import Section
from harness.report.table import RecordColumn, ReportTable, code_cell, record_table
from harness.tables.table import NOT_DONE
from harness.text.numbers import significant


def estimator_blocks(run: Run) -> Iterator[blocks.ReportBlock]:
    """Yield the cells without a result; in the appendix the warnings and the estimators."""
    unknown = gettext("no reason was recorded")
    undone: list[blocks.Words] = [
        (blocks.Phrase(one.cell, "strong"), f" ({gettext(one.status)}): {translated(one.reason) or unknown}")
        for one in run.manifest.cells
        if one.status in NOT_DONE
    ]
    if undone:
        yield blocks.Heading(gettext("Cells without a result"))
        yield blocks.Bullets(tuple(undone))
    warnings = blocks.Heading(gettext("Notes"), anchor="warnings"), blocks.PagePart("warnings")
    yield blocks.Appendix((*warnings, estimator_table(run)))


def estimator_table(run: Run) -> ReportTable:
    """Return the estimators; the files have their options, too."""
    columns: list[RecordColumn[EstimatorRecord]] = [
        RecordColumn(gettext("Estimator"), cell=lambda entry: entry.label),
        RecordColumn(gettext("Id"), "text", cell=lambda entry: code_cell(entry.id)),
        RecordColumn(gettext("Method"), "text", cell=lambda entry: code_cell(entry.use)),
        RecordColumn(
            gettext("Options"),
            is_for_files=True,
            cell=lambda entry: options_in_words(entry.options) or gettext("as by default"),
        ),
    ]
    caption = gettext("Estimators; their options are in the CSV")
    return record_table(caption, columns, run.manifest.study.estimators)


def reproduce_blocks(run: Run) -> Iterator[blocks.ReportBlock]:
    """Yield the command; in the appendix seed, spec, data, versions and the files of the run folder."""
    manifest = run.manifest
    yield blocks.Paragraph(blocks.Phrase(manifest.command, "code"))
    text = gettext(
        "The same spec, data and versions give the same numbers. `harness verify RUN`, RUN being the folder "
        "of this report, checks every file and recomputes errors, gains and p-values from the stored "
        "predictions; `harness compare RUN OTHER` shows what differs from another run."
    )
    yield blocks.Paragraph(blocks.rich(text))
    text = gettext("The run began on {started} and took {seconds} seconds.")
    took = text.format(started=manifest.started, seconds=significant(manifest.seconds, 3))
    yield blocks.Appendix((blocks.Paragraph(took), provenance(manifest), blocks.PagePart("contents")))


def provenance(manifest: Manifest) -> blocks.Definitions:
    """Return what a run, or a calibration, was made with: seed, spec, data and versions."""
    return blocks.Definitions(
        (
            (gettext("Seed"), str(manifest.study.seed)),
            (gettext("Spec"), _hashed(blocks.Phrase(manifest.spec.path, "code"), manifest.spec.sha256)),
            (gettext("Data"), _hashed(manifest.data.origin, manifest.data.sha256)),
            (gettext("Versions"), ", ".join(f"{name} {own}" for name, own in manifest.versions.items())),
        )
    )


def _hashed(what: str | blocks.Phrase, sha256: str | None) -> blocks.Words:
    """Return something with its SHA-256, where it has one."""
    return (what, ", SHA-256 ", blocks.Phrase(sha256, look="hash")) if sha256 else (what,)


ESTIMATORS_SECTION = Section("estimators", marked("Estimators and warnings"), 1500, estimator_blocks)
REPRODUCE_SECTION = Section("reproduce", marked("How to reproduce"), 1600, reproduce_blocks)
