"""Means of the regressors by entity as further regressors."""

from __future__ import annotations

import numpy as np

from harness.data.entity_means import with_entity_means
from panels import panel_from_arrays


def test_means_are_of_known_rows_and_of_their_own_where_an_entity_has_none():
    X = np.array([[1.0, 5.0], [3.0, 5.0], [8.0, 5.0], [2.0, 7.0], [6.0, 7.0]])
    panel = panel_from_arrays(
        entity=np.array([0, 0, 0, 1, 1]),
        period=np.array([0, 1, 2, 0, 1]),
        outcome=np.zeros(5),
        X=X,
        columns=("x", "constant"),
    )
    name = f"x, mean of {panel.entity.name}"
    assert with_entity_means(panel).columns == ("x", "constant", name)
    assert with_entity_means(panel).column(name).tolist() == [4.0, 4.0, 4.0, 4.0, 4.0]
    known = with_entity_means(panel, known=np.array([0, 1]))
    assert known.column(name).tolist() == [2.0, 2.0, 2.0, 4.0, 4.0]
    assert known.with_column("x", 9.0).column(name).tolist() == [2.0, 2.0, 2.0, 4.0, 4.0]
