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

from grid_panels import PanelShape
from harness.findings.shape import FEATURES, Shape, exact_limits, rates_at
from measured import Measured, share_with_limits
from shape_grid import SPECS, STUDIES, grid_table, grow, read_part

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


TABLE = Measured(
    "shipped_rates.csv",
    (
        *("finding", "shapes", "panels", "counted, %", "printed, %", "printed, at most %"),
        *("agrees", "below the most"),
    ),
)


def compared(kind: str, rows: Sequence[tuple[float, float, int, int]]) -> tuple[object, ...]:
    """Return a row of the table from the rate printed of each shape, its limit, false panels and all."""
    rates, limits, n_false, n_panels = np.array(rows).T
    printed, limit = (np.average(values, weights=n_panels) for values in (rates, limits))
    n_false, n_panels = int(n_false.sum()), int(n_panels.sum())
    low, high = exact_limits(n_false, n_panels)
    return (
        *(kind, len(rows), n_panels, share_with_limits(n_false, n_panels)),
        *(f"{100 * printed:.1f}", f"{100 * limit:.1f}"),
        "yes" if low <= printed <= high else "no",
        "yes" if n_false / n_panels <= limit else "no",
    )


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
    rows = [compared(kind, of_shapes) for kind, of_shapes in kinds.items()]
    TABLE.save(rows, "benchmarks/shipped_rates.py", CODE)


CODE = (SHAPES, compared)


if __name__ == "__main__":
    main()
