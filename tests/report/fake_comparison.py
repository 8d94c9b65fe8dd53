"""Plausible tables of where gains come from, of a multiverse and of diagnostics."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from harness.evaluation.multiverse import choice_table
from harness.language import Message

HALF = 0.05
RANDOM_ROWS = {"ann": 0.121, "rab": 0.154, "boosting": 0.093}
"""Gains under honest random rows, which the fake run has no protocol for."""

PARTS = {
    "rows at hand": "in_sample",
    "other rows, selected on": "as_published",
    "other rows of the same entities": "random_rows",
    "entities never seen": "held_out_entities",
}
REFERENCE_MSE = {
    "in_sample": 0.2297,
    "as_published": 0.2312,
    "random_rows": 0.2312,
    "held_out_entities": 0.2341,
}


def decomposition(outcome: str, gains: Mapping[str, Mapping[str, float]]) -> pd.DataFrame:
    """Return what is left of the gains of the estimators in `RANDOM_ROWS`."""
    rows = []
    for estimator, random_rows in RANDOM_ROWS.items():
        known = {**gains[estimator], "random_rows": random_rows}
        for part, protocol in PARTS.items():
            value, reference = known[protocol], REFERENCE_MSE[protocol]
            place = {"outcome": outcome, "estimator": estimator, "reference": "ols", "part": part}
            limits = {"conf_low": value - HALF, "conf_high": value + HALF}
            errors = {"mse": reference * (1 - value), "mse_reference": reference}
            rows.append(place | {"protocol": protocol, "estimate": value} | limits | errors)
    return pd.DataFrame(rows)


def multiverse(outcome: str, gains: Mapping[str, Mapping[str, float]]) -> pd.DataFrame:
    """Return the gain of ``ann`` under two references, all protocols, two samples, two sizes, three seeds."""
    rows = []
    for reference, penalty in (("ols", 0.0), ("fe", 0.35)):
        for protocol, gain in gains["ann"].items():
            for sample in ("test", "all"):
                for clusters in (1, 4):
                    for seed in (1, 2, 3):
                        bonus = 0.02 * (clusters == 4) + 0.005 * seed + 0.01 * (sample == "all")
                        value = gain - penalty + bonus
                        rows.append(
                            {
                                "outcome": outcome,
                                "estimator": "ann",
                                "universe": f"ann (clusters {clusters}, seed {seed})",
                                "reference": reference,
                                "protocol": protocol,
                                "sample": sample,
                                "gain": value,
                                "conf_low": value - HALF,
                                "conf_high": value + HALF,
                                "clusters": clusters,
                                "hidden": "auto",
                                "seed": seed,
                            }
                        )
    return pd.DataFrame(rows)


def choices(table: pd.DataFrame) -> pd.DataFrame:
    """Return what each choice moves."""
    return choice_table(table)


def diagnostics(outcome: str) -> dict[str, pd.DataFrame]:
    """Return tests of two estimators, one with a caution and one refused, statistics, and one search."""
    made = {"status": "ok", "reason": "", "caution": "", "source": "A book, section 2"}
    null = Message("all {effects} effects are equal", effects="entity")
    effects = {"test": "f_effects", "null_hypothesis": null, "distribution": "F"}
    tests = [
        {"estimator": "ols", "statistic": 8.316852957571285, "df1": 541.0, "df2": 3810.0, "p_value": 1e-9}
        | made
        | effects,
        {"estimator": "fe", "statistic": 46.35160622, "df1": 5.0, "df2": None, "p_value": 0.0421}
        | made
        | {"test": "hausman", "null_hypothesis": "effects are independent", "distribution": "chi2"}
        | {"caution": "the difference of covariances is no covariance"},
        {
            "estimator": "fe",
            "test": "cross_section_dependence",
            "status": "refused",
            "reason": "too few periods",
        },
        {"estimator": "ols", "statistic": 3.4724248, "p_value": 0.000516}
        | made
        | {"test": "cross_section_dependence", "null_hypothesis": "errors are not correlated across entities"}
        | {"distribution": "normal"},
    ]
    statistics = [
        {"estimator": name, "statistic": statistic, "value": value, "definition": "as defined"}
        for name, values in {"ols": (4360, 0.18398, 0.19221), "fe": (4360, 0.19939, -0.0492)}.items()
        for statistic, value in zip(("n_obs", "r2_within", "r2_overall"), values, strict=True)
    ]
    rounds = [
        {"estimator": "boosting", "rounds": number, "selection_nmse": 0.8 + 0.01 * abs(number - 38)}
        for number in (1, 20, 38, 60)
    ]
    search = [one | {"chosen": one["rounds"] == 38} for one in rounds]
    tables = {"diagnostics": tests, "statistics": statistics, "search": search}
    return {f"details/{name}": pd.DataFrame(rows).assign(outcome=outcome) for name, rows in tables.items()}
