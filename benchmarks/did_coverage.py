"""Measure tests, intervals and bounds of ``use: did`` on panels with three cohorts, and print a table.

Run in a checkout as ``PYTHONPATH=tests OMP_NUM_THREADS=1 python benchmarks/did_coverage.py``, with
``--trend 0.2`` for panels in which untreated outcomes of treated entities rise by so much more a period, as
much before the start as after it.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict

import numpy as np

from effect_panels import staggered_panel
from harness.plugin import random_stream
from harness.scenarios.scenario import framed
from harness_causal import DifferenceInDifferences
from harness_panel import FixedEffects
from measured import Measured

# Columns of the table, each with what is looked at.
COLUMNS = {
    "effect at 0": "effect at 0",
    "at 3": "effect at 3",
    "average": "average",
    "all, simultaneous": "all in the simultaneous band",
    "pre-trend test rejects": "no trend before, rejected at 5 %",
}
TABLE = Measured(
    "effect_stages.csv",
    ("estimator", "effect at 0", "at 3", "average", "all, simultaneous", "pre-trend test rejects"),
)
METHODS = (
    ("sun_abraham", "Sun and Abraham"),
    ("imputation", "imputation"),
    ("callaway_santanna", "Callaway and Sant'Anna"),
    ("two_way", "two-way event study"),
)

SIZE = 0.05

# Periods since the start whose effects are looked at.
TIMES = (0, 1, 2, 3)


def measured(seed: int, trend: float) -> dict[str, bool]:
    """Return what held in one panel, by name."""
    panel, effects, since = staggered_panel(random_stream(seed, "did coverage"), trend=trend)
    answer = DifferenceInDifferences(m_bars=(1.0,)).answer_of(panel, rng=random_stream(seed, "bands"))
    tables = {name: frame.to_dict("records") for name, frame in framed(answer).items()}
    held: dict[str, bool] = {}
    for test in tables["did_tests"]:
        held[f"{test['method']}: no trend before, rejected at 5 %"] = test["p_value"] < SIZE
    average = float(effects[since >= 0].mean())
    truth = {time: float(effects[since == time].mean()) for time in np.unique(since)}
    bands: dict[str, list[bool]] = defaultdict(list)
    for row in tables["did_effects"]:
        time = row["event_time"] if row["effect"] == "event" else None
        is_held = row["conf_low"] <= (average if time is None else truth[time]) <= row["conf_high"]
        if row["band"] == "simultaneous":
            bands[row["method"]].append(is_held)
        elif time is None or time in TIMES:
            held[f"{row['method']}: {'average' if time is None else f'effect at {time:g}'}"] = is_held
    held |= {f"{method}: all in the simultaneous band": all(own) for method, own in bands.items()}
    for row in tables["did_bounds"]:
        if row["status"] == "ok":
            name = f"{row['method']}: average within the bounds at 1"
            held[name] = row["conf_low"] <= average <= row["conf_high"]
    fit = FixedEffects(effects=("entity", "time")).fit(panel, rng=random_stream(seed))
    (p_value,) = np.asarray(fit.result_rows()["effect_tests"]["p_value"], dtype=np.float64)
    held["two_way: no trend before, rejected at 5 %"] = bool(p_value < SIZE)
    return held


def main() -> None:
    """Print the share of panels in which each holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--first", type=int, default=501)
    parser.add_argument("--last", type=int, default=700)
    parser.add_argument("--trend", type=float, default=0.0)
    options = parser.parse_args()
    counts: dict[str, list[bool]] = defaultdict(list)
    for seed in range(options.first, options.last + 1):
        for name, value in measured(seed, options.trend).items():
            counts[name].append(bool(value))
    shares = {name: f"{np.mean(values):.3f}" for name, values in counts.items()}
    TABLE.write(
        [(title, *(shares.get(f"{name}: {one}", "") for one in COLUMNS.values())) for name, title in METHODS]
    )
    for name in shares:
        if "bounds" in name:
            print(f"{name}: {shares[name]}", file=sys.stderr)


if __name__ == "__main__":
    main()
