"""What the other columns are while a curve is drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from harness.scenarios.curve.scenario import hold
from harness.scenarios.partial_dependence import partial_dependence
from panels import panel_from_arrays
from scenarios.derived import Square, squared_panel


@dataclass(frozen=True)
class Exponential:
    """Predicts exp(x m)."""

    def predict(self, panel):
        return np.exp(panel.column("x") * panel.column("m"))


@pytest.mark.parametrize(("held", "centre"), [("mean", np.mean), ("median", np.median)])
def test_others_held_at_their_centre(held, centre):
    panel, grid = squared_panel(), np.array([0.0, 1.0])
    expected = np.exp(grid * centre(panel.column("m")))
    assert partial_dependence(Exponential(), hold(panel, held, of=panel), grid) == pytest.approx(
        expected, rel=1e-13
    )


def test_others_as_observed_are_averaged():
    panel, grid = squared_panel(), np.array([0.0, 1.0])
    expected = np.exp(np.outer(grid, panel.column("m"))).mean(axis=1)
    assert hold(panel, "average", of=panel) is panel
    assert partial_dependence(Exponential(), panel, grid) == pytest.approx(expected, rel=1e-13)


def test_what_follows_from_a_held_column_is_computed_from_it():
    panel = squared_panel()
    panel = panel_from_arrays(
        entity=panel.entity.codes,
        period=panel.period,
        outcome=panel.observed,
        X=np.column_stack([panel.column("x"), panel.column("m"), panel.column("m") ** 2]),
        columns=("x", "m", "s"),
        derived=(Square(of="m", into="s"),),
    )
    assert hold(panel, "mean", of=panel).column("s") == pytest.approx(
        panel.column("m").mean() ** 2, rel=1e-13
    )
