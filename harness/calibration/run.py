"""Calibrate a study: read it, repeat it on drawn panels, write the tables and the page."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from harness.calibration.drawn_study import Findings
from harness.calibration.form import calibration_form
from harness.calibration.page import calibration_page
from harness.calibration.rows import Calibration, CalibrationRow, FeatureRow, Reduction
from harness.calibration.table import LEVEL, Truth, calibration_tables
from harness.installed import installed
from harness.record.manifest import Manifest
from harness.running.calibration_record import CALIBRATION_RECORD, calibration_record
from harness.running.dependence import Surroundings, installed_code, versions
from harness.running.files import locked
from harness.running.folder import RunFolder
from harness.running.options import RunOptions
from harness.running.plan import make_plan
from harness.running.prepare import Prepared, prepare
from harness.running.progress import Progress
from harness.running.provenance import manifest_of
from harness.tables.findings import ERROR_RATES
from harness.tables.table import read_rows

CALIBRATION = "calibration"
"""Name of the table, and of the page."""

FORM = "calibration_form"
"""Name of the table of what was reduced."""

FEATURES = "calibration_features"
"""Name of the table of what drawn panels kept of the data."""


def calibrate(options: RunOptions, truth: Truth, *, on_progress: Progress | None = None) -> Path:
    """Repeat a study on drawn panels, write tables and a page on them, and return the page's path.

    ``calibration.csv`` holds how often what was found, ``error_rates.csv`` how often what is not there,
    ``calibration_features.csv`` what the drawn panels kept of the data, ``calibration_form.csv`` what was
    reduced, and ``calibration.json`` of which study it all is.

    Raises
    ------
    SpecError, DataError, ArtifactError
        Before anything is fitted.
    """
    registry = installed(options.plugins)
    started, prepared = datetime.now(UTC), prepare(options, registry)
    form = calibration_form(prepared.plan.study)
    plan = make_plan(form.study, prepared.panels, registry.catalogs)
    folder = RunFolder.create(options.out or Path("runs") / f"{plan.study.study}-{CALIBRATION}")
    count = _counter(truth.n_panels * len(truth.effects), on_progress)
    record = calibration_record(prepared, versions(registry.brought_by))
    manifest = calibration_manifest(options, prepared, truth, started)
    keep = [file.path for file in prepared.table.files]
    with locked(folder.path), folder.replaced(keep=keep) as new:
        new.write_table(FORM, form.reductions)
        tables = calibration_tables(plan, manifest, truth, workers=options.workers, on_done=count)
        new.write_table(CALIBRATION, tables.shares)
        new.write_table(ERROR_RATES.name, tables.error_rates)
        new.write_table(FEATURES, tables.features)
        found = Calibration(
            manifest=manifest,
            n_panels=truth.n_panels,
            effects=truth.effects,
            limits=LEVEL,
            rows=read_rows(tables.shares, CalibrationRow, table=CALIBRATION),
            features=read_rows(tables.features, FeatureRow, table=FEATURES),
            reductions=read_rows(form.reductions, Reduction, table=FORM),
        )
        new.write_text(f"{CALIBRATION}.html", calibration_page(found, messages=registry.messages))
        new.write_text(CALIBRATION_RECORD, record.to_json())
    return folder.path / f"{CALIBRATION}.html"


def _counter(n_panels: int, on_progress: Progress | None) -> Callable[[Findings], None]:
    """Tell that nothing is done yet, and return what tells of each panel that is."""
    done = 0
    tell = on_progress or (lambda _done, _total, _now: None)
    tell(done, n_panels, "the first panels")

    def count(findings: Findings) -> None:
        nonlocal done
        done += 1
        tell(done, n_panels, f"those after {findings.label}")

    return count


def calibration_manifest(
    options: RunOptions, prepared: Prepared, truth: Truth, started: datetime
) -> Manifest:
    """Return what the page says of the study that was repeated, but for the time that it took."""
    spec = options.spec_path(Path())
    words = ["harness", "calibrate", spec.as_posix(), "--panels", str(truth.n_panels)]
    used = Surroundings(installed_code(), versions(installed(options.plugins).brought_by))
    manifest = manifest_of(options, prepared, used, folder=Path(), started=started, seconds=0.0)
    return replace(manifest, command=shlex.join([*words, "--effect", f"{truth.effect:g}"]))
