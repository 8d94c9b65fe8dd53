import numpy as np
import pytest

from harness.data.prepare.row_steps import Indicator, Log, Ratio, Square
from harness.data.prepare.step import LearnedStep, PanelStep, RowStep
from harness.errors import EstimationError

COLUMNS = {"a": np.array([1.0, 4.0, np.nan]), "b": np.array([2.0, -0.5, 3.0])}


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (Log("c", "a"), [0.0, 2 * np.log(2.0), np.nan]),
        (Square("c", "b"), [4.0, 0.25, 9.0]),
        (Indicator("c", "a", 4.0), [0.0, 1.0, np.nan]),
        (Ratio("c", "a", "b"), [0.5, -8.0, np.nan]),
    ],
)
def test_what_a_step_computes(step, expected):
    assert isinstance(step, RowStep)
    assert not isinstance(step, PanelStep | LearnedStep)
    assert not step.impossible(COLUMNS).any()
    np.testing.assert_allclose(step.compute(COLUMNS), expected, rtol=1e-15)


@pytest.mark.parametrize(
    ("step", "cells", "impossible", "demand"),
    [
        (Log("c", "a"), {"a": [1.0, 0.0, -1.0, np.nan]}, [False, True, True, False], "numbers above 0"),
        (Ratio("c", "a", "b"), {"a": [1.0, 0.0], "b": [0.0, np.nan]}, [True, False], "'b' other than 0"),
    ],
)
def test_what_a_step_cannot_compute(step, cells, impossible, demand):
    columns = {name: np.array(values) for name, values in cells.items()}
    assert step.impossible(columns).tolist() == impossible
    with pytest.raises(EstimationError) as caught:
        step.compute(columns)
    assert f"{sum(impossible)} counterfactual rows" in caught.value.what
    assert caught.value.expected == demand
    assert "narrow the range" in caught.value.hint
