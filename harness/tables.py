"""The result tables of a run: the name of each and its columns."""

from __future__ import annotations

from collections.abc import Mapping

STATUS = ("status", "reason")

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "accuracy": (
        *("outcome", "estimator", "protocol", "sample", "mse", "rmse", "nmse", "r2", "n_obs", "n_entities"),
        *STATUS,
    ),
    "gain": (
        *("outcome", "estimator", "reference", "protocol", "sample", "gain", "conf_low", "conf_high"),
        *("p_value", "mse", "mse_reference", "n_entities", "p_splits", "p_holm", "p_best"),
        *STATUS,
    ),
    "metrics": (
        *("outcome", "estimator", "protocol", "sample", "metric", "value", "gain", "conf_low", "conf_high"),
        *("p_value", "n_entities"),
        *STATUS,
    ),
    "decomposition": ("outcome", "estimator", "reference", "part", "estimate", "conf_low", "conf_high"),
    "coefficients": (
        *("outcome", "estimator", "term", "estimate", "std_error", "statistic", "p_value"),
        *("conf_low", "conf_high", "covariance", "n_obs", "n_coef", "n_effects", "n_clusters", "factor"),
        *("df_resid", "bandwidth"),
        *STATUS,
    ),
    "curves": (
        *("outcome", "estimator", "kind", "at", "estimate", "conf_low", "conf_high", "band", "n_draws"),
        *("supported", "mean_level", "level", "unit", "scenario"),
        *STATUS,
    ),
    "turning_points": (
        *("outcome", "estimator", "kind", "at", "conf_low", "conf_high", "share_of_draws", "estimate"),
        *("n_draws", "scenario"),
        *STATUS,
    ),
    "heterogeneity": (
        *("outcome", "estimator", "by", "group", "mode", "median", "effect", "conf_low", "conf_high"),
        *("n_obs", "n_entities", "median_low", "median_high", "n_draws", "scenario"),
        *STATUS,
    ),
    "heterogeneity_differences": (
        *("outcome", "estimator", "by", "group", "other", "mode", "measure", "difference"),
        *("conf_low", "conf_high", "scenario"),
        *STATUS,
    ),
    "heterogeneity_rows": (
        *("outcome", "estimator", "by", "group", "mode", "quantile", "level", "scenario"),
        *STATUS,
    ),
    "surfaces": (
        *("outcome", "estimator", "moderator", "exposure_at", "moderator_at", "estimate", "conf_low"),
        *("conf_high", "effect", "supported", "effect_low", "effect_high", "n_obs", "n_entities"),
        *("n_draws", "scenario"),
        *STATUS,
    ),
    "conditional_effects": (
        *("outcome", "estimator", "moderator", "moderator_at", "effect", "conf_low", "conf_high"),
        *("band", "supported", "n_draws", "scenario"),
        *STATUS,
    ),
    "thresholds": (
        *("outcome", "estimator", "moderator", "kind", "at", "conf_low", "conf_high", "share_of_draws"),
        *("n_draws", "scenario"),
        *STATUS,
    ),
    "interactions": (
        *("outcome", "estimator", "moderator", "measure", "estimate", "conf_low", "conf_high", "n_draws"),
        "scenario",
        *STATUS,
    ),
    "support": ("scenario", "at", "n_obs", "n_entities", "supported"),
    "rug": ("scenario", "exposure"),
    "claims": (
        *("outcome", "quantity", "published", "recomputed", "here", "status", "reason", "check"),
        *("recomputed_low", "recomputed_high", "about", "source", "note", "estimator", "protocol", "sample"),
        *("kind", "at", "to", "bound", "by", "group", "moderator", "digits", "tolerance"),
    ),
    "expectations": (
        *("table", "where", "column", "expected", "obtained", "difference", "tolerance", "origin"),
        *("source", "status", "reason", "note", "digits"),
    ),
    "preparation": ("step", "into", "inputs", "detail"),
    "interpolated": ("column", "entity", "time", "value"),
    "summary": ("variable", "role", "n", "mean", "sd", "min", "max", "sd_within", "sd_between"),
    "warnings": ("code", "where", "message"),
}
"""Columns of every CSV table; a cell that failed is a row with its status and reason, numbers empty."""

PREDICTIONS = (
    *("outcome", "estimator", "protocol", "fold", "entity", "time", "observed", "predicted"),
    *("sample", "train_variance"),
)
"""Columns of predictions.parquet."""

DETAILS = "details/"
"""Start of the names of tables that fits bring along; their columns are their plugins' affair."""

WHOLE_TABLE = frozenset({"p_holm", "p_best"})
"""Columns whose numbers depend on which other estimators and protocols a study has."""

MEASURES: Mapping[str, tuple[str, ...]] = {
    "gain": ("gain",),
    "accuracy": ("mse",),
    "coefficients": ("estimate", "std_error"),
    "metrics": ("value",),
    "decomposition": ("estimate",),
    "turning_points": ("at",),
    "heterogeneity": ("effect",),
    "heterogeneity_differences": ("difference",),
    "thresholds": ("at",),
    "interactions": ("estimate",),
}
"""The numbers that each row of a table is there for, of tables whose rows are few and have names."""
