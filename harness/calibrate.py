"""How often a study finds what is not there: the study repeated on panels with a known truth."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from harness.arrays import Floats, Ints
from harness.calibration_form import calibration_form
from harness.data.panel import Panel, SplitUnit
from harness.estimators.guard import Status
from harness.estimators.registry import installed
from harness.evaluation.linear_truth import LinearTruth, fit_linear_truth, with_outcome
from harness.findings import curve_findings, gain_findings
from harness.planner import PanelSource, Plan, catalogs, make_plan
from harness.report.calibration_page import calibration_page
from harness.report.reading.calibration import Calibration, CalibrationRow, Reduction
from harness.report.reading.manifest import Manifest, read_manifest
from harness.report.reading.rows import read_rows
from harness.rng import stream
from harness.run_options import RunOptions
from harness.runner import Prepared, Progress, prepare
from harness.runs.executor import execute
from harness.runs.folder import RunFolder
from harness.runs.lock import held
from harness.runs.manifest import Provenance, manifest
from harness.runs.versions import versions
from harness.runs.workers import Workers
from harness.spec.study import Study

CALIBRATION = "calibration"
"""Name of the table, and of the page."""

FORM = "calibration_form"
"""Name of the table of what was reduced."""

LEVEL = 0.95
"""Of the exact binomial limits of a share."""

COLUMNS = ("outcome", "estimator", "protocol", "finding", "share", "conf_low", "conf_high", "n_panels")


@dataclass(frozen=True, eq=False)
class DrawnPanels:
    """The study's panels with drawn outcomes.

    Attributes
    ----------
    source : of the panels
    observed : (n_obs,), by outcome
    """

    source: PanelSource
    observed: Mapping[str, Floats]

    def panel(self, outcome: str, *, fit_rows: Ints | None = None, split_unit: SplitUnit = "entity") -> Panel:
        """Return the panel of one outcome, drawn."""
        panel = self.source.panel(outcome, fit_rows=fit_rows, split_unit=split_unit)
        return with_outcome(panel, self.observed[outcome])


@dataclass(frozen=True, eq=False)
class Findings:
    """What a study found on one drawn panel.

    Attributes
    ----------
    table : outcome, estimator, protocol, finding, and whether (or on what share of the curve) it was found
    """

    table: pd.DataFrame
    label: str
    status: Status = "ok"


@dataclass(frozen=True, eq=False)
class DrawnStudy:
    """A study on one drawn panel, ready to run in any process.

    Attributes
    ----------
    plan : of what is compared on folds
    asked : what is asked for curves
    truths : by outcome
    number : of the panel
    """

    plan: Plan
    asked: Study
    truths: Mapping[str, LinearTruth]
    number: int

    @property
    def label(self) -> str:
        """Name of the panel, for progress."""
        return f"panel {self.number}"

    def run(self) -> Findings:
        """Draw the outcomes, run the study on them and compare what it finds with the truth."""
        root = self.plan.study.seed
        drawn = {
            outcome: truth.draw(stream(root, "calibrate", outcome, self.number))
            for outcome, truth in self.truths.items()
        }
        panels = DrawnPanels(self.plan.panels, {outcome: one.observed for outcome, one in drawn.items()})
        seed = {"seed": int(stream(root, "calibrate", self.number).integers(2**62))}
        plan = replace(self.plan, panels=panels, study=self.plan.study.model_copy(update=seed))
        parts = [gain_findings(plan)]
        if self.asked.scenarios:
            asked = replace(plan, study=self.asked.model_copy(update=seed))
            parts += [curve_findings(task.run(), drawn) for task in asked.full_tasks()]
        return Findings(pd.concat(parts, ignore_index=True), self.label)


@dataclass(frozen=True)
class Truth:
    """What a calibration draws.

    Attributes
    ----------
    n_panels : >= 1, panels to draw
    effect : of the exposure, outcome units per unit of exposure; 0 removes it
    """

    n_panels: int
    effect: float


def calibrate(options: RunOptions, truth: Truth, *, on_progress: Progress | None = None) -> Path:
    """Repeat a study on drawn panels, write tables and a page on them, and return the page's path.

    ``calibration.csv`` holds how often what was found, ``calibration_form.csv`` what was reduced for it.

    Raises
    ------
    SpecError, DataError, ArtifactError
        Before anything is fitted.
    """
    started, prepared = datetime.now(UTC), prepare(options)
    form = calibration_form(prepared.plan.study)
    plan = make_plan(form.compared, prepared.panels, catalogs(installed(options.plugins)))
    folder = RunFolder.create(options.out or Path("runs") / f"{plan.study.study}-{CALIBRATION}")
    count = _counter(truth.n_panels, on_progress)
    with held(folder.path):
        folder.write_table(FORM, form.reductions)
        table = calibration_table(plan, form.asked, truth, workers=options.workers, on_done=count)
        folder.write_table(CALIBRATION, table)
        found = Calibration(
            manifest=_manifest(options, prepared, truth, started),
            n_panels=truth.n_panels,
            effect=truth.effect,
            limits=LEVEL,
            rows=read_rows(table, CalibrationRow, table=CALIBRATION),
            reductions=read_rows(form.reductions, Reduction, table=FORM),
        )
        folder.write_text(f"{CALIBRATION}.html", calibration_page(found))
    return folder.path / f"{CALIBRATION}.html"


def _counter(n_panels: int, on_progress: Progress | None) -> Callable[[Findings], None]:
    """Tell that nothing is done yet, and return what tells of each panel that is."""
    done = 0
    tell = on_progress or (lambda _done, _total, _last: None)
    tell(done, n_panels, "none yet")

    def count(findings: Findings) -> None:
        nonlocal done
        done += 1
        tell(done, n_panels, findings.label)

    return count


def _manifest(options: RunOptions, prepared: Prepared, truth: Truth, started: datetime) -> Manifest:
    """Return what the page says of the study that was repeated."""
    spec = options.spec_path(Path())
    words = ["harness", "calibrate", spec.as_posix(), "--panels", str(truth.n_panels)]
    provenance = Provenance(
        spec_path=spec.as_posix(),
        spec_sha256=prepared.loaded.document.sha256,
        command=shlex.join([*words, "--effect", f"{truth.effect:g}"]),
        overrides=options.overrides,
        quick=options.quick,
        versions=versions(installed(options.plugins).brought_by),
        started=started,
    )
    content = manifest(
        prepared.plan.study,
        provenance,
        table=prepared.table,
        panels=prepared.panels,
        universes=(),
        cells=(),
        seconds=(datetime.now(UTC) - started).total_seconds(),
    )
    return read_manifest(content)


def calibration_table(
    plan: Plan, asked: Study, truth: Truth, *, workers: Workers, on_done: Callable[[Findings], None]
) -> pd.DataFrame:
    """Repeat a study on panels drawn from a linear truth.

    Parameters
    ----------
    plan : of what is compared on folds, on the user's data; folds are the same for all panels
    asked : what is asked for curves
    on_done : called as each panel is done

    Returns
    -------
    `COLUMNS`: the share of the panels with each finding, with exact binomial limits of coverage `LEVEL`; of a
    pointwise band the mean share of the curve, with limits as if each panel counted once.
    """
    outcomes = plan.study.roles.outcomes
    truths = {one: fit_linear_truth(plan.panels.panel(one), effect=truth.effect) for one in outcomes}
    tasks = (DrawnStudy(plan, asked, truths, number) for number in range(1, truth.n_panels + 1))
    found = pd.concat([one.table for one in execute(tasks, workers=workers, on_done=on_done)])
    return pd.DataFrame(_shares(found), columns=list(COLUMNS))


def _shares(found: pd.DataFrame) -> Iterator[dict[str, object]]:
    from scipy.stats import binomtest

    keys = ["outcome", "estimator", "protocol", "finding"]
    for key, own in found.groupby(keys, sort=False)["found"]:
        share, n_panels = float(own.mean()), len(own)
        limits = binomtest(round(share * n_panels), n_panels).proportion_ci(LEVEL, method="exact")
        yield dict(zip(keys, key, strict=True)) | {
            "share": share,
            "conf_low": float(limits.low),
            "conf_high": float(limits.high),
            "n_panels": n_panels,
        }
