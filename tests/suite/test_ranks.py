"""Ranks, Friedman's test and Nemenyi's critical difference equal an independent implementation."""

from __future__ import annotations

import math
import warnings
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import friedmanchisquare

from harness.suite.overall import ranking

NAMES = ("ols", "effects", "splines", "boosting", "network")


@pytest.fixture(scope="module")
def errors():
    found = np.random.default_rng(5).gamma(2.0, size=(24, 5)) + 0.3 * np.arange(5)
    found[3, 1] = found[3, 2]  # a tie
    return found


@pytest.fixture(scope="module")
def ranked(errors):
    panels = [SimpleNamespace(mse=dict(zip(NAMES, row, strict=True))) for row in errors]
    return ranking(panels, NAMES, level=0.95)


def test_those_within_the_critical_difference_are_those_of_scikit_posthocs(errors, ranked):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import scikit_posthocs

    theirs = scikit_posthocs.posthoc_nemenyi_friedman(errors).to_numpy()
    differences = np.abs(ranked.average[:, None] - ranked.average)
    assert ((differences < ranked.critical_difference) == (theirs > 0.05)).all()
    best = int(np.argmin(ranked.average))
    assert set(ranked.tied_with_best) == {NAMES[at] for at in np.flatnonzero(theirs[best] > 0.05)}


def test_statistic_equals_scipys_on_errors(errors, ranked):
    assert ranked.friedman == pytest.approx(tuple(friedmanchisquare(*errors.T)), rel=1e-12)


def test_critical_difference_is_demsars():
    # Demsar (2006), table 5: q of 0.05 is 2.728 for five classifiers and 2.343 for three.
    for n_estimators, quantile in ((5, 2.728), (3, 2.343)):
        names = NAMES[:n_estimators]
        panels = [SimpleNamespace(mse=dict.fromkeys(names, 1.0))] * 14
        found = ranking(panels, names, level=0.95).critical_difference
        expected = quantile * math.sqrt(n_estimators * (n_estimators + 1) / (6 * 14))
        assert found == pytest.approx(expected, abs=5e-4)


def test_average_ranks_are_those_of_pandas(errors, ranked):
    expected = pd.DataFrame(errors).rank(axis=1).mean()
    assert ranked.average == pytest.approx(expected.to_numpy(), abs=1e-12)


def test_an_estimator_that_refuses_a_panel_is_last_there_with_the_others_that_do():
    panels = [
        SimpleNamespace(mse={"ols": 0.5, "effects": 0.4}),
        SimpleNamespace(mse={"ols": 0.5}),
    ]
    found = ranking(panels, ("ols", "effects", "network"), level=0.95)
    assert found.ranks.tolist() == [[2.0, 1.0, 3.0], [1.0, 2.5, 2.5]]
