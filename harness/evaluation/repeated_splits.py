"""A test of equal accuracy over repeated or crossed splits whose training rows overlap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.arrays import Floats


@dataclass(frozen=True, eq=False)
class SplitDifferences:
    """Differences of two mean squared errors, split by split.

    Attributes
    ----------
    difference : (n_splits,), squared outcome units; positive where the reference is worse
    test_to_train : test rows over training rows, the mean over splits
    """

    difference: Floats
    test_to_train: float


def corrected_t_p_value(splits: SplitDifferences) -> float:
    """Return the p-value of the corrected resampled t test (Nadeau and Bengio 2003, equation 21).

    The variance of the mean over J splits is taken as (1/J + n_test/n_train) times the variance between
    splits, since the splits share training rows; t distribution with J - 1 degrees of freedom. NaN for fewer
    than two splits.
    """
    from scipy import stats

    n_splits = splits.difference.size
    if n_splits < 2:
        return float("nan")
    mean = float(splits.difference.mean())
    variance = (1.0 / n_splits + splits.test_to_train) * float(splits.difference.var(ddof=1))
    if variance == 0:
        return 1.0 if mean == 0 else 0.0
    return float(2.0 * stats.t.sf(abs(mean) / np.sqrt(variance), n_splits - 1))
