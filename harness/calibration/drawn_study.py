"""A study on one panel whose truth is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from harness.arrays import Floats, Ints
from harness.calibration.findings import curve_findings, gain_findings
from harness.data.panel import Panel, SplitUnit
from harness.estimators.guard import Status
from harness.evaluation.linear_truth import LinearTruth, with_outcome
from harness.execution.plan import PanelSource, Plan
from harness.rng import random_stream


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
            outcome: truth.draw(random_stream(root, "calibrate", outcome, self.number))
            for outcome, truth in self.truths.items()
        }
        panels = DrawnPanels(self.plan.panels, {outcome: truth.observed for outcome, truth in drawn.items()})
        seed = {"seed": int(random_stream(root, "calibrate", self.number).integers(2**62))}
        plan = replace(self.plan, panels=panels, study=self.plan.study.model_copy(update=seed))
        parts = [gain_findings(plan)]
        if plan.study.scenarios:
            parts += [curve_findings(task.run(), drawn) for task in plan.full_tasks()]
        return Findings(pd.concat(parts, ignore_index=True), self.label)
