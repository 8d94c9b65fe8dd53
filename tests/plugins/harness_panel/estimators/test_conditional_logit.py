"""Conditional logit against R's survival and all outcomes of a count, and what it predicts and refuses."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from harness import EstimationError
from harness.estimators.target import with_new_entities
from harness_panel import ConditionalLogit
from harness_panel.estimators.conditional_logit import given_count
from panels import panel_from_frame
from r_reference import R_FOLDER

EXPECTED = pd.read_csv(
    Path(__file__).with_name("conditional_logit.csv"), header=None, names=["sample", "term", "value", "other"]
)


def wages(sample="balanced"):
    frame = pd.read_csv(R_FOLDER / "data" / "wage_panel.csv")
    if sample == "unbalanced":
        frame = frame[(frame["nr"] + 3 * frame["year"]) % 5 > 1]
    keys = {"entity": "nr", "time": "year", "outcome": "union"}
    return panel_from_frame(frame, **keys, exposure="married", controls=("exper", "expersq", "hours"))


@pytest.mark.parametrize("sample", ["balanced", "unbalanced"])
def test_log_odds_errors_and_likelihoods_are_those_of_clogit(sample):
    panel = wages(sample)
    fit = ConditionalLogit().fit(panel)
    expected = EXPECTED[EXPECTED["sample"] == sample].set_index("term")[["value", "other"]]
    table = fit.slopes()
    numbers = np.column_stack([table.estimate, table.std_error])
    np.testing.assert_allclose(numbers, expected.loc[list(table.terms)], rtol=1e-9)
    np.testing.assert_allclose([fit.log_likelihood, fit.null], expected.loc["log_likelihood"], rtol=1e-10)
    odds = fit.details()["odds_ratios"]
    low = table.estimate - 1.959963984540054 * table.std_error
    np.testing.assert_allclose([odds["odds_ratio"], odds["conf_low"]], np.exp([table.estimate, low]))
    ones = panel.entity.codes[panel.observed == 1.0], panel.entity.codes[panel.observed == 0.0]
    n_varying = np.intersect1d(*ones).size
    (note,) = fit.notes
    assert f"{panel.n_entities - n_varying} of {panel.n_entities} entities" in str(note.message)
    statistics = dict(
        zip(*[fit.details()["statistics"][name] for name in ("statistic", "value")], strict=True)
    )
    assert statistics["n_entities"] == panel.n_entities - statistics["n_same_entities"] == n_varying


def test_moments_given_a_count_are_those_of_all_outcomes_with_it():
    rng = np.random.default_rng(3)
    chances, columns, counts = rng.uniform(size=(3, 7)), rng.normal(size=(3, 7, 2)), np.array([1, 4, 6])
    for chance, x, count, weight, mean, covariance in zip(
        chances, columns, counts, *given_count(chances, columns, counts), strict=True
    ):
        ones = np.array([np.isin(np.arange(7), own) for own in combinations(range(7), count)])
        weights = np.where(ones, chance, 1.0 - chance).prod(axis=1)
        assert weight == pytest.approx(weights.sum())
        np.testing.assert_allclose(mean, np.average(ones @ x, axis=0, weights=weights))
        np.testing.assert_allclose(covariance, np.cov((ones @ x).T, aweights=weights, ddof=0))


def test_long_entities_have_the_slope_that_was_simulated():
    """Six hundred rows an entity, where the chance of a count under slopes alone has no double."""
    rng = np.random.default_rng(5)
    x, effects = rng.normal(size=(4, 600)), np.array([-3.0, -1.0, 2.0, 30.0])
    x[3] -= 30.0
    frame = pd.DataFrame({"i": np.repeat(np.arange(4), 600), "t": np.tile(np.arange(600), 4), "x": x.ravel()})
    frame["y"] = (rng.uniform(size=x.shape) < expit(x + effects[:, None])).ravel().astype(float)
    fit = ConditionalLogit().fit(panel_from_frame(frame, entity="i", time="t", outcome="y", exposure="x"))
    assert abs(fit.slopes().estimate[0] - 1.0) < 3.0 * fit.slopes().std_error[0] < 0.3


def test_probabilities_of_an_entity_add_up_to_its_ones_and_new_ones_have_the_mean():
    panel = wages()
    fit = ConditionalLogit().fit(panel)
    predicted, codes = fit.predict(panel), panel.entity.codes
    sums = np.bincount(codes, panel.observed)
    np.testing.assert_allclose(np.bincount(codes, predicted), sums, atol=1e-12)
    is_same = np.isin(sums, [0.0, 8.0])[codes]
    np.testing.assert_array_equal(predicted[is_same], panel.observed[is_same])
    new = fit.predict(with_new_entities(panel))
    index = panel.X @ fit.slopes().estimate
    of_row = np.log(predicted[~is_same] / (1.0 - predicted[~is_same])) - index[~is_same]
    expected = expit(of_row + index[0]).sum() + sums[np.isin(sums, 8.0)].sum()
    assert new[0] == pytest.approx(expected / panel.n_obs)
    assert fit.n_unseen(with_new_entities(panel)) == panel.n_obs


def test_other_outcomes_and_columns_that_separate_are_refused():
    panel = wages()
    counts = replace(panel, observed=panel.observed + (panel.X[:, 1] > 5.0))
    with pytest.raises(
        EstimationError, match=r"of 4360 training rows are neither 0 nor 1\n.*: an outcome of 0 and 1"
    ):
        ConditionalLogit().fit(counts)
    with pytest.raises(EstimationError, match="the same in all rows of every entity"):
        ConditionalLogit().fit(replace(panel, observed=(panel.entity.codes % 2).astype(float)))
    X = panel.X.copy()
    X[:, 0] = panel.observed * (1.0 + X[:, 1])
    with pytest.raises(EstimationError, match="separate ones from zeros within entities"):
        ConditionalLogit().fit(replace(panel, X=X))
