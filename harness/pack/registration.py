"""A registration as files: JSON, which runs are compared with, and Markdown and Word for a registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.errors import ArtifactError
from harness.findings.shape import shape_rates
from harness.language import Coded, marked
from harness.record.manifest import record_text
from harness.report.render.docx import word_document
from harness.running.calibration_record import calibrated_rates, calibration_record
from harness.running.options import REGISTERED, RunOptions
from harness.running.plan import headline_records
from harness.running.prepare import Prepared
from harness.running.registration import registration_of
from harness.tables.findings import ERROR_RATES
from harness.text.plain_text import text_templates


def register(
    prepared: Prepared, options: RunOptions, versions: Mapping[str, str], *, out: Path
) -> Sequence[Path]:
    """Write a registration and return its files.

    Parameters
    ----------
    versions : of Python, the libraries and what brings plugins
    out : of the file that runs are compared with

    Raises
    ------
    ArtifactError
        Where a registration is there already, or the name is of another kind.
    """
    if not out.name.endswith(REGISTERED):
        raise ArtifactError.at(
            str(out),
            marked("is not the name of a registration"),
            Coded("a name *{registered}", registered=REGISTERED),
        )
    if out.exists():
        raise ArtifactError.at(
            str(out),
            marked("was registered already"),
            marked("a new file"),
            marked("keep it, and name another with --out"),
        )
    study, registration = prepared.plan.study, registration_of(prepared, options, versions)
    if options.calibrated is None:
        rates = shape_rates(map(prepared.panels.panel, study.roles.outcomes))
    else:
        record = calibration_record(prepared, versions)
        rates = calibrated_rates(options.calibrated, record)[ERROR_RATES.name]
    text = (
        text_templates(__package__)
        .get_template("registration.md.j2")
        .render(
            one=registration,
            study=study,
            headline=headline_records(study),
            rates=rates.dropna(subset="error_rate").to_dict("records"),
            is_calibrated=options.calibrated is not None,
        )
    )
    start = out.with_name(out.name.removesuffix(".json"))
    contents = {out: record_text(registration).encode(), start.with_name(f"{start.name}.md"): text.encode()}
    contents[start.with_name(f"{start.name}.docx")] = word_document(text)
    for path, content in contents.items():
        with path.open("xb") as file:
            file.write(content)
    return list(contents)
