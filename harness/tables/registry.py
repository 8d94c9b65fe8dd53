"""All result tables, by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.tables import (
    accuracy,
    claims,
    coefficients,
    conditional,
    curves,
    effects,
    findings,
    gain,
    heterogeneity,
    preparation,
    truth,
)
from harness.tables.table import ResultTable

# The tables in CSV files that the harness itself writes, by name, in the order they are listed in.
TABLES: Mapping[str, ResultTable] = {
    table.name: table
    for table in (
        *(gain.GAIN, gain.GAIN_WITHIN, accuracy.ACCURACY, accuracy.METRICS, gain.DECOMPOSITION),
        *(gain.MULTIVERSE, gain.MULTIVERSE_CHOICES, coefficients.COEFFICIENTS),
        *(curves.CURVES, curves.CURVE_DRAWS, curves.SUPPORT, curves.RUG, curves.TURNING_POINTS),
        *(heterogeneity.HETEROGENEITY, heterogeneity.HETEROGENEITY_DIFFERENCES),
        *(heterogeneity.HETEROGENEITY_ROWS, conditional.SURFACES, conditional.CONDITIONAL_EFFECTS),
        *(conditional.THRESHOLDS, conditional.INTERACTIONS, heterogeneity.CONTRASTS, accuracy.IMPORTANCE),
        *(effects.EFFECTS, effects.ROBUSTNESS, effects.EFFECT_TESTS, truth.TRUTH, truth.TRUTH_ERRORS),
        *(claims.CLAIMS, claims.EXPECTATIONS, preparation.PREPARATION, preparation.INTERPOLATED),
        *(preparation.SUMMARY, preparation.WARNINGS, findings.FINDINGS, findings.ERROR_RATES),
    )
}

# The tables in parquet files.
PARQUET_TABLES = (accuracy.PREDICTIONS, accuracy.UNIVERSE_PREDICTIONS)


def with_own(tables: Iterable[ResultTable]) -> Mapping[str, ResultTable]:
    """Return `TABLES` and those that scenarios of plugins declare, by name; the harness's own stay."""
    return {**{table.name: table for table in tables}, **TABLES}
