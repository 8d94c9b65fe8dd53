"""Compare printed error rates with counted ones on shapes outside the grid: ``benchmarks/shipped_rates.py``.

Studies of the grid are repeated on panels without an effect of twelve shapes that the grid does not have.
What is found is kept in ``benchmarks/grid/outside`` and goes on from there. The table of the docs is written.
The printed rates of a kind agree where the exact limits of the share of all panels hold their mean, weighted
by the panels of each shape.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
import pandas as pd

from grid_panels import PanelShape
from harness.findings.shape import FEATURES, Shape, exact_limits, rates_at
from harness.tables.csv_table import csv_text
from shape_grid import MEASURED, SPECS, STUDIES, grid_table, grow, read_part

SHAPES = (
    PanelShape(15, 12, 0.5, between=0.7),
    PanelShape(35, 4, 0.0, is_heavy=True, between=0.5),
    PanelShape(35, 18, 0.6, between=0.5),
    PanelShape(60, 2, 0.0, between=0.8),
    PanelShape(60, 5, 0.4, between=0.6, is_binary=True),
    PanelShape(80, 10, 0.7, is_heavy=True, between=0.8),
    PanelShape(150, 3, 0.0, between=0.9),
    PanelShape(150, 8, 0.2, between=0.4),
    PanelShape(200, 2, 0.0, is_heavy=True, between=0.5),
    PanelShape(200, 5, 0.5, between=0.9),
    PanelShape(400, 4, 0.3, is_heavy=True, between=0.7, is_binary=True),
    PanelShape(500, 6, 0.0, between=0.6),
)

FOLDER = SPECS / "outside"


def compared(kind: str, rows: Sequence[tuple[float, float, int, int]]) -> dict[str, object]:
    """Return a row of the table from the rate printed of each shape, its limit, false panels and all."""
    rates, limits, n_false, n_panels = np.array(rows).T
    printed, limit = (np.average(values, weights=n_panels) for values in (rates, limits))
    counted = n_false.sum() / n_panels.sum()
    low, high = exact_limits(int(n_false.sum()), int(n_panels.sum()))
    return {
        "finding": kind,
        "shapes": len(rows),
        "panels": int(n_panels.sum()),
        "counted, %": f"{100 * counted:.0f} [{100 * low:.0f}, {100 * high:.0f}]",
        "printed, %": f"{100 * printed:.0f}",
        "printed, at most %": f"{100 * limit:.0f}",
        "agrees": "yes" if low <= printed <= high else "no",
        "below the most": "yes" if counted <= limit else "no",
    }


def main() -> None:
    """Draw what is missing, and write a row a kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--panels", type=int, default=20, help="of each shape")
    parser.add_argument("--studies", nargs="+", choices=STUDIES, default=["study", "within", "pooled"])
    parser.add_argument("--seconds", type=float, default=float("inf"))
    asked = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    grow(asked.studies, asked.panels, cells=SHAPES, sides=(False,), folder=FOLDER, seconds=asked.seconds)
    table, kinds = grid_table(), dict[str, list[tuple[float, float, int, int]]]()
    for study in asked.studies:
        for _, own in read_part(study, FOLDER).groupby("cell", sort=False):
            shape = Shape(*own[list(FEATURES)].median())
            for rate in rates_at(shape, table[table["finding"].isin(STUDIES[study].kinds)]):
                values = own[rate["finding"]].dropna()
                if "outside" not in rate and values.size:
                    counted = int(values.sum()), values.size
                    kinds.setdefault(rate["finding"], []).append(
                        (rate["error_rate"], rate["conf_high"], *counted)
                    )
    table = pd.DataFrame([compared(kind, rows) for kind, rows in kinds.items()])
    (MEASURED / "shipped_rates.csv").write_text(csv_text(table), encoding="utf-8")
    print(table.to_string(index=False))


if __name__ == "__main__":
    main()
