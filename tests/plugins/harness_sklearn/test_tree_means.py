"""Mean predictions of boosted trees where some columns have the same value in all rows."""

from __future__ import annotations

import numpy as np
import pytest

from harness.plugin import CanProfile, random_stream
from harness.scenarios.partial_dependence import mean_predictions
from harness_sklearn.trees import Boosting, Tree
from panels import panel_from_arrays


def make_panel(n_obs=400):
    rng = random_stream(3, "panel")
    X = rng.normal(size=(n_obs, 4))
    X[:, 2] = np.round(X[:, 2])
    outcome = np.sin(2 * X[:, 0]) + X[:, 0] * X[:, 1] + X[:, 2] + 0.3 * rng.normal(size=n_obs)
    rows = np.arange(n_obs)
    return panel_from_arrays(entity=rows // 4, period=rows % 4, outcome=outcome, X=X)


class Bare:
    """A fit that only predicts, so that every row is predicted at every point."""

    def __init__(self, fit):
        self.predict = fit.predict


@pytest.mark.parametrize(
    ("columns", "n_points"), [(("x0",), 13), (("x2",), 7), (("x1", "x0"), 40), (("x0", "x1", "x2", "x3"), 9)]
)
def test_they_are_the_means_of_predictions_of_all_rows(columns, n_points):
    panel = make_panel()
    fit = Boosting(max_rounds=60).fit(panel, rng=random_stream(0, "fit"))
    assert isinstance(fit, CanProfile)
    points = random_stream(1, "points").normal(size=(n_points, len(columns)))
    points[0] = np.round(points[0])
    found = mean_predictions(fit, panel, columns=columns, points=points)
    expected = mean_predictions(Bare(fit), panel, columns=columns, points=points)
    assert found == pytest.approx(expected, rel=1e-12)


def test_a_row_at_the_threshold_goes_to_the_left():
    tree = Tree(
        (0, None, 1, None, None), (1.0, 0.0, 2.0, 0.0, 0.0), (1, 0, 3, 0, 0), (2, 0, 4, 0, 0), (0, 5, 0, 7, 9)
    )
    sums = np.zeros(3)
    X = np.array([[9.0, 2.0], [9.0, 3.0], [9.0, 1.0]])
    tree.add_sums(sums, X, {0: np.array([0.5, 1.0, 1.5])})
    assert sums.tolist() == [15.0, 15.0, 7.0 + 9.0 + 7.0]
