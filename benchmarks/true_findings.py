"""Count which significant findings on simulated data are true: ``benchmarks/true_findings.py RUN ...``.

A stretch on which a curve rises or falls, or lies above or below its mean, is true where the true curve does
on all of its grid; a slope and a difference between groups by their sign; a nonlinearity where the true curve
is no line; a threshold where the true effect differs along the moderator, a smooth change included. False
findings are printed.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harness.arrays import Floats
from harness.tables.findings import FINDINGS, FindingRow
from harness.tables.table import read_rows
from measured import Measured

TABLE = Measured("true_findings.csv", ("significant finding", "number", "true"))

# Kinds of findings, as the table names them.
KINDS = (
    ("effect, line", "debiased slope"),
    ("effect, curve", "debiased curve"),
    ("nonlinearity", "nonlinearity (test)"),
    ("model_curve", "slope of a model's curve"),
    ("turning_point", "turning point"),
    ("group_difference", "difference between groups"),
    ("sign_change", "stretch of the moderator"),
    ("threshold", "threshold (test)"),
)

# Places and values of a curve.
Line = tuple[Floats, Floats]


def true_line(truth: pd.DataFrame, kind: str, along: str = "at", scenario: str = "curve") -> Line:
    """Return the places and values of a true curve."""
    own = truth[(truth["kind"] == kind) & (truth["scenario"] == scenario)].sort_values(along)
    return own[along].to_numpy(), own["truth"].to_numpy()


def all_signs(line: Line, stretches: Sequence[Sequence[float]], sign: float) -> bool:
    """Return whether a curve has a sign at every grid point in all stretches, and at their ends."""
    at, value = line
    places = [np.concatenate([at[(at >= low) & (at <= high)], [low, high]]) for low, high in stretches]
    return all((sign * np.interp(own, at, value) > 0.0).all() for own in places)


def is_true(kind: str, said: Mapping[str, Any], truth: pd.DataFrame, rug: Floats) -> bool:
    """Return whether a finding of one outcome is true."""
    slope, level = true_line(truth, "slope"), true_line(truth, "level")
    if kind == "model_curve":
        return all_signs(slope, said.get("rises", ()), 1.0) and all_signs(slope, said.get("falls", ()), -1.0)
    if kind == "effect, curve":
        centred = level[0], level[1] - np.interp(rug, *level).mean()
        return all_signs(centred, said.get("above", ()), 1.0) and all_signs(
            centred, said.get("below", ()), -1.0
        )
    if kind == "effect, line":
        own = truth[(truth["kind"] == "weighted_slope") & (truth["group"] == said["method"])]["truth"]
        return bool((np.sign(own) == np.sign(said["estimate"][0])).all())
    if kind == "group_difference":
        own = truth[(truth["scenario"] == said["scenario"]) & (truth["kind"] == "effect")]
        effect = own.set_index("group")["truth"]
        return bool((effect[said["group"]] - effect[said["other"]]) * said["difference"][0] > 0.0)
    if kind == "nonlinearity":
        return bool(np.ptp(slope[1]) > 1e-6 * np.abs(slope[1]).max())
    if kind == "sign_change":
        own = true_line(truth, "conditional_effect", "moderator_at", said["scenario"])
        return all_signs(own, said.get("above", ()), 1.0) and all_signs(own, said.get("below", ()), -1.0)
    if kind == "turning_point":
        places = truth[(truth["kind"] == said["kind"]) & (truth["scenario"] == said["scenario"])]["at"]
        _, low, high = said["at"]
        return bool(places.between(low, high).any())
    if kind == "threshold":
        effects = truth[truth["kind"] == "conditional_effect"].groupby("scenario")["truth"]
        return bool(np.ptp(effects.get_group(said["scenario"])) > 0.0)
    raise ValueError(kind)


def main() -> None:
    """Count and print, a row a kind."""
    found: Counter[tuple[str, bool]] = Counter()
    for run in map(Path, sys.argv[1:]):
        findings, truth, rug = (pd.read_csv(run / f"{name}.csv") for name in ("findings", "truth", "rug"))
        moderated = pd.read_csv(run / "conditional_effects.csv")
        by_moderator = dict(zip(moderated["moderator"], moderated["scenario"], strict=True))
        for row in read_rows(findings[findings["is_established"]], FindingRow, table=FINDINGS.name):
            said = json.loads(row.params)
            kind = f"effect, {said['form']}" if row.finding == "effect" else row.finding
            if kind in ("gain", "interaction", "mediation"):
                continue
            said.setdefault("scenario", by_moderator.get(said.get("moderator")))
            own = truth[truth["outcome"] == row.outcome]
            told = is_true(kind, said, own, rug["exposure"].to_numpy())
            found[kind, told] += 1
            if not told:
                print(f"{run.name}: {row.outcome}, {row.estimator}: {row.text}", file=sys.stderr)
    TABLE.write([(name, found[kind, True] + found[kind, False], found[kind, True]) for kind, name in KINDS])


if __name__ == "__main__":
    main()
