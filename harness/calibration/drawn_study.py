"""A study on one panel whose truth is known: the run on it, and what is counted of its findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from harness.arrays import Floats, Ints
from harness.calibration.linear_truth import DrawnTruth, LinearTruth, features
from harness.calibration.rows import GAIN as SINGLE_GAIN
from harness.calibration.rows import LOSS, P_VALUE, band_finding
from harness.data.panel import Panel, SplitUnit
from harness.data.rules import RowFilter
from harness.estimators.guard import Status
from harness.evaluation.losses import SAMPLES
from harness.evaluation.tables import gains_table
from harness.findings.checks import checks_passed
from harness.findings.lines import SIMULTANEOUS
from harness.findings.run import Run
from harness.findings.table import established
from harness.record.manifest import Manifest
from harness.rng import random_stream
from harness.running.comparison import predictions_table
from harness.running.csv_table import as_declared
from harness.running.plan import PanelSource, Plan
from harness.running.results import answer_parts, answers_in_parts
from harness.running.write import linearity_tests
from harness.scenarios.full_fit import FullResult, FullTask
from harness.scenarios.task import run_in_process
from harness.tables.effects import EFFECT_TESTS, ROBUSTNESS, RobustnessRow
from harness.tables.gain import GAIN
from harness.tables.registry import with_declared

COLUMNS = ["outcome", "estimator", "protocol", "finding", "found"]


def tested_gains(plan: Plan) -> pd.DataFrame:
    """Return the gains over the references on test rows, as the table ``gain`` has them."""
    study = plan.study
    results = [task.run() for task in plan.fold_tasks()]
    predictions = predictions_table(
        results,
        panels={outcome: plan.panels.panel(outcome) for outcome in study.roles.outcomes},
        folds=plan.folds,
    )
    evaluation = study.evaluation
    return gains_table(
        predictions,
        references=evaluation.references,
        level=evaluation.level,
        among={"test": SAMPLES["test"]},
    )


def single_gains(tested: pd.DataFrame) -> pd.DataFrame:
    """Return of every single gain whether its interval and its p-value exclude that there is none."""
    key = tested[["outcome", "estimator", "protocol"]]
    found = {
        SINGLE_GAIN: tested["conf_low"] > 0,
        LOSS: tested["conf_high"] < 0,
        P_VALUE: tested["p_value"] < 0.05,
    }
    return pd.concat([key.assign(finding=name, found=own.astype(float)) for name, own in found.items()])


def curve_findings(full: FullResult, drawn: Mapping[str, DrawnTruth]) -> pd.DataFrame:
    """Return how much of the true curve and slope the study's bands cover."""
    truth = drawn[full.outcome]
    rows = []
    for scenario, answer in full.answers.items():
        curves = (answer.value or {}).get("curves")
        if curves is None:
            continue
        known = curves[curves["supported"].astype(bool)]
        for (kind, band), own in known.groupby(["kind", "band"], sort=False):
            if kind not in ("level", "slope"):
                continue
            at = own["at"].to_numpy()
            true = truth.curve(at) if kind == "level" else np.full(at.size, truth.effect)
            covered = (own["conf_low"].to_numpy() <= true) & (true <= own["conf_high"].to_numpy())
            share = float(covered.all()) if band == SIMULTANEOUS else float(covered.mean())
            rows.append((full.outcome, full.estimator, scenario, band_finding(str(kind), str(band)), share))
    return pd.DataFrame(rows, columns=COLUMNS)


def kinds_found(run: Run) -> pd.DataFrame:
    """Return which kinds of findings are established.

    Returns
    -------
    `COLUMNS`: a row for each outcome, estimator and kind looked for, with an empty protocol; found is 1.0
    where any finding of the kind is established, else 0.0. Gains are those over the study's reference, where
    any protocol keeps test rows apart.
    """
    study = run.manifest.study
    tests_gains = any(protocol.keeps_test_rows_apart for protocol in study.protocols)
    rows = [
        (one.outcome, one.estimator, "", one.finding, float(one.is_established))
        for one in established(run)
        if one.finding != "gain" or (tests_gains and one.estimator and one.about == study.reference)
    ]
    return pd.DataFrame(rows, columns=COLUMNS).groupby(COLUMNS[:4], sort=False, as_index=False).max()


