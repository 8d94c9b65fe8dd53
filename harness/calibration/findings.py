"""What is counted of a study on a panel whose truth is known beside its findings: gains and bands."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from harness.calibration.linear_truth import DrawnTruth
from harness.evaluation.samples import SAMPLES
from harness.evaluation.tables import Bootstrap, gain_table
from harness.report.calibration.rows import GAIN, LOSS, P_VALUE, band_finding
from harness.report.model.bands import SIMULTANEOUS
from harness.running.plan import Plan
from harness.running.predictions import missing_cells, predictions_table
from harness.scenarios.full_fit import FullResult

TEST_ROWS: Mapping[str, tuple[str, ...]] = {"test": SAMPLES["test"]}
"""The sample that findings are about."""


def tested_gains(plan: Plan) -> pd.DataFrame:
    """Return the gains over the reference on test rows, as the table ``gain`` has them."""
    study = plan.study
    results = [task.run() for task in plan.fold_tasks()]
    predictions = predictions_table(
        results,
        panels={outcome: plan.panels.panel(outcome) for outcome in study.roles.outcomes},
        folds={(split.entry.id, fold.name): fold for split in plan.splits for fold in split.folds},
        missing=missing_cells(results),
    )
    evaluation = study.evaluation
    return gain_table(
        predictions,
        reference=evaluation.reference,
        bootstrap=Bootstrap(evaluation.level, evaluation.draws, study.seed),
        among=TEST_ROWS,
    )


def single_gains(tested: pd.DataFrame) -> pd.DataFrame:
    """Return of every single gain whether its interval and its p-value exclude that there is none."""
    place = tested[["outcome", "estimator", "protocol"]]
    return pd.concat(
        [
            place.assign(finding=GAIN, found=(tested["conf_low"] > 0).astype(float)),
            place.assign(finding=LOSS, found=(tested["conf_high"] < 0).astype(float)),
            place.assign(finding=P_VALUE, found=(tested["p_value"] < 0.05).astype(float)),
        ]
    )


def curve_findings(full: FullResult, drawn: Mapping[str, DrawnTruth]) -> pd.DataFrame:
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
            share = float(covered.all()) if band == SIMULTANEOUS else float(covered.mean())
            rows.append(
                (full.outcome, full.estimator, answer.scenario, band_finding(str(kind), str(band)), share)
            )
    return pd.DataFrame(rows, columns=["outcome", "estimator", "protocol", "finding", "found"])
