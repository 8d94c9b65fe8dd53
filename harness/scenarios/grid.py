"""Values of the exposure at which a curve is evaluated."""

from __future__ import annotations

from typing import Literal

import numpy as np

from harness.arrays import Floats

Spacing = Literal["uniform", "quantiles"]


def exposure_grid(exposure: Floats, *, n_grid: int, spacing: Spacing) -> Floats:
    """Return grid points over the observed range, (n_grid,) or fewer, strictly increasing.

    Parameters
    ----------
    exposure : (n_obs,), its unit
    spacing : equal steps, or equal shares of the rows between neighbours (ties merge)
    """
    if spacing == "uniform":
        return np.linspace(exposure.min(), exposure.max(), n_grid)
    return np.unique(np.quantile(exposure, np.linspace(0.0, 1.0, n_grid)))
