"""What tells the rows of each table of a run folder apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_ANSWER = ("outcome", "estimator", "scenario")
_CELL = ("outcome", "estimator", "protocol")

KEYS: Mapping[str, tuple[str, ...]] = {
    "accuracy": (*_CELL, "sample"),
    "gain": (*_CELL, "reference", "sample"),
    "metrics": (*_CELL, "sample", "metric"),
    "decomposition": ("outcome", "estimator", "reference", "part"),
    "multiverse": ("outcome", "universe", "reference", "protocol", "sample"),
    "multiverse_choices": ("outcome", "choice", "level"),
    "coefficients": ("outcome", "estimator", "term"),
    "curves": (*_ANSWER, "kind", "band", "at"),
    "turning_points": (*_ANSWER, "kind"),
    "heterogeneity": (*_ANSWER, "by", "group", "mode"),
    "heterogeneity_differences": (*_ANSWER, "by", "group", "other", "mode", "measure"),
    "heterogeneity_rows": (*_ANSWER, "by", "group", "mode", "quantile"),
    "surfaces": (*_ANSWER, "moderator", "exposure_at", "moderator_at"),
    "conditional_effects": (*_ANSWER, "moderator", "band", "moderator_at"),
    "thresholds": (*_ANSWER, "moderator", "kind"),
    "interactions": (*_ANSWER, "moderator", "measure"),
    "support": ("scenario", "at"),
    "rug": ("scenario",),
    "claims": (*_CELL, "sample", "quantity", "about"),
    "expectations": ("table", "where", "column", "origin", "source"),
    "preparation": ("step", "into"),
    "interpolated": ("column", "entity", "time"),
    "summary": ("variable",),
    "warnings": ("code", "where"),
}
"""Columns by which rows of two runs are matched. Rows alike in all of them, such as the turning points of one
curve, are matched in their order."""


PREDICTIONS: Mapping[str, tuple[str, ...]] = dict.fromkeys(
    ("predictions", "multiverse"), (*_CELL, "fold", "sample", "entity", "time")
)
"""The same for the tables in parquet files."""


def keys_of(name: str, frame: pd.DataFrame) -> tuple[str, ...]:
    """Return the columns that tell the rows of a CSV table apart: those of text where none are declared."""
    import pandas as pd

    if name in KEYS:
        return KEYS[name]
    return tuple(str(column) for column in frame if not pd.api.types.is_numeric_dtype(frame[column]))
