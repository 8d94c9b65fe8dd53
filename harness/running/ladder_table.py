"""What the fits of a ladder of methods give: gains, and how far curves are from the truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from harness.evaluation.losses import SAMPLES
from harness.evaluation.tables import gains_table
from harness.running.method_ladder import LadderStep
from harness.running.results import MissingCell
from harness.scenarios.full_fit import FullResult
from harness.scenarios.truth import truth_errors
from harness.tables.curves import CURVES


def ladder_gains(
    steps: Sequence[LadderStep],
    predictions: pd.DataFrame,
    *,
    unseen: str,
    references: Sequence[str],
    missing: Sequence[MissingCell],
    level: float,
) -> Iterator[pd.DataFrame]:
    """Yield the gains of every step over every reference.

    Parameters
    ----------
    predictions : of the fits of the steps and of the references, as in `gains_table`
    unseen : id of the protocol that is the same for all steps
    missing : cells without predictions
    level : in (0, 1), nominal coverage of the intervals
    """
    folds = {
        protocol: sorted(own.unique(), key=lambda fold: int(fold))
        for protocol, own in predictions["fold"].astype(str).groupby(predictions["protocol"].astype(str))
    }
    for step in steps:
        for quantity, protocol, splits in (
            ("gain", step.protocol, step.splits),
            ("gain_unseen", unseen, None),
        ):
            names = folds.get(protocol, [])[:splits]
            own = predictions[
                (predictions["protocol"] == protocol)
                & predictions["fold"].isin(names)
                & predictions["estimator"].isin([step.fit, *references])
            ]
            about = _about(step) | {"quantity": quantity, "protocol": protocol, "splits": len(names)}
            gains = gains_table(own, references=references, level=level, among={"test": SAMPLES["test"]})
            if not gains.empty:
                of_step = gains[gains["estimator"] == step.fit].rename(columns={"gain": "estimate"})
                yield of_step.assign(**about)
            for cell in missing:
                if (cell.estimator, cell.protocol) == (step.fit, protocol):
                    hole = {"outcome": cell.outcome, "status": cell.status, "reason": cell.reason}
                    yield pd.DataFrame([about | hole | {"reference": one} for one in references])


def ladder_curves(
    steps: Sequence[LadderStep], fulls: Sequence[FullResult], truth: pd.DataFrame, scenario: str
) -> Iterator[pd.DataFrame]:
    """Yield how far the curve of every step is from the truth, for each outcome.

    Parameters
    ----------
    fulls : of the fits of the steps
    truth : the table ``truth``
    scenario : id of the curve
    """
    for full in fulls:
        answer = full.answers[scenario]
        about = {"outcome": full.outcome, "quantity": "curve_error", "status": answer.status}
        if answer.value is None:
            found = pd.DataFrame([about | {"reason": answer.reason}])
        else:
            curves = answer.value[CURVES.name].assign(
                outcome=full.outcome, estimator=full.estimator, scenario=scenario
            )
            is_taken = (curves["kind"] == "level_supported") & (curves["band"] == "pointwise")
            supported = curves[is_taken & curves["supported"].astype(bool)]
            errors = truth_errors(supported, truth, columns=("at",))
            found = errors[["rmse"]].rename(columns={"rmse": "estimate"}).assign(**about, reason="")
        for step in steps:
            if step.fit == full.estimator:
                yield found.assign(**_about(step))


def _about(step: LadderStep) -> dict[str, str | int]:
    return {"step": step.position, "change": step.change, "to": step.to, "label": step.label}
