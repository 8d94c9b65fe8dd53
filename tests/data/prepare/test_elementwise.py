import numpy as np
import pytest

from harness.data.prepare.row_steps import Indicator, Log, Ratio
from harness.data.prepare.step import LearnedStep, PanelStep, RowStep

COLUMNS = {"a": np.array([1.0, 4.0, np.nan]), "b": np.array([2.0, -0.5, 3.0])}


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (Log("c", "a"), [0.0, 2 * np.log(2.0), np.nan]),
        (Indicator("c", "a", 4.0), [0.0, 1.0, np.nan]),
        (Ratio("c", "a", "b"), [0.5, -8.0, np.nan]),
    ],
)
def test_what_a_step_computes(step, expected):
    assert isinstance(step, RowStep)
    assert not isinstance(step, PanelStep | LearnedStep)
    assert not step.impossible(COLUMNS).any()
    np.testing.assert_allclose(step.compute(COLUMNS), expected, rtol=1e-15)
