"""How well rates of one simulated shape follow from the others: ``python benchmarks/left_out_shapes.py``.

Each of the shapes of the shipped table is left out in turn, and its shares are predicted from the others as a
run's are. A prediction is within the limits where the exact ones of the share that was counted hold it.
Seconds on one core.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

import numpy as np
import pandas as pd

from harness.findings.shape import FEATURES, SHIPPED, Shape, exact_limits, rates_at


def predictions(cells: pd.DataFrame) -> Iterator[tuple[float, float]]:
    """Yield for each shape and kind whether its error rate and its power are predicted within the limits.

    A power that was not measured is NaN.
    """
    for _, same in cells.groupby("finding", sort=False):
        for _, row in same.iterrows():
            shape = Shape(*row[list(FEATURES)].astype(float))
            for rate in rates_at(shape, same[same["cell"] != row["cell"]]):
                if "error_rate" in rate:
                    low, high = exact_limits(row["n_false"], row["n_panels"])
                    found_low, found_high = exact_limits(row["n_found"], max(row["n_true"], 1))
                    is_found = float(found_low <= rate["power"] <= found_high)
                    yield float(low <= rate["error_rate"] <= high), is_found if row["n_true"] else np.nan


def main() -> None:
    """Print the shares of error rates and of powers that are predicted within their limits."""
    with (files("harness.findings") / SHIPPED).open(encoding="utf-8") as text:
        within = pd.DataFrame(predictions(pd.read_csv(text)), columns=["error rates", "powers"])
    print(f"{len(within)} predictions within their exact limits:")
    print(within.mean().map("{:.0%}".format).to_string())


if __name__ == "__main__":
    main()
