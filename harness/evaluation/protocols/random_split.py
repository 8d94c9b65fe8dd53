"""Random splits of rows."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from harness.arrays import Ints
from harness.errors import EstimationError, Problem


def split_rows(
    n_obs: int, *, test_share: float, repeats: int, rng: Generator
) -> tuple[tuple[Ints, Ints], ...]:
    """Return pairs of training and test rows, sorted positions.

    Parameters
    ----------
    test_share : in (0, 1)
    repeats : >= 1, number of pairs

    Raises
    ------
    EstimationError
        Where a side would be empty.
    """
    n_test = round(test_share * n_obs)
    if not 1 <= n_test < n_obs:
        raise EstimationError(
            Problem(
                where="random split of rows",
                what=f"{test_share:.0%} of {n_obs} rows leaves {n_test} to test on",
                allowed="at least one row on each side",
                mend="change test_share, or leave this protocol out",
            )
        )
    orders = [rng.permutation(n_obs) for _ in range(repeats)]
    return tuple((np.sort(order[n_test:]), np.sort(order[:n_test])) for order in orders)
