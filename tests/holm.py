"""Adjusted p-values by statsmodels."""

from __future__ import annotations

import gc

import numpy as np


def holm(p_values):
    """Return the p-values of Holm (1979) by statsmodels, NaN where one is.

    Statsmodels collects garbage at every call, half a second where all tests are loaded; what lives is out of
    its sight meanwhile.
    """
    from statsmodels.stats.multitest import multipletests

    p_values = np.asarray(p_values, dtype=float)
    adjusted, known = np.full(p_values.shape, np.nan), np.isfinite(p_values)
    if known.any():
        gc.freeze()
        adjusted[known] = multipletests(p_values[known], method="holm")[1]
        gc.unfreeze()
    return adjusted
