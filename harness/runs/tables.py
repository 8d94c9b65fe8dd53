"""The tables of a run folder: name and leading columns of each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import pandas as pd

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
    "decomposition": ("outcome", "estimator", "reference", "part", "estimate", "conf_low", "conf_high"),
    "coefficients": (
        *("outcome", "estimator", "term", "estimate", "std_error", "statistic", "p_value"),
        *("conf_low", "conf_high", "covariance", "n_obs", "n_coef", "n_effects", "n_clusters", "factor"),
        *("df_resid", "bandwidth"),
        *STATUS,
    ),
    "curves": (
        *("outcome", "estimator", "kind", "at", "estimate", "conf_low", "conf_high", "band", "n_draws"),
        *("supported", "scenario"),
        *STATUS,
    ),
    "support": ("scenario", "at", "n_obs", "n_entities", "supported"),
    "rug": ("scenario", "exposure"),
    "claims": (
        *("outcome", "quantity", "published", "recomputed", "here", "status", "reason", "check"),
        *("recomputed_low", "recomputed_high", "about", "source", "note", "estimator", "protocol", "sample"),
        *("kind", "at", "to", "bound", "by", "group", "moderator", "digits", "tolerance"),
    ),
    "summary": ("variable", "role", "n", "mean", "sd", "min", "max", "sd_within", "sd_between"),
    "warnings": ("code", "where", "message"),
}
"""Columns of every CSV table; a cell that failed is a row with its status and reason, numbers empty."""

PREDICTIONS = (
    *("outcome", "estimator", "protocol", "fold", "entity", "time", "observed", "predicted"),
    *("sample", "train_variance"),
)
"""Columns of predictions.parquet."""


def slug(name: str) -> str:
    """Return a name that is safe as a file name: lower case letters, digits and underscores."""
    return re.sub(r"[^a-z0-9_]+", "_", name.lower())[:64]


def table(name: str, parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return one table with its declared columns, from parts that may lack some of them."""
    columns = list(COLUMNS[name])
    filled = [part.reindex(columns=columns) for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=columns)