def checks_found(run: Run) -> pd.DataFrame:
    """Return whether all robustness checks of each outcome and learner agree, and confirm the slope."""
    same: dict[tuple[str, str], list[RobustnessRow]] = {}
    for row in run.rows(ROBUSTNESS):
        same.setdefault((row.outcome, row.learner), []).append(row)
    rows = [
        (*place, "", name, float(passed))
        for place, own in same.items()
        for name, passed in checks_passed(own, level=run.manifest.study.level).items()
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def run_on(
    plan: Plan, manifest: Manifest, full_tasks: Iterable[FullTask]
) -> tuple[Run, Sequence[FullResult]]:
    """Return a run with the tables that findings rest on, and the answers of fits on all rows.

    Parameters
    ----------
    full_tasks : those fits of the plan whose answers count
    """
    fulls = [task.run() for task in full_tasks] if plan.study.scenarios else []
    parts = answer_parts(plan.study, fulls, answers_in_parts(plan, run_in_process(plan.part_tasks())))
    for outcome in plan.study.roles.outcomes:
        parts[EFFECT_TESTS.name] += linearity_tests(plan.study, plan.panels.panel(outcome))
    declared = with_declared(table for entry in plan.study.scenarios for table in entry.scenario.tables)
    tables = {name: as_declared(declared[name], frames) for name, frames in parts.items()}
    return Run(manifest, tables={GAIN.name: as_declared(GAIN, [tested_gains(plan)])} | tables), fulls


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
        return replace(panel, observed=self.observed[outcome])

    def rows(self, rules: Mapping[str, RowFilter]) -> Ints:
        """Return the positions of the rows that all rules keep."""
        return self.source.rows(rules)


@dataclass(frozen=True, eq=False)
class Findings:
    """What a study found on one drawn panel.

    Attributes
    ----------
    effect : true effect of the exposure in it
    table : outcome, estimator, protocol, finding, and whether (or on what share of the curve) it was found
    features : of what regressors do not predict, by outcome and feature
    """

    effect: float
    table: pd.DataFrame
    features: Mapping[str, Mapping[str, float]]
    label: str
    status: Status = "ok"


@dataclass(frozen=True, eq=False)
class DrawnStudy:
    """A study on one drawn panel, ready to run in any process.

    Attributes
    ----------
    plan : of the study
    manifest : of the study
    truths : by outcome
    number : of the panel; panels of a number have the same errors, whatever the effect is
    effect : true effect of the exposure, as all truths have it
    """

    plan: Plan
    manifest: Manifest
    truths: Mapping[str, LinearTruth]
    effect: float
    number: int

    @property
    def label(self) -> str:
        """Name of the panel, for progress."""
        return f"panel {self.number}" + (f", effect {self.effect:g}" if self.effect else "")

    def run(self) -> Findings:
        """Draw the outcomes, run the study on them and compare what it finds with the truth."""
        root = self.plan.study.seed
        drawn = {
            outcome: truth.draw(random_stream(root, "calibrate", outcome, self.number))
            for outcome, truth in self.truths.items()
        }
        panels = DrawnPanels(self.plan.panels, {outcome: truth.observed for outcome, truth in drawn.items()})
        seed = {"seed": int(random_stream(root, "calibrate", self.number).integers(2**62))}
        plan = replace(self.plan, panels=panels, study=self.plan.study.model_copy(update=seed))
        run, fulls = run_on(plan, self.manifest, plan.full_tasks())
        gains = run.frame(GAIN.name)
        gains = gains[gains["reference"] == plan.study.evaluation.reference]
        found = [single_gains(gains), *(curve_findings(full, drawn) for full in fulls), kinds_found(run)]
        found.append(checks_found(run))
        kept = {
            outcome: features(drawn[outcome].unexplained, truth.parts.cells)
            for outcome, truth in self.truths.items()
        }
        return Findings(self.effect, pd.concat(found, ignore_index=True), kept, self.label)
