"""The tables of a suite, declared once: columns, key and what each holds."""

from __future__ import annotations

from collections.abc import Mapping

from harness.tables.table import STATUS, ResultTable

_OF = ("suite", "edition", "form")
_INTERVAL = ("conf_low", "conf_high")

SUITE_GAIN = ResultTable(
    "suite_gain",
    (
        *_OF,
        *("study", "outcome", "estimator", "protocol", "over", "reference", "gain", *_INTERVAL),
        *(
            "p_value",
            "p_holm",
            "inference",
            "mse",
            "nmse",
            "seconds",
            "memory",
            "n_obs",
            "n_entities",
            "n_periods",
            *STATUS,
        ),
    ),
    ("study", "outcome", "estimator", "protocol", "over"),
    "gain of every estimator on every panel over pooled OLS, two-way effects and the best simple rival",
    measures=("gain", "nmse"),
)
SUITE_RANKS = ResultTable(
    "suite_ranks",
    (
        *_OF,
        *("protocol", "estimator", "average_rank", "critical_difference", "is_tied_with_best"),
        *("friedman", "p_value", "n_panels"),
    ),
    ("protocol", "estimator"),
    "average rank over the panels with Nemenyi's critical difference, and Friedman's test",
    measures=("average_rank",),
)
SUITE_SUMMARY = ResultTable(
    "suite_summary",
    (
        *_OF,
        *("protocol", "estimator", "over", "win_rate", "win_low", "win_high", "log_error_ratio", *_INTERVAL),
        *("simultaneous_low", "simultaneous_high", "n_better", "n_worse", "n_refused", "n_panels", "seconds"),
        "memory",
    ),
    ("protocol", "estimator", "over"),
    "win rate and mean log error ratio over the panels, resampled by panel and entity, and cost",
    measures=("win_rate", "log_error_ratio"),
)
SUITE_PANELS = ResultTable(
    "suite_panels",
    (
        *_OF,
        *("study", "outcome", "title", "source", "n_obs", "n_entities", "n_periods", "balanced"),
        *("share_between", "curvature"),
    ),
    ("study", "outcome"),
    "the panels: size, share of the outcome's variance between entities, and curvature found",
)
SUITE_EXPLAINED = ResultTable(
    "suite_explained",
    (*_OF, "protocol", "estimator", "feature", "rank_correlation", *_INTERVAL, "n_panels"),
    ("protocol", "estimator", "feature"),
    "rank correlation of a flexible estimator's log error ratio over two-way effects with features of panels",
    measures=("rank_correlation",),
)
SUITE_FINDINGS = ResultTable(
    "suite_findings",
    (
        *_OF,
        *("protocol", "estimator", "finding", "over", "text", "is_established", "estimate", *_INTERVAL),
    ),
    ("protocol", "finding", "over", "estimator"),
    "every sentence of the suite's verdict with its numbers, and whether it is established",
)
SUITE_BUDGETS = ResultTable(
    "suite_budgets",
    (
        *_OF,
        *("estimator", "label", "use", "options", "is_simple", "n_candidates"),
        *("seconds", "memory", "n_fits", "n_refused"),
    ),
    ("estimator",),
    "what every estimator was given, and took: options, sets of options compared, fits, seconds, megabytes",
)
SUITE_LEFT_OUT = ResultTable(
    "suite_left_out",
    (*_OF, "study", "reason", "remedy"),
    ("study",),
    "the studies that could not be run here, and how to get them",
)

SUITE_TABLES: Mapping[str, ResultTable] = {
    table.name: table
    for table in (
        *(SUITE_GAIN, SUITE_SUMMARY, SUITE_RANKS, SUITE_PANELS, SUITE_EXPLAINED, SUITE_FINDINGS),
        *(SUITE_BUDGETS, SUITE_LEFT_OUT),
    )
}
"""The tables of a suite, by name, in the order they are listed in."""
