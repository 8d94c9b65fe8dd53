"""Compare printed error rates with counted ones on shapes outside the grid: ``benchmarks/shipped_rates.py``.

Studies of the grid are repeated on panels without an effect of twelve shapes that the grid does not have.
What is found is kept in ``benchmarks/grid/outside`` and goes on from there. A printed rate agrees where the
exact limits of the counted share hold it; a printed limit covers where the counted share is not above it.
"""

from __future__ import annotations

import argparse

import pandas as pd

from grid_panels import PanelShape
from harness.findings.shape import FEATURES, Shape, exact_limits, rates_at
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


def main() -> None:
    """Draw what is missing, and print a row a shape and kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--panels", type=int, default=20, help="of each shape")
    parser.add_argument("--studies", nargs="+", choices=STUDIES, default=["study", "within", "pooled"])
    parser.add_argument("--seconds", type=float, default=float("inf"))
    asked = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    grow(asked.studies, asked.panels, cells=SHAPES, sides=(False,), folder=FOLDER, seconds=asked.seconds)
    table, agreeing = grid_table(), []
    print("shape,finding,printed [limit] %,counted %,agrees,covers")
    for study in asked.studies:
        for cell, own in read_part(study, FOLDER).groupby("cell", sort=False):
            at = Shape(*own[list(FEATURES)].median())
            for rate in rates_at(at, table[table["finding"].isin(STUDIES[study].kinds)]):
                found = own[rate["finding"]].dropna()
                if "outside" in rate or found.empty:
                    continue
                share, (low, high) = found.mean(), exact_limits(int(found.sum()), found.size)
                does = low <= rate["error_rate"] <= high, share <= rate["conf_high"]
                agreeing.append(does)
                printed = f"{100 * rate['error_rate']:.0f} [{100 * rate['conf_high']:.0f}]"
                counted = f"{100 * share:.0f} [{100 * low:.0f}, {100 * high:.0f}] of {found.size}"
                words = ("yes" if one else "no" for one in does)
                print(f'{cell},{rate["finding"]},"{printed}","{counted}",{",".join(words)}', flush=True)
    shares = pd.DataFrame(agreeing, columns=["agrees", "covers"]).agg(["sum", "size"])
    print(shares.to_string())


if __name__ == "__main__":
    main()
