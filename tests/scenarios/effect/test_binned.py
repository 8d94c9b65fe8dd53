"""Effects in bins of a moderator: as least squares of the bins, and a test that a line is enough."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import f

from harness import EstimationError
from harness.scenarios.effect.scenario import EffectScenario
from harness.scenarios.effect.terms import binned
from harness.scenarios.scenario import Subject
from harness.scenarios.task import answered_in_parts
from panels import balanced_panel
from scenarios.least_squares import LeastSquares, Nothing, powers


def moderated_panel(seed, slope, *, shape=(60, 2)):
    """Return a panel whose effect of x is a function of m, next to a control."""
    rng = np.random.default_rng([38, seed])
    x, m, w, noise = rng.standard_normal((4, shape[0] * shape[1]))
    x, constant = x + 0.5 * m, np.repeat(rng.standard_normal(shape[0]), shape[1])
    outcome = slope(m) * x + m + w + constant + noise
    return balanced_panel(shape, outcome=outcome, X=np.column_stack([x, m, w]), columns=("x", "m", "w"))


def rows(panel, learner, **options):
    options = {"forms": ("binned",), "moderator": "m", "repeats": 1, "folds": 2, **options}
    scenario = EffectScenario(methods=("first_differences",), **options)
    return answered_in_parts(scenario, Subject(panel, learner, "learner", 3))["effects"]


def test_bins_and_the_test_are_those_of_least_squares_without_one_entity_each():
    panel = moderated_panel(1, np.abs)
    found = rows(panel, Nothing())
    m, third = panel.column("m"), pd.qcut(panel.column("m"), 3, labels=False)
    at = pd.Series(m).groupby(third).median().to_numpy()
    inside = panel.column("x")[:, None] * pd.get_dummies(third).to_numpy()
    terms = np.hstack([inside, inside * (m[:, None] - at)])
    change, outcome = (
        np.diff(terms.reshape(60, 2, 6), axis=1)[:, 0],
        np.diff(panel.observed.reshape(60, 2))[:, 0],
    )

    def slopes(kept):
        return np.linalg.lstsq(change[kept], outcome[kept], rcond=None)[0]

    whole, every = slopes(np.arange(60)), np.arange(60)
    moved = np.stack([slopes(every != one) for one in every]) - whole
    points = found[found["band"] == "pointwise"]
    np.testing.assert_allclose(points["at"], at)
    np.testing.assert_allclose(points["estimate"], whole[:3], rtol=1e-9)
    np.testing.assert_allclose(points["std_error"], np.sqrt(np.square(moved).sum(axis=0))[:3], rtol=1e-9)
    steps = np.diff(np.eye(3), axis=0)
    of_lines = np.outer(-np.diff(at), [1.0, 0.0, 0.0])  # by the slope of the first bin
    apart = np.block([[steps, of_lines], [np.zeros_like(steps), steps]])
    value, spread = apart @ whole, apart @ moved.T
    hotelling = value @ np.linalg.solve(spread @ spread.T, value)
    (test,) = found[found["band"] == "linear"].to_dict("records")
    df = test["n_effective"] - 1.0
    expected = f.sf(hotelling * (df - 3.0) / (4.0 * df), 4, df - 3.0)
    assert test["p_value"] == pytest.approx(expected, rel=1e-6)
    assert np.isnan(test["estimate"])


def test_a_moderator_of_two_values_has_no_bins():
    panel = moderated_panel(1, np.abs)
    with pytest.raises(EstimationError, match="a third of its rows has one value"):
        binned(panel.with_column("m", (panel.column("m") > 0.0).astype(float)), "m")


@pytest.mark.slow
def test_a_line_is_rejected_where_there_is_none_alone():
    """200 panels of 60 entities and 6 periods."""
    for slope, least, most in ((lambda m: 0.5 + m, 0.02, 0.08), (np.abs, 0.9, 1.0)):
        panels = (moderated_panel(seed, slope, shape=(60, 6)) for seed in range(200))
        every = [rows(panel, LeastSquares(powers(1)), folds=5) for panel in panels]
        share = np.mean([found.loc[found["band"] == "linear", "p_value"].item() < 0.05 for found in every])
        assert least <= share <= most
