"""The net effect curve over rows with data near them, where the answer is plain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from harness.scenarios.curve.scenario import CurveScenario
from harness.scenarios.curve.supported_curve import joint_support, supported_dependence
from harness.scenarios.partial_dependence import partial_dependence
from harness.scenarios.subject import Subject
from panels import panel_from_arrays
from scenarios.least_squares import LeastSquares, crossed, random_panel

GRID = np.linspace(0.0, 1.0, 21)


@dataclass(frozen=True)
class Product:
    """Predicts x m, and 100 m beside it."""

    def predict(self, panel):
        x, m = panel.column("x"), panel.column("m")
        return x * m + 100.0 * m


def band_panel(seed=1, *, n=1000):
    """Return a panel in which the moderator follows the exposure closely."""
    x = np.random.default_rng(seed).uniform(size=n)
    m = x + np.random.default_rng(seed + 1).uniform(-0.1, 0.1, size=n)
    X = np.column_stack([x, m])
    return panel_from_arrays(
        entity=np.arange(n), period=np.zeros(n), outcome=x * m, X=X, columns=("x", "m"), n_moderators=1
    )


def test_it_is_partial_dependence_where_every_row_is_supported():
    panel = random_panel(np.random.default_rng(3), lambda x: x**2, columns=("x",))
    model = LeastSquares(lambda panel: np.column_stack([panel.X[:, 0], panel.X[:, 0] ** 2])).fit(
        panel, rng=None
    )
    joint = joint_support(panel, GRID[1:-1])
    assert joint.near.all()
    assert supported_dependence(model, panel, GRID[1:-1], joint) == pytest.approx(
        partial_dependence(model, panel, GRID[1:-1])
    )


def test_changes_are_those_of_the_rows_that_are_there():
    """Among rows with m near x the slope is about x, the curve x^2 / 2; that of all rows has slope 1/2."""
    panel = band_panel()
    joint = joint_support(panel, GRID)
    curve = supported_dependence(Product(), panel, GRID, joint)
    inner = slice(3, 18)
    change = curve[inner] - curve[3]
    assert change == pytest.approx((GRID[inner] ** 2 - GRID[3] ** 2) / 2.0, abs=0.02)
    alike = partial_dependence(Product(), panel, GRID)
    assert np.diff(alike) == pytest.approx(0.05 * panel.column("m").mean())
    assert joint.share.max() < 0.5


def test_beyond_a_gap_nothing_is_said():
    x = np.concatenate([np.linspace(0.0, 0.4, 100), np.linspace(0.9, 1.0, 30)])
    X = np.column_stack([x, np.random.default_rng(1).normal(size=130)])
    panel = panel_from_arrays(
        entity=np.arange(130), period=np.zeros(130), outcome=x, X=X, columns=("x", "m"), n_moderators=1
    )
    curve = supported_dependence(Product(), panel, GRID, joint_support(panel, GRID))
    known = np.isfinite(curve)
    assert not known[10:17].any()
    assert known[:9].all() != known[18:].all()
    assert known.any()


def test_the_scenario_gives_it_with_its_share_and_warns():
    panel = band_panel(n=300)
    estimator = LeastSquares(crossed)
    subject = Subject(estimator, panel, estimator.fit(panel, rng=None), seed=1, name="it")
    scenario = CurveScenario(grid=11, draws=20)
    curves = scenario.answer(subject)["curves"]
    own = curves[(curves["kind"] == "level_supported") & (curves["band"] == "pointwise")]
    assert own["share_of_rows"].between(0.0, 0.5).all()
    assert curves.loc[curves["kind"] != "level_supported", "share_of_rows"].isna().all()
    known = own[own["supported"]]
    assert (known["conf_low"] <= known["conf_high"]).all()
    assert [note.code for note in scenario.notes(panel)] == ["W-FEWBOOT", "W-EXTRAPOLATED"]
    everywhere = random_panel(np.random.default_rng(3), lambda x, m: x + m, n_entities=300)
    assert "W-EXTRAPOLATED" not in [note.code for note in CurveScenario().notes(everywhere)]
