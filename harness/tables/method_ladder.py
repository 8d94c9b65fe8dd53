"""The gains and the curve of a method as it is changed into another, one change at a time."""

from __future__ import annotations

from dataclasses import dataclass

from harness.tables.table import NAN, ResultRow, typed


@dataclass(frozen=True, kw_only=True)
class LadderStepRow(ResultRow):
    """One number of one step.

    `step` counts from 0, which is the start; `change` and `to` are the option and its new value. `quantity`
    is ``gain``, under the protocol of the step, ``gain_unseen``, under the ladder's other one, both fractions
    over `reference` on test rows, or ``curve_error``, root mean square distance of the net effect curve from
    the truth over supported rows, outcome units. `splits` is how many splits of the protocol there are.
    """

    outcome: str
    step: int | None
    change: str
    to: str
    label: str
    quantity: str
    protocol: str = ""
    splits: int | None = None
    reference: str = ""
    estimate: float = NAN
    conf_low: float = NAN
    conf_high: float = NAN


METHOD_LADDER = typed(
    "method_ladder",
    LadderStepRow,
    ("outcome", "step", "quantity", "reference"),
    "gains, and distance of the curve from the truth, as one method is changed into another step by step",
    measures=("estimate",),
)
