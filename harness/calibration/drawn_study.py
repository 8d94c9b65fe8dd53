"""A study on one panel whose truth is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from harness.arrays import Floats, Ints
from harness.calibration.drawn_run import drawn_run, kinds_found
from harness.calibration.features import features
from harness.calibration.findings import curve_findings, single_gains, tested_gains
from harness.calibration.linear_truth import LinearTruth, with_outcome
from harness.data.panel import Panel, SplitUnit
from harness.data.rules import RowFilter
from harness.estimators.guard import Status
from harness.record.manifest import Manifest
from harness.rng import random_stream
from harness.running.plan import PanelSource, Plan
from harness.running.results import answers_in_parts
from harness.scenarios.task import run_here


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
        fulls = [task.run() for task in plan.full_tasks()] if plan.study.scenarios else []
        gains = tested_gains(plan)
        in_parts = answers_in_parts(plan, run_here(plan.part_tasks()))
        run = drawn_run(
            plan.study,
            self.manifest,
            gains,
            fulls=fulls,
            in_parts=in_parts,
            panels=[panels.panel(outcome) for outcome in self.truths],
        )
        found = [
            single_gains(gains),
            *(curve_findings(full, drawn) for full in fulls),
            kinds_found(run),
        ]
        kept = {
            outcome: features(drawn[outcome].unexplained, truth.parts.cells)
            for outcome, truth in self.truths.items()
        }
        return Findings(self.effect, pd.concat(found, ignore_index=True), kept, self.label)
