"""Rows that effects fit whatever the columns say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness_panel.grouping import Grouping


def count_singletons(groupings: Sequence[Grouping]) -> int:
    """Return the number of rows that are the only one of a level of some grouping of the same rows.

    A row that becomes the only one once others are left out counts as well (Correia 2015, "Singletons,
    cluster-robust standard errors and fixed effects").
    """
    n_obs = groupings[0].codes.size
    kept = np.arange(n_obs)
    while True:
        is_alone = np.zeros(kept.size, dtype=np.bool_)
        for one in groupings:
            codes = one.codes[kept]
            is_alone |= np.bincount(codes, minlength=one.n_levels)[codes] == 1
        if not is_alone.any():
            return int(n_obs - kept.size)
        kept = kept[~is_alone]
