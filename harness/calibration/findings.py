"""What a study finds on a panel whose truth is known: gains over its reference, and what its bands hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields

import numpy as np
import pandas as pd

from harness.calibration.linear_truth import DrawnTruth
from harness.evaluation.fold import TOUCHES_TEST_ROWS
from harness.evaluation.gain_status import GainEvidence, GainStatus, gain_status
from harness.evaluation.tables import SAMPLES, Bootstrap, gain_table
from harness.execution.assemble import missing_cells, predictions_table
from harness.execution.plan import Plan
from harness.report.calibration.rows import GAIN, LOSS, P_VALUE, VERDICT, band_finding
from harness.report.model.bands import SIMULTANEOUS
from harness.scenarios.full_fit import FullResult
from harness.spec.study import Study

TEST_ROWS: Mapping[str, tuple[str, ...]] = {"test": SAMPLES["test"]}
"""The sample that findings are about."""


def gain_findings(plan: Plan) -> pd.DataFrame:
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
    tested = gain_table(
        predictions,
        reference=evaluation.reference,
        bootstrap=Bootstrap(evaluation.level, evaluation.draws, study.seed),
        among=TEST_ROWS,
    )
    place = tested[["outcome", "estimator", "protocol"]]
    return pd.concat(
        [
            *_verdicts(tested, study),
            place.assign(finding=GAIN, found=(tested["conf_low"] > 0).astype(float)),
            place.assign(finding=LOSS, found=(tested["conf_high"] < 0).astype(float)),
            place.assign(finding=P_VALUE, found=(tested["p_value"] < 0.05).astype(float)),
        ]
    )


def _verdicts(tested: pd.DataFrame, study: Study) -> Iterator[pd.DataFrame]:
    """Yield whether the report would call each estimator's gain established, where any protocol is honest."""
    honest = [
        entry.id
        for entry in study.evaluation.protocols
        if TOUCHES_TEST_ROWS.isdisjoint(leak.code for leak in entry.protocol.leaks)
    ]
    own = tested[tested["protocol"].isin(honest)]
    if own.empty:
        return
    level = study.evaluation.level
    names = [field.name for field in fields(GainEvidence)]
    status = pd.Series(
        [gain_status(GainEvidence(*row), level=level) for row in own[names].itertuples(index=False)],
        index=own.index,
    )
    found = status.groupby([own["outcome"], own["estimator"]], sort=False).agg(
        lambda cells: float(
            len(cells) == len(honest)
            and GainStatus.BETTER in set(cells)
            and set(cells) <= {GainStatus.BETTER, GainStatus.BETTER_ONCE}
        )
    )
    yield found.rename("found").reset_index().assign(protocol="", finding=VERDICT)


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
