"""How well rates of one simulated shape follow from the others: ``python benchmarks/left_out_shapes.py``.

Each of the shapes of the shipped table is left out in turn, and its shares are predicted from the others as a
run's are. A prediction is within the limits where the exact ones of the share that was counted hold it.
Seconds on one core.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

import pandas as pd

from harness.findings.shape import FEATURES, SHIPPED, Shape, exact_limits, rates_at


def predictions(cells: pd.DataFrame) -> Iterator[tuple[bool, bool]]:
    """Yield for each shape and kind whether its error rate and its power are predicted within the limits."""
    for name, own in cells.groupby("cell", sort=False):
        shape = Shape(*own[list(FEATURES)].iloc[0].astype(float))
        others = cells[cells["cell"] != name]
        counted = own.set_index("finding")
        for rate in rates_at(shape, others):
            row = counted.loc[rate["finding"]]
            if "outside" not in rate:
                false_low, false_high = exact_limits(row["n_false"], row["n_panels"])
                found_low, found_high = exact_limits(row["n_found"], row["n_true"])
                yield false_low <= rate["error_rate"] <= false_high, found_low <= rate["power"] <= found_high


def main() -> None:
    """Print the shares of error rates and of powers that are predicted within their limits."""
    with (files("harness.findings") / SHIPPED).open(encoding="utf-8") as text:
        within = pd.DataFrame(predictions(pd.read_csv(text)), columns=["error rates", "powers"])
    print(f"{len(within)} predictions within their exact limits:")
    print(within.mean().map("{:.0%}".format).to_string())


if __name__ == "__main__":
    main()
