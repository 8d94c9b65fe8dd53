"""Calibrate a study: read it, repeat a cheap form of it on drawn panels, write the tables and the page."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from harness.calibration.drawn_study import Findings
from harness.calibration.page import calibration_page
from harness.calibration.rows import Calibration, CalibrationRow, FeatureRow, Reduction
from harness.calibration.table import LEVEL, Truth, calibration_tables
from harness.estimators.protocol import Estimator
from harness.findings.table import RULES
from harness.installed import installed
from harness.record.manifest import Manifest, record_text
from harness.running.calibration_record import CALIBRATION_RECORD, calibration_record
from harness.running.capped import Most, capped
from harness.running.dependence import Surroundings, installed_code, versions
from harness.running.files import locked
from harness.running.folder import RunFolder
from harness.running.options import RunOptions
from harness.running.plan import as_quick, make_plan
from harness.running.prepare import Prepared, prepare
from harness.running.progress import Progress
from harness.running.provenance import manifest_of
from harness.study.spec.study import Study
from harness.tables.findings import ERROR_RATES
from harness.tables.table import columns_of, read_rows

CAPS: Most = {
    "repeats": 1,
    "folds": 2,
    "grid": 12,
    "draws": 40,
    "fold_draws": 5,
    "draw_restarts": 1,
    "sizes_around": 0,
    "restarts": 1,
    "map_starts": 1,
    "max_steps": 50,
    "patience": 15,
    "max_rounds": 50,
    "trees": 30,
    "draw_trees": 15,
}
"""Repetitions and steps of a fit, splits that are drawn again and again, points of curves and draws of bands.
With as few draws, limits of level 0.95 are still within the draws."""

GAIN_DRAWS = 300
"""Draws of the intervals of gains."""


@dataclass(frozen=True, eq=False)
class CalibrationForm:
    """A study as a calibration repeats it.

    Attributes
    ----------
    study : what is repeated
    reductions : columns of `Reduction`, every option that is not as in the spec
    """

    study: Study
    reductions: pd.DataFrame


def calibration_form(study: Study) -> CalibrationForm:
    """Return the cheap form of a study.

    All estimators and protocols stay, and all rows and columns. Each takes its quick form, and options named
    in `CAPS` are held to what stands there. Only scenarios that find something are asked, by the table
    that a finding rests on; the multiverse is left out.

    Parameters
    ----------
    study : as the spec has it
    """
    form = _held(as_quick(study))
    return CalibrationForm(form, pd.DataFrame(_changes(study, form), columns=list(columns_of(Reduction))))


def _held(study: Study) -> Study:
    evaluation = study.evaluation
    protocols = tuple(
        entry.model_copy(update={"protocol": capped(entry.protocol, CAPS)}) for entry in evaluation.protocols
    )
    draws = min(evaluation.draws, GAIN_DRAWS)
    found_in = {table.name for table in RULES}
    return study.model_copy(
        update={
            "estimators": tuple(
                entry.model_copy(update={"estimator": capped(entry.estimator, CAPS)})
                for entry in study.estimators
            ),
            "evaluation": evaluation.model_copy(update={"protocols": protocols, "draws": draws}),
            "scenarios": tuple(
                entry.model_copy(update={"scenario": capped(entry.scenario, CAPS)})
                for entry in study.scenarios
                if any(table.name in found_in for table in entry.scenario.tables)
            ),
            "multiverse": None,
        }
    )


def _changes(study: Study, form: Study) -> Iterator[tuple[object, ...]]:
    """Yield the options that differ."""
    for was, now in zip(study.estimators, form.estimators, strict=True):
        yield from _differences(was.estimator, now.estimator, ("estimator", was.id))
    for old, new in zip(study.evaluation.protocols, form.evaluation.protocols, strict=True):
        yield from _differences(old.protocol, new.protocol, ("protocol", old.id))
    kept = {entry.id: entry.scenario for entry in form.scenarios}
    for entry in study.scenarios:
        if entry.id in kept:
            yield from _differences(entry.scenario, kept[entry.id], ("scenario", entry.id))
        else:
            yield ("scenario", entry.id, "asked", "yes", "no")
    if study.evaluation.draws != form.evaluation.draws:
        yield ("evaluation", "", "draws", str(study.evaluation.draws), str(form.evaluation.draws))
    if study.multiverse is not None:
        yield ("multiverse", "", "computed", "yes", "no")


def _differences(
    was: Any,  # noqa: ANN401 - whatever a spec can choose
    now: Any,  # noqa: ANN401 - of the same type
    place: tuple[str, str],
    within: str = "",
) -> Iterator[tuple[object, ...]]:
    for option in dataclasses.fields(was):
        old, new = getattr(was, option.name), getattr(now, option.name)
        if isinstance(old, Estimator):
            yield from _differences(old, new, place, f"{within}{option.name}.")
        elif old != new:
            yield (*place, f"{within}{option.name}", str(old), str(new))


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
        new.write_text(CALIBRATION_RECORD, record_text(record))
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
