"""How often the first screen is false without an effect: ``python benchmarks/null_screens.py --panels 336``.

Panels of nine kinds, none with an effect, and the study of the grid on each with ``--quick``. A sentence is
false where it says that one estimator predicts better, that the exposure has an effect, that it is
nonlinear or that it differs between groups. What was counted is kept, a row a panel, in
``benchmarks/grid/null_screens.csv``: the script goes on from there.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from numpy.random import Generator

from grid_panels import PanelShape, curves
from harness.calibration.memory import run_in_memory
from harness.calibration.run import calibration_manifest
from harness.findings.run import RULE
from harness.findings.shape import exact_limits
from harness.findings.table import findings_of
from harness.rng import random_stream
from harness.running.prepare import prepare
from harness.tables.decision import ABOVE, CONDITIONAL, SIGNIFICANT
from harness.tables.findings import FindingRow
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

# Findings of the screen that assert something of the exposure or of an estimator.
ASSERTING = frozenset({"gain", "headline", "effect", "within_effect", "nonlinearity", "for_whom"})


def drawn(kind: str, rng: Generator) -> pd.DataFrame:
    """Return a panel without an effect."""
    shape, number = KINDS[kind]
    frame = curves(shape, rng, number, False).frame
    if kind == "attrition":
        last = rng.integers(3, shape.periods + 1, shape.entities)
        frame = frame[frame["period"] - 2001 < last[frame["unit"].str[1:].astype(int)]]
    if kind == "random walks":
        for name in ("x", "y"):
            frame[name] = rng.standard_normal(len(frame))
            frame[name] = frame.groupby("unit")[name].cumsum()
    return frame


def counted(number: int) -> Mapping[str, object]:
    """Return a panel's kind and what is false on its screen, as it is stated and where it is established."""
    kind = list(KINDS)[number % len(KINDS)]
    rng = random_stream(SEED, kind, number)
    options = options_of("study", drawn(kind, rng), int(rng.integers(2**31)))
    prepared = prepare(options, registry())
    manifest = calibration_manifest(options, prepared, n_panels=1, effect=0.0, started=datetime.now(UTC))
    run, _ = run_in_memory(prepared, manifest)
    rows = findings_of(run, tuple(registry().of(RULE).values()))
    shown = [row for row in screen(rows, manifest.study.outcomes).rows if row.finding in ASSERTING]
    stated = [row for row in shown if is_stated(row)]
    return {
        "number": number,
        "kind": kind,
        "stated": " ".join(row.code for row in stated),
        "established": " ".join(row.code for row in stated if row.is_established),
        "differs": int(any(is_stated(row) != row.is_established for row in shown)),
    }


def is_stated(row: FindingRow) -> bool:
    """Return whether a sentence says that something is there: of a gain that there is one, and no loss."""
    return row.decision in ((ABOVE, CONDITIONAL) if row.finding == "gain" else SIGNIFICANT)


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
    print("kind,panels,false on the screen,of these `is_established`,screen and table differ")
    groups = [*panels.groupby("kind", sort=False), ("all", panels)]
    for kind, own in groups:
        stated, established = ((own[name] != "").sum() for name in ("stated", "established"))
        low, high = exact_limits(int(stated), len(own))
        limits = f"{stated} [{100 * low:.0f}, {100 * high:.0f}] %"
        print(f'{kind},{len(own)},"{limits}",{established},{own["differs"].sum()}')


if __name__ == "__main__":
    main()
