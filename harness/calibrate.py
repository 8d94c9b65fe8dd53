"""How often a study finds what is not there: the study repeated on panels with a known truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from harness.arrays import Floats, Ints
from harness.data.panel import Panel, SplitUnit
from harness.estimators.guard import Status
from harness.evaluation.linear_truth import DrawnTruth, LinearTruth, fit_linear_truth, with_outcome
from harness.evaluation.tables import Bootstrap, gain_table
from harness.planner import PanelSource, Plan
from harness.rng import stream
from harness.runner import Progress, RunOptions, prepare
from harness.runs.executor import execute
from harness.runs.folder import RunFolder
from harness.runs.gather import missing_cells, predictions_table
from harness.runs.lock import held
from harness.scenarios.full_fit import FullResult

CALIBRATION = "calibration"
"""Name of the table."""

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
    plan : of the study
    truths : by outcome
    number : of the panel
    """

    plan: Plan
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
        seed = int(stream(root, "calibrate", self.number).integers(2**62))
        plan = replace(
            self.plan, panels=panels, study=self.plan.study.model_copy(update={"seed": seed}), variants=()
        )
        parts = [_gain_findings(plan)]
        if plan.study.scenarios:
            parts += [_curve_findings(task.run(), drawn) for task in plan.full_tasks()]
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
    """Repeat a study on drawn panels, write ``calibration.csv`` and return its path.

    Raises
    ------
    SpecError, DataError, ArtifactError
        Before anything is fitted.
    """
    plan = prepare(options).plan
    folder = RunFolder.create(options.out or Path("runs") / f"{plan.study.study}-{CALIBRATION}")
    done = 0

    def count(findings: Findings) -> None:
        nonlocal done
        done += 1
        if on_progress is not None:
            on_progress(done, truth.n_panels, findings.label)

    with held(folder.path):
        table = calibration_table(plan, truth, n_jobs=options.n_jobs, on_done=count)
        folder.write_table(CALIBRATION, table)
    return folder.path / f"{CALIBRATION}.csv"


def calibration_table(
    plan: Plan, truth: Truth, *, n_jobs: int, on_done: Callable[[Findings], None]
) -> pd.DataFrame:
    """Repeat a study on panels drawn from a linear truth.

    Parameters
    ----------
    plan : of the study, on the user's data
    on_done : called as each panel is done

    Returns
    -------
    `COLUMNS`: the share of the panels with each finding, with exact binomial limits of coverage `LEVEL`.
    """
    outcomes = plan.study.roles.outcomes
    truths = {one: fit_linear_truth(plan.panels.panel(one), effect=truth.effect) for one in outcomes}
    tasks = (DrawnStudy(plan, truths, number) for number in range(1, truth.n_panels + 1))
    found = pd.concat([one.table for one in execute(tasks, n_jobs=n_jobs, on_done=on_done)])
    return pd.DataFrame(_shares(found), columns=list(COLUMNS))


def _gain_findings(plan: Plan) -> pd.DataFrame:
    """Return which gains over the reference the study would call established, better or worse."""
    study = plan.study
    results = [task.run() for task in plan.fold_tasks()]
    predictions = predictions_table(
        results,
        panels={outcome: plan.panels.panel(outcome) for outcome in study.roles.outcomes},
        folds={(split.entry.id, fold.name): fold for split in plan.splits for fold in split.folds},
        missing=missing_cells(results),
    )
    evaluation = study.evaluation
    gains = gain_table(
        predictions,
        reference=evaluation.reference,
        bootstrap=Bootstrap(evaluation.level, evaluation.draws, study.seed),
    )
    tested = gains[gains["sample"] == "test"]
    place = tested[["outcome", "estimator", "protocol"]]
    return pd.concat(
        [
            place.assign(finding="gain established", found=(tested["conf_low"] > 0).astype(float)),
            place.assign(finding="loss established", found=(tested["conf_high"] < 0).astype(float)),
            place.assign(finding="p-value below 0.05", found=(tested["p_value"] < 0.05).astype(float)),
        ]
    )


def _curve_findings(full: FullResult, drawn: Mapping[str, DrawnTruth]) -> pd.DataFrame:
    """Return how much of the true curve and slope the study's bands cover."""
    truth = drawn[full.outcome]
    rows = []
    for answer in full.answers:
        curves = answer.tables.get("curves")
        if curves is None:
            continue
        known = curves[curves["supported"].astype(bool)]
        for (kind, band), own in known.groupby(["kind", "band"], sort=False):
            at = own["at"].to_numpy()
            true = truth.curve(at) if kind == "level" else np.full(at.size, truth.effect)
            covered = (own["conf_low"].to_numpy() <= true) & (true <= own["conf_high"].to_numpy())
            if kind not in ("level", "slope"):
                continue
            is_whole = band == "simultaneous"
            finding = f"{kind} inside the {band} band" + (" everywhere" if is_whole else "")
            share = float(covered.all()) if is_whole else float(covered.mean())
            rows.append((full.outcome, full.estimator, answer.scenario, finding, share))
    return pd.DataFrame(rows, columns=["outcome", "estimator", "protocol", "finding", "found"])


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
