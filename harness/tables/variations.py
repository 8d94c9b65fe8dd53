"""Variations of a study: what each changes, and what it gains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from harness.tables.decision import UNTESTED, Decision
from harness.tables.effects import DebiasedRow
from harness.tables.table import NAN, ResultRow, typed

# Quantities of a variation.
GAIN: Final = "gain"
GAIN_UNSEEN: Final = "gain_unseen"
CURVE_ERROR: Final = "curve_error"


@dataclass(frozen=True, kw_only=True)
class VariationRow:
    """One change of one variation.

    `list` is ``multiverse`` or ``method_ladder``, or of a scenario ``robustness``, ``regressions`` or
    ``robustness_of_regressions``; `key` names the variation within it, and `position`, from 0, orders them. A
    variation has a row for each of its changes, in order; one without changes, such as the start of a ladder,
    has a row without target. `target` is what is changed: ``estimator``, by one of its options; ``roles``,
    its columns; ``study``, its seed; ``evaluation``, how gains are taken; ``rows``, by a column whose groups
    are left out; ``panel``, as a whole.
    """

    list: str
    key: str
    position: int | None
    target: str
    option: str
    value: str
    label: str
    scenario: str
    key_code: str = ""


@dataclass(frozen=True, kw_only=True)
class VariationGainRow(ResultRow):
    """One number of one variation.

    `quantity` is ``gain``, a fraction over `reference`; for steps of a ladder also ``gain_unseen``, under the
    ladder's other protocol, and ``curve_error``, root mean square distance of the net effect curve from the
    truth over supported rows, outcome units. `estimator` is the id of the one that is varied, of a ladder the
    name of the fits in the predictions. `decision` goes by the interval, without adjustment. `mse` and
    `mse_reference` are of gains, in squared outcome units; the reference of a multiverse has the controls of
    the combination.
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
    mse: float = NAN
    mse_reference: float = NAN
    decision: Decision = UNTESTED
    n_folds: int | None = None
    n_entities: int | None = None


@dataclass(frozen=True, kw_only=True)
class VariationEffectRow(DebiasedRow):
    """One effect under one variation.

    Of `list` ``robustness`` it is a debiased slope by a method and learner; `difference` is from the slope as
    it is. Among the variations are then ``exposure permuted over entities``, the mean slope of permuted
    exposures, and ``all checks together``, the greatest studentised difference. Of the other lists it is the
    coefficient of a regression, which is called its learner, and `exposure` is the term, of ``regressions``
    with and without controls, or of a ``robustness_of_regressions``; `r_squared` is NaN where the estimator
    states none. `decision` goes by the interval, without adjustment.
    """

    list: str
    variation: str
    learner: str
    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    p_value: float
    decision: Decision = UNTESTED
    difference: float
    p_difference: float
    n_obs: int | None
    n_entities: int | None
    n_controls: int | None
    r_squared: float
    variation_code: str = ""


VARIATIONS = typed(
    "variations",
    VariationRow,
    ("scenario", "list", "key", "option"),
    "what each variation of the study changes: combinations of a multiverse, steps of a ladder, checks",
)
VARIATION_GAINS = typed(
    "variation_gains",
    VariationGainRow,
    ("outcome", "list", "variation", "quantity", "reference", "protocol", "sample"),
    "gains of the variations of the study, and distances of their curves from the truth",
    measures=("estimate",),
)
VARIATION_EFFECTS = typed(
    "variation_effects",
    VariationEffectRow,
    ("outcome", "scenario", "list", "variation", "exposure", "method", "learner"),
    "debiased slopes and coefficients of the exposure under robustness checks and other columns",
    measures=("estimate", "std_error"),
)
