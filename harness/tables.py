"""Every result table of a run, declared once: its name, columns, key and what it holds.

The writer, the reader, comparison, verification, expected numbers, the report and the documentation read the
tables from here, and those of a plugin's scenario from what it declares.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

STATUS = ("status", "reason")
"""How a cell went, and why it has no numbers where it has none; a cell that failed is a row with both."""

_INTERVAL = ("conf_low", "conf_high")
_CELL = ("outcome", "estimator", "protocol")


@dataclass(frozen=True)
class ResultTable:
    """One result table.

    Attributes
    ----------
    name : of the table and, with `suffix`, of its file
    columns : in their order; those that a cell does not fill are empty
    key : columns that tell its rows apart. Rows alike in all of them, such as the turning points of one
        curve, are told apart by their order
    description : what it holds, one line
    measures : the numbers that each row is there for; none where rows are many, or have no names
    study_wide : columns whose numbers depend on which other estimators and protocols a study has
    suffix : of the file
    """

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    description: str
    measures: tuple[str, ...] = ()
    study_wide: tuple[str, ...] = ()
    suffix: Literal[".csv", ".parquet"] = ".csv"

    @property
    def file(self) -> str:
        """Path within the run folder."""
        return f"{self.name}{self.suffix}"


def _answers(
    name: str,
    columns: tuple[str, ...],
    key: tuple[str, ...],
    description: str,
    *,
    measures: tuple[str, ...] = (),
) -> ResultTable:
    """Return a table of what estimators answer to a scenario, given the columns that are its own."""
    place = ("outcome", "estimator")
    whole = (*place, *columns, "scenario", *STATUS)
    return ResultTable(name, whole, (*place, "scenario", *key), description, measures)


ACCURACY = ResultTable(
    "accuracy",
    (
        *(*_CELL, "sample", "mse", "rmse", "nmse", "r2", "coverage", "width", "n_obs", "n_entities"),
        *STATUS,
    ),
    (*_CELL, "sample"),
    "errors on train, test and all rows; coverage and width of 90 % intervals of entities never seen",
    measures=("mse",),
)
GAIN = ResultTable(
    "gain",
    (
        *("outcome", "estimator", "reference", "protocol", "sample", "gain", *_INTERVAL),
        *("p_value", "mse", "mse_reference", "n_entities", "inference", "p_splits", "p_holm", "p_best"),
        *("n_folds", "fold_gain_min", "fold_gain_max", *STATUS),
    ),
    (*_CELL, "reference", "sample"),
    "gains over the reference with intervals and p-values",
    measures=("gain",),
    study_wide=("p_holm", "p_best"),
)
GAIN_WITHIN = ResultTable(
    "gain_within",
    (
        *("outcome", "estimator", "reference", "protocol", "by", "part"),
        "gain",
        "mse",
        "mse_reference",
        "n_obs",
    ),
    ("outcome", "estimator", "reference", "protocol", "by", "part"),
    "gains on the test rows fold by fold and period by period",
)
METRICS = ResultTable(
    "metrics",
    (*_CELL, "sample", "metric", "value", "gain", *_INTERVAL, "p_value", "n_entities", *STATUS),
    (*_CELL, "sample", "metric"),
    "mean losses other than squared error, and gains by them, where `evaluation.metrics` asks for some",
    measures=("value",),
)
DECOMPOSITION = ResultTable(
    "decomposition",
    (
        *("outcome", "estimator", "reference", "part", "protocol", "estimate", *_INTERVAL),
        "mse",
        "mse_reference",
    ),
    ("outcome", "estimator", "reference", "part"),
    "what is left of the gain for rows at hand, other rows of the same entities, entities never seen",
    measures=("estimate",),
)
MULTIVERSE = ResultTable(
    "multiverse",
    ("outcome", "estimator", "universe", "reference", "protocol", "sample", "gain", *_INTERVAL),
    ("outcome", "universe", "reference", "protocol", "sample"),
    "the gain under every combination of choices; a column for each choice follows",
)
MULTIVERSE_CHOICES = ResultTable(
    "multiverse_choices",
    ("outcome", "choice", "level", "n", "mean_gain", "share_of_variance"),
    ("outcome", "choice", "level"),
    "what each choice does to the gain",
)
COEFFICIENTS = ResultTable(
    "coefficients",
    (
        *("outcome", "estimator", "term", "estimate", "std_error", "statistic", "p_value", *_INTERVAL),
        *("covariance", "n_obs", "n_coef", "n_effects", "n_clusters", "factor", "df_resid", "bandwidth"),
        *STATUS,
    ),
    ("outcome", "estimator", "term"),
    "coefficient tables with the corrections of their covariance",
    measures=("estimate", "std_error"),
)
CURVES = _answers(
    "curves",
    (
        "kind",
        "at",
        "estimate",
        *_INTERVAL,
        "band",
        "n_draws",
        "supported",
        "share_of_rows",
        "mean_level",
        "level",
        "unit",
    ),
    ("kind", "band", "at"),
    "net effect curves, those over supported rows, slopes and accumulated local effects with their bands",
)
CURVE_DRAWS = _answers(
    "curve_draws",
    ("draw", "at", "estimate"),
    ("draw", "at"),
    "levels of the curve at ten exposures in the fit (draw 0) and in every draw that all estimators share",
)
TURNING_POINTS = _answers(
    "turning_points",
    ("kind", "at", *_INTERVAL, "share_of_draws", "estimate", "is_established", "n_draws"),
    ("kind",),
    "minima and maxima of the curves, and whether the draws establish them",
    measures=("at",),
)
HETEROGENEITY = _answers(
    "heterogeneity",
    (
        *("by", "group", "mode", "median", "effect", *_INTERVAL),
        *("n_obs", "n_entities", "median_low", "median_high", "n_draws"),
    ),
    ("by", "group", "mode"),
    "effects by group",
    measures=("effect",),
)
HETEROGENEITY_DIFFERENCES = _answers(
    "heterogeneity_differences",
    ("by", "group", "other", "mode", "measure", "difference", *_INTERVAL),
    ("by", "group", "other", "mode", "measure"),
    "differences between groups with their intervals",
    measures=("difference",),
)
HETEROGENEITY_ROWS = _answers(
    "heterogeneity_rows",
    ("by", "group", "mode", "quantile", "level"),
    ("by", "group", "mode", "quantile"),
    "quantiles of the levels in every group",
)
SURFACES = _answers(
    "surfaces",
    (
        *("moderator", "exposure_at", "moderator_at", "estimate", *_INTERVAL),
        *("effect", "supported", "effect_low", "effect_high", "n_obs", "n_entities", "n_draws"),
    ),
    ("moderator", "exposure_at", "moderator_at"),
    "outcome and effect over exposure and moderator",
)
CONDITIONAL_EFFECTS = _answers(
    "conditional_effects",
    ("moderator", "moderator_at", "effect", *_INTERVAL, "band", "supported", "n_draws"),
    ("moderator", "band", "moderator_at"),
    "effect of the exposure at each moderator value",
)
THRESHOLDS = _answers(
    "thresholds",
    ("moderator", "kind", "at", *_INTERVAL, "share_of_draws", "n_draws"),
    ("moderator", "kind"),
    "moderator values at which the effect changes its sign, and places of the breaks of threshold models",
    measures=("at",),
)
CONTRASTS = _answers(
    "contrasts",
    (
        *("by", "group", "moderator", "moderator_at", "exposure_from", "exposure_to", "estimate"),
        *(*_INTERVAL, "band", "n_obs_from", "n_obs_to", "n_draws"),
    ),
    ("by", "group", "moderator", "moderator_at", "exposure_from", "exposure_to", "band"),
    "differences between the values of an exposure that has few, by group and at moderator values",
    measures=("estimate",),
)
INTERACTIONS = _answers(
    "interactions",
    ("moderator", "measure", "estimate", *_INTERVAL, "n_draws"),
    ("moderator", "measure"),
    "how far exposure and moderator interact",
    measures=("estimate",),
)
IMPORTANCE = _answers(
    "importance",
    ("group", "columns", "importance", *_INTERVAL, "mse", "mse_without", "n_obs", "n_entities"),
    ("group",),
    "rise of the error for entities held out where columns are left out, a share of the outcome's variance",
    measures=("importance",),
)
EFFECTS = ResultTable(
    "effects",
    (
        *("outcome", "exposure", "method", "form", "learner", "group", "moderator", "at", "estimate"),
        *("std_error", *_INTERVAL, "band", "p_value", "share_left", "first_stage_f", "robustness_value"),
        *("robustness_value_limit", "n_obs", "n_entities", "n_effective", "n_repeats", "assumption"),
        *("scenario", *STATUS),
    ),
    ("outcome", "scenario", "exposure", "method", "form", "learner", "group", "moderator", "band", "at"),
    "debiased effects of the exposure with their errors, by method, form and learner",
    measures=("estimate", "std_error"),
)
ROBUSTNESS = ResultTable(
    "robustness",
    (
        *("outcome", "exposure", "method", "learner", "check", "estimate", "std_error", *_INTERVAL),
        *("p_value", "difference", "p_difference", "n_obs", "n_entities", "scenario", *STATUS),
    ),
    ("outcome", "scenario", "exposure", "method", "learner", "check"),
    "debiased slopes under other choices, where there can be none, and all of it tested together",
    measures=("estimate",),
)
EFFECT_TESTS = ResultTable(
    "effect_tests",
    (
        *("outcome", "exposure", "test", "estimator", "against", "protocol", "statistic", "p_value"),
        *("n_entities", *STATUS),
    ),
    ("outcome", "exposure", "test", "estimator", "against", "protocol"),
    "tests of the effect's form: linearity, encompassing, equal curves, thresholds, U shapes, spatial errors",
    measures=("statistic",),
)
TRUTH = ResultTable(
    "truth",
    ("outcome", "scenario", "kind", "at", "moderator_at", "group", "truth"),
    ("outcome", "scenario", "kind", "at", "moderator_at", "group"),
    "of simulated data alone: what the true response answers to each scenario",
)
TRUTH_ERRORS = ResultTable(
    "truth_errors",
    ("outcome", "estimator", "scenario", "kind", "rmse", "coverage", "n_points", "n_found"),
    ("outcome", "estimator", "scenario", "kind"),
    "of simulated data alone: how far each estimator is from the truth, and how often intervals hold it",
    measures=("rmse",),
)
SUPPORT = ResultTable(
    "support",
    ("scenario", "at", "n_obs", "n_entities", "supported"),
    ("scenario", "at"),
    "rows and entities near each point of a curve",
)
RUG = ResultTable("rug", ("scenario", "exposure"), ("scenario",), "quantiles of the exposure as observed")
FINDINGS = ResultTable(
    "findings",
    (
        *("outcome", "estimator", "finding", "about", "text", "is_established", "estimate", *_INTERVAL),
        *("p_value", "error_rate", "caveats"),
    ),
    ("outcome", "finding", "about", "estimator"),
    "every sentence of the verdict with its numbers, whether it is established, and its caveats",
    measures=("is_established", "estimate"),
)
ERROR_RATES = ResultTable(
    "error_rates",
    ("outcome", "estimator", "finding", "error_rate", *_INTERVAL, "n_found", "n_panels"),
    ("outcome", "estimator", "finding"),
    "how often each kind of finding is made where it is not there, on panels of the study's shape",
    measures=("error_rate",),
)
CLAIMS = ResultTable(
    "claims",
    (
        *("outcome", "quantity", "published", "recomputed", "this_run", *STATUS, "check", "assumption"),
        *("recomputed_low", "recomputed_high", "about", "source", "note", "estimator", "protocol", "sample"),
        *("kind", "at", "to", "bound", "by", "group", "moderator", "digits", "tolerance"),
        *("counterpart", "counterpart_reason", "counterpart_estimator", "counterpart_protocol"),
    ),
    (*_CELL, "sample", "quantity", "about"),
    "published numbers beside what follows from each other and what this run gives",
)
EXPECTATIONS = ResultTable(
    "expectations",
    (
        *("table", "where", "column", "expected", "obtained", "difference", "tolerance", "origin"),
        *("source", *STATUS, "note", "digits"),
    ),
    ("table", "where", "column", "origin", "source"),
    "numbers that the spec expects beside those of this run",
)
PREPARATION = ResultTable(
    "preparation",
    ("step", "into", "inputs", "detail"),
    ("step", "into", "inputs"),
    "how files were read and columns prepared",
)
INTERPOLATED = ResultTable(
    "interpolated",
    ("column", "entity", "time", "value"),
    ("column", "entity", "time"),
    "the cells that were missing and filled in",
)
SUMMARY = ResultTable(
    "summary",
    ("variable", "role", "n", "mean", "sd", "min", "max", "sd_within", "sd_between"),
    ("variable",),
    "moments of every variable",
)
WARNINGS = ResultTable(
    "warnings", ("code", "where", "message"), ("code", "where"), "what to know before trusting a number"
)

TABLES: Mapping[str, ResultTable] = {
    table.name: table
    for table in (
        *(
            GAIN,
            GAIN_WITHIN,
            ACCURACY,
            METRICS,
            DECOMPOSITION,
            MULTIVERSE,
            MULTIVERSE_CHOICES,
            COEFFICIENTS,
            CURVES,
            CURVE_DRAWS,
            SUPPORT,
            RUG,
        ),
        *(TURNING_POINTS, HETEROGENEITY, HETEROGENEITY_DIFFERENCES, HETEROGENEITY_ROWS, SURFACES),
        *(
            CONDITIONAL_EFFECTS,
            THRESHOLDS,
            INTERACTIONS,
            CONTRASTS,
            IMPORTANCE,
            EFFECTS,
            ROBUSTNESS,
            EFFECT_TESTS,
            TRUTH,
            TRUTH_ERRORS,
            CLAIMS,
            EXPECTATIONS,
            PREPARATION,
            INTERPOLATED,
        ),
        *(SUMMARY, WARNINGS, FINDINGS, ERROR_RATES),
    )
}
"""The tables in CSV files that the harness itself writes, by name, in the order they are listed in."""

PREDICTIONS = ResultTable(
    "predictions",
    (
        *("outcome", "estimator", "protocol", "fold", "entity", "time", "observed", "predicted"),
        *("sample", "train_variance", "predicted_low", "predicted_high"),
    ),
    (*_CELL, "fold", "sample", "entity", "time"),
    "observed and predicted outcome of every row in every fold, on request with limits of new entities",
    suffix=".parquet",
)
UNIVERSE_PREDICTIONS = ResultTable(
    "multiverse",
    PREDICTIONS.columns,
    PREDICTIONS.key,
    "predictions under every combination of choices, the universe in the place of the estimator",
    suffix=".parquet",
)
PARQUET_TABLES = (PREDICTIONS, UNIVERSE_PREDICTIONS)
"""The tables in parquet files."""

DETAILS = "details/"
"""Start of the names of tables that fits bring along; their columns are their plugins' affair."""


def with_own(tables: Iterable[ResultTable]) -> Mapping[str, ResultTable]:
    """Return `TABLES` and those that scenarios of plugins declare, by name; the harness's own stay."""
    return {**{table.name: table for table in tables}, **TABLES}
