"""How often the first screen is false without an effect: ``python benchmarks/null_screens.py --panels 336``.

Panels of nine kinds, none with an effect, and the study of the grid on each with ``--quick``. A sentence is
false where it says that the exposure has an effect, that it is nonlinear or that it differs between groups.
That an estimator predicts better is false where it does not predict `FURTHER` more entities of the same
periods better: fixed effects know what periods have in common, pooled OLS does not. What was counted is kept,
a row a panel, in ``benchmarks/grid/null_screens.csv``: the script goes on from there.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.random import Generator

from grid_panels import PanelShape, curves
from harness.calibration.memory import run_in_memory
from harness.calibration.run import calibration_manifest
from harness.evaluation.fold_fit import fit_and_predict
from harness.findings.run import RULE
from harness.findings.shape import exact_limits
from harness.findings.table import findings_of
from harness.rng import random_stream
from harness.running.prepare import prepare
from harness.tables.findings import FindingRow
from harness.text.render import with_text
from harness.text.screen import screen
from shape_grid import SPECS, options_of, registry

# Kinds by shape; a number of four is of no loadings and of a linear outcome, one more has common shocks.
KINDS: Mapping[str, tuple[PanelShape, int]] = {
    "independent errors": (PanelShape(40, 8), 4),
    "errors AR(.8)": (PanelShape(40, 8, 0.8), 4),
    "heavy tails": (PanelShape(40, 8, is_heavy=True), 4),
    "few entities": (PanelShape(12, 8), 4),
    "attrition": (PanelShape(60, 8), 4),
    "random walks": (PanelShape(40, 12), 4),
    "common shocks with loadings": (PanelShape(40, 12, 0.5), 5),
    "exposure mostly between entities": (PanelShape(40, 8, between=0.95), 4),
    "binary exposure": (PanelShape(40, 8, is_binary=True), 4),
}

SEED = 53

# Entities by which it is known whether an estimator predicts better.
FURTHER = 400

# Findings of the screen that assert something of the exposure or of an estimator, and the words that do.
ASSERTING = frozenset({"gain", "headline", "effect", "within_effect", "nonlinearity", "for_whom"})
ASSERTIONS = (
    *(" raises ", " lowers ", " reduces ", " is rejected", " the effect differs by "),
    *(" higher (", " lower (", " higher than ", " lower than "),
)
NONE = ", not significant", ", not robust"


def drawn(kind: str, rng: Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a panel without an effect, and further entities of its periods."""
    shape, number = KINDS[kind]
    more = replace(shape, entities=shape.entities + FURTHER)
    frame = curves(more, rng, number, False).frame
    unit = frame["unit"].str[1:].astype(int)
    if kind == "attrition":
        last = rng.integers(3, shape.periods + 1, more.entities)
        frame = frame[frame["period"] - 2001 < last[unit]]
    if kind == "random walks":
        for name in ("x", "y"):
            frame[name] = rng.standard_normal(len(frame))
            frame[name] = frame.groupby("unit")[name].cumsum()
    is_own = unit[frame.index] < shape.entities
    return frame[is_own], frame[~is_own]


def counted(number: int) -> Mapping[str, object]:
    """Return a panel's kind, what is false on its screen, true gains there, and whether its rows agree."""
    kind = list(KINDS)[number % len(KINDS)]
    rng = random_stream(SEED, kind, number)
    frame, further = drawn(kind, rng)
    options = options_of("study", frame, int(rng.integers(2**31)))
    prepared = prepare(options, registry())
    manifest = calibration_manifest(options, prepared, n_panels=1, effect=0.0, started=datetime.now(UTC))
    run, _ = run_in_memory(prepared, manifest)
    rows = findings_of(run, tuple(registry().of(RULE).values()))
    shown = [row for row in screen(rows, manifest.study.outcomes).rows if row.finding in ASSERTING]
    stated = [row for row in shown if states(with_text(row, manifest.study).text)]
    true = [row for row in stated if row.finding == "gain" and truly_gains(row, frame, further)]
    return {
        "number": number,
        "kind": kind,
        "false": " ".join(row.code for row in stated if row not in true),
        "true_gains": len(true),
        "differs": int([row.key for row in stated] != [row.key for row in shown if row.is_established]),
    }


def states(text: str) -> bool:
    """Return whether a sentence says that something is there."""
    return any(words in text for words in ASSERTIONS) and not any(words in text for words in NONE)


def truly_gains(row: FindingRow, frame: pd.DataFrame, further: pd.DataFrame) -> bool:
    """Return whether the estimator of a verdict predicts further entities better than the reference."""
    sentence = json.loads(row.params)
    tasks = prepare(options_of("study", pd.concat([frame, further]), 1), registry()).plan.fold_tasks()
    losses = {}
    for task in tasks:
        if task.cell.protocol == "held_out_entities":
            units = np.array(task.panel.entity.labels)[task.panel.entity.codes]
            is_own = np.isin(units, frame["unit"].unique())
            train, test = np.flatnonzero(is_own), np.flatnonzero(~is_own)
            fold = replace(task.fold, train=train, test=test, selection=None)
            predicted = fit_and_predict(replace(task, fold=fold)).test
            losses[task.cell.estimator] = np.square(task.panel.observed[test] - predicted).mean()
    return bool(losses[sentence["estimator"]] < losses[sentence["reference"]])


def main() -> None:
    """Count what is missing and print a row a kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--panels", type=int, default=336)
    parser.add_argument("--file", type=Path, default=SPECS / "null_screens.csv")
    asked = parser.parse_args()
    n_done = sum(1 for _ in asked.file.open(encoding="utf-8")) - 1 if asked.file.exists() else 0
    with asked.file.open("a", encoding="utf-8", newline="") as file:
        for number in range(n_done, asked.panels):
            row = counted(number)
            writer = csv.DictWriter(file, [*row], lineterminator="\n")
            if number == 0:
                writer.writeheader()
            writer.writerow(row)
            file.flush()
    panels = pd.read_csv(asked.file, keep_default_na=False)
    print("kind,panels,with a false sentence,false sentences,true gains,screen and table differ")
    groups = [*panels.groupby("kind", sort=False), ("all", panels)]
    for kind, own in groups:
        n_false = own["false"].str.split().str.len()
        n_panels = int((n_false > 0).sum())
        low, high = exact_limits(n_panels, len(own))
        limits = f"{n_panels} [{100 * low:.0f}, {100 * high:.0f}] %"
        print(
            f'{kind},{len(own)},"{limits}",{n_false.sum()},{own["true_gains"].sum()},{own["differs"].sum()}'
        )


if __name__ == "__main__":
    main()
