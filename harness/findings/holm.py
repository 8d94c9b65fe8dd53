"""P-values of a family of findings, adjusted for their number."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


def holm(p_values: Iterable[float]) -> list[float]:
    """Return the p-values of a family adjusted by Holm (1979)."""
    from harness.evaluation.gain import holm_adjusted

    adjusted: list[float] = holm_adjusted(np.array(list(p_values))).tolist()
    return adjusted
