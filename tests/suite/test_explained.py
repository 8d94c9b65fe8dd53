"""Rank correlations equal scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from harness.suite.overall import rank_correlation


def test_rank_correlation_is_scipys_with_ties():
    rng = np.random.default_rng(8)
    first, second = rng.normal(size=(5, 20)), rng.integers(0, 6, size=(5, 20)).astype(float)
    expected = [spearmanr(one, other).statistic for one, other in zip(first, second, strict=True)]
    assert rank_correlation(first, second) == pytest.approx(expected, abs=1e-12)


def test_what_does_not_vary_has_none():
    assert np.isnan(rank_correlation(np.arange(4.0), np.ones(4)))
