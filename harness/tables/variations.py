"""Variations of a study: what each changes, and what it gains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from harness.tables.decision import UNTESTED, Decision
from harness.tables.table import NAN, ResultRow, typed

# Quantities of a variation.
GAIN: Final = "gain"
GAIN_UNSEEN: Final = "gain_unseen"
CURVE_ERROR: Final = "curve_error"


@dataclass(frozen=True, kw_only=True)
class VariationRow:
    """One change of one variation.

    `list` is ``multiverse`` or ``method_ladder``; `key` names the variation within it, and `position`, from
    0, orders them. A variation has a row for each of its changes, in order; one without changes, the
    start of a ladder, has a row without target. `target` is what is changed: ``estimator``, by one of its
    options; ``roles``, the columns that it has; ``study``, its seed; ``evaluation``, how gains are taken.
    """

    list: str
    key: str
    position: int | None
    target: str
    option: str
    value: str
    label: str


@dataclass(frozen=True, kw_only=True)
class VariationGainRow(ResultRow):
    """One number of one variation.

    `quantity` is ``gain``, a fraction over `reference`; for steps of a ladder also ``gain_unseen``, under the
    ladder's other protocol, and ``curve_error``, root mean square distance of the net effect curve from the
    truth over supported rows, outcome units. `estimator` is the id of the one that is varied, of a ladder the
    name of the fits in the predictions. `decision` goes by the interval, without adjustment.
    """

    outcome: str
    list: str
    variation: str
    estimator: str
    reference: str = ""
    protocol: str = ""
    sample: str = ""
    quantity: str
    estimate: float = NAN
    conf_low: float = NAN
    conf_high: float = NAN
    p_value: float = NAN
    decision: Decision = UNTESTED
    n_folds: int | None = None
    n_entities: int | None = None


VARIATIONS = typed(
    "variations",
    VariationRow,
    ("list", "key", "option"),
    "what each variation of the study changes: combinations of a multiverse, steps of a ladder",
)
VARIATION_GAINS = typed(
    "variation_gains",
    VariationGainRow,
    ("outcome", "list", "variation", "quantity", "reference", "protocol", "sample"),
    "gains of the variations of the study, and distances of their curves from the truth",
    measures=("estimate",),
)
