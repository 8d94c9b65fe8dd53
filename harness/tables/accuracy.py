"""How well estimators predict: predictions, errors, other losses, and what columns are worth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from harness.tables.decision import UNTESTED, Decision
from harness.tables.table import NAN, AnswerRow, ResultRow, answers, listed, typed

# Nominal coverage of prediction intervals.
LEVEL = 0.9

CELL = ("outcome", "estimator", "protocol")


@dataclass(frozen=True, kw_only=True)
class AccuracyRow(ResultRow):
    """Errors of one estimator on one sample under one protocol; numbers are NaN where it is not done."""

    outcome: str
    estimator: str
    protocol: str
    sample: str
    mse: float
    rmse: float
    nmse: float
    r2: float
    coverage: float = NAN
    width: float = NAN
    interval_score: float = NAN
    model_coverage: float = NAN
    model_width: float = NAN
    model_interval_score: float = NAN
    n_obs: int | None
    n_entities: int | None


@dataclass(frozen=True, kw_only=True)
class ChosenRow:
    """In how many of the folds of a protocol an estimator chose one of its candidates, most often first."""

    outcome: str
    estimator: str
    protocol: str
    candidate: str
    n_chosen: int | None
    n_folds: int | None


@dataclass(frozen=True, kw_only=True)
class MetricRow(ResultRow):
    """The mean loss of one estimator under one protocol, and 1 - it over the reference's, a fraction.

    `decision` is by the interval of this gain alone.
    """

    outcome: str
    estimator: str
    protocol: str
    sample: str
    metric: str
    value: float
    gain: float
    conf_low: float
    conf_high: float
    p_value: float = NAN
    n_entities: int | None = None
    decision: Decision = UNTESTED


@dataclass(frozen=True, kw_only=True)
class ImportanceRow(AnswerRow):
    """Rise of the error for entities held out where the columns of a group are left out.

    `decision` is by the interval.
    """

    group: str
    columns: str
    importance: float
    conf_low: float
    conf_high: float
    mse: float
    mse_without: float
    n_obs: int | None
    n_entities: int | None
    decision: Decision = UNTESTED


PREDICTIONS = listed(
    "predictions",
    "outcome estimator protocol fold entity time observed predicted sample train_variance predicted_low "
    "predicted_high model_low model_high",
    "outcome estimator protocol fold sample entity time",
    "observed and predicted outcome of every row in every fold, on request with limits of new entities",
    suffix=".parquet",
)
VARIATION_PREDICTIONS = replace(
    PREDICTIONS,
    name="variation_predictions",
    description="predictions of the variations of the study, names of their fits instead of estimators",
)
ACCURACY = typed(
    "accuracy",
    AccuracyRow,
    (*CELL, "sample"),
    "errors on training, test and all rows; coverage, width and score of 90 % prediction intervals for "
    "entities not used in training, and of those that models give (`HasIntervals`)",
    measures=("mse",),
)
# Name of the estimator that chooses the best of simple rivals on its training rows.
BEST_SIMPLE: Final = "best_simple"

CHOSEN = typed(
    "chosen",
    ChosenRow,
    (*CELL, "candidate"),
    "in how many folds an estimator that chooses among candidates, such as `best_simple`, chose each",
)
METRICS = typed(
    "metrics",
    MetricRow,
    (*CELL, "sample", "metric"),
    "mean losses other than squared error and the gains by them (`evaluation.metrics`)",
    measures=("value",),
)
IMPORTANCE = answers(
    "importance",
    ImportanceRow,
    ("group",),
    "increase in the error for held-out entities when columns are dropped, a share of the outcome's variance",
    measures=("importance",),
)
