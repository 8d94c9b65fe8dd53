"""Panels drawn from a linear truth have the shape of the data and the effect asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from harness.calibration.linear_truth import fit_linear_truth
from harness.plugin import random_stream
from panels import panel_from_arrays


@dataclass(frozen=True)
class Square:
    """A derived column, for the test."""

    into: str = "xx"
    inputs: tuple[str, ...] = ("x",)

    def compute(self, columns):
        return columns["x"] ** 2


def make_panel(n_entities=150, n_periods=6, seed=0):
    """Curved in the exposure x, linear in z, entity constants beyond z's mean, serial correlation."""
    rng = np.random.default_rng(seed)
    entity = np.repeat(np.arange(n_entities), n_periods)
    slow = rng.normal(size=n_entities)[entity]
    x, z = slow + rng.normal(size=entity.size), slow + rng.normal(size=entity.size)
    noise = rng.normal(size=(n_entities, n_periods)).cumsum(axis=1).ravel()
    return panel_from_arrays(
        entity=entity,
        period=np.tile(np.arange(n_periods), n_entities),
        outcome=3 * x**2 + 2 * z + 4 * rng.normal(size=n_entities)[entity] + noise,
        X=np.column_stack([x, x**2, z]),
        columns=("x", "xx", "z"),
        derived=(Square(),),
    )


def within(values, panel):
    codes = panel.entity.codes
    return values - (np.bincount(codes, weights=values) / np.bincount(codes))[codes]


@pytest.mark.parametrize("effect", [0.0, 1.5])
def test_drawn_panels_have_the_effect_asked_for_and_no_curvature(effect):
    panel = make_panel()
    truth = fit_linear_truth(panel, effect=effect)
    estimates = []
    for number in range(60):
        observed = truth.draw(random_stream(1, "t", number)).observed
        columns = np.column_stack([within(panel.column(name), panel) for name in ("x", "xx", "z")])
        estimates.append(np.linalg.lstsq(columns, within(observed, panel))[0])
    mean, error = np.mean(estimates, axis=0), np.std(estimates, axis=0) / np.sqrt(60)
    assert abs(mean[0] - effect) < 4 * error[0]
    assert abs(mean[1]) < 4 * error[1]


def test_the_true_curve_is_the_mean_of_the_truth_at_each_exposure():
    panel = make_panel()
    drawn = fit_linear_truth(panel, effect=2.0).draw(random_stream(1, "t"))
    at = np.array([0.0, 1.0])
    assert np.diff(drawn.curve(at)) == pytest.approx([2.0])
    mean = drawn.observed.mean()
    assert drawn.curve(np.array([panel.column("x").mean()]))[0] == pytest.approx(mean, abs=0.3)
