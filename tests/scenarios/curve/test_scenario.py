"""The scenario ``curve``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from harness.plugin import random_stream
from harness.scenarios.curve.scenario import CurveScenario
from harness.scenarios.subject import Subject
from scenarios.least_squares import LeastSquares, crossed, powers, random_panel


@dataclass(frozen=True)
class Slopes:
    """Predicts b x + 2 m, one draw for each b."""

    values: tuple[float, ...]

    def predict(self, panel):
        return np.array(self.values)[:, None] * panel.column("x") + 2.0 * panel.column("m")


@dataclass(frozen=True)
class Carrying:
    """A fit of slope 2 that carries its draws."""

    draws: Slopes

    def predict(self, panel):
        return 2.0 * panel.column("x") + 2.0 * panel.column("m")


def subject_of(estimator, panel, *, seed=1):
    return Subject(estimator, panel, estimator.fit(panel, rng=None), seed=seed, name="least_squares")


def rows_of(frame, **place):
    for column, value in place.items():
        frame = frame[frame[column] == value]
    return frame


@pytest.fixture
def carried():
    panel = random_panel(np.random.default_rng(5), lambda x, m: x + m)
    subject = Subject(object(), panel, Carrying(Slopes((1.0, 2.0, 3.0))), seed=1, name="known")
    return panel, CurveScenario(grid=9, level=0.4).answer(subject)["curves"]


def test_every_kind_has_both_bands(carried):
    _, curves = carried
    expected = [
        (kind, band)
        for kind in ("level", "slope", "ale", "level_supported")
        for band in ("pointwise", "simultaneous")
    ]
    whole = curves[curves["kind"] != "average_effect"]
    assert list(whole.groupby(["kind", "band"], sort=False).size().items()) == [(key, 9) for key in expected]
    average = rows_of(curves, kind="average_effect")
    assert average["band"].tolist() == ["pointwise", "simultaneous"]
    assert average["estimate"].to_numpy() == pytest.approx(2.0)
    assert average["at"].isna().all()
    assert (curves["n_draws"] == 3).all()
    assert (curves["level"] == 0.4).all()


def test_level_slope_and_local_effects_of_a_line(carried):
    panel, curves = carried
    x, m = panel.X.T
    level = rows_of(curves, kind="level", band="pointwise")
    at = level["at"].to_numpy()
    assert at.tolist() == np.linspace(x.min(), x.max(), 9).tolist()
    assert level["estimate"].to_numpy() == pytest.approx(2 * at + 2 * m.mean(), rel=1e-12)
    assert level["conf_low"].to_numpy() == pytest.approx(1.2 * at + 2 * m.mean(), rel=1e-12)
    slope = rows_of(curves, kind="slope", band="pointwise")
    assert slope["estimate"].to_numpy() == pytest.approx(2.0)
    assert slope["conf_low"].to_numpy() == pytest.approx(1.2)
    assert slope["conf_high"].to_numpy() == pytest.approx(2.8)
    local = rows_of(curves, kind="ale", band="pointwise")
    assert local["estimate"].to_numpy() == pytest.approx(2 * (local["at"].to_numpy() - x.mean()), abs=1e-12)
    assert local["mean_level"].to_numpy() == pytest.approx(2 * x.mean() + 2 * m.mean())
    assert level["mean_level"].isna().all()


def test_draws_that_a_fit_carries_have_no_unit_of_ours(carried):
    assert (carried[1]["unit"] == "").all()
    panel = random_panel(np.random.default_rng(5), lambda x, m: x + m)
    curves = CurveScenario(grid=3, draws=5, unit="row").answer(subject_of(LeastSquares(crossed), panel))[
        "curves"
    ]
    assert (curves["unit"] == "row").all()


def test_simultaneous_bands_contain_the_pointwise_ones():
    panel = random_panel(np.random.default_rng(2), lambda x, m: np.sin(3 * x) + m)
    curves = CurveScenario(grid=15).answer(subject_of(LeastSquares(powers(4)), panel))["curves"]
    several = curves[curves["kind"] != "average_effect"]  # of one number there is nothing to hold at once
    narrow, wide = (rows_of(several, band=band).reset_index() for band in ("pointwise", "simultaneous"))
    assert (wide["conf_low"] < narrow["conf_low"]).all()
    assert (wide["conf_high"] > narrow["conf_high"]).all()
    assert wide["estimate"].equals(narrow["estimate"])


def test_turning_points_or_the_answer_that_there_is_none():
    curve, answers = CurveScenario(grid=30, draws=100), []
    for truth in (lambda x: -4 * (x - 0.6) ** 2, lambda x: x):
        panel = random_panel(np.random.default_rng(3), truth, noise=0.2, columns=("x",))
        answers.append(curve.answer(subject_of(LeastSquares(powers(2)), panel))["turning_points"])
    (point,) = answers[0].to_dict("records")
    assert (point["kind"], point["is_established"]) == ("maximum", True)
    assert point["at"] == pytest.approx(0.6, abs=0.05)
    assert point["conf_low"] < point["at"] < point["conf_high"]
    assert answers[1].to_dict("records") == [{"kind": "none", "is_established": False, "n_draws": 100}]


def test_others_at_their_mean_leave_the_interaction_at_the_mean():
    panel = random_panel(np.random.default_rng(3), lambda x, m: x * m, noise=0.1)
    subject = subject_of(LeastSquares(crossed), panel)
    const, on_x, on_m, both = subject.fit.beta
    for held, centre in (("average", np.mean), ("mean", np.mean), ("median", np.median)):
        curves = CurveScenario(grid=4, draws=5, held=held).answer(subject)["curves"]
        level = rows_of(curves, kind="level", band="pointwise")
        at, m = level["at"].to_numpy(), centre(panel.column("m"))
        assert level["estimate"].to_numpy() == pytest.approx(const + on_x * at + (on_m + both * at) * m)


def test_the_truth_is_found_where_a_control_goes_with_the_exposure():
    """Correlation 0.8 with a control, effects that add up: curves within a tenth of their range."""
    rng = np.random.default_rng(4)

    def truth(x, m):
        return 4 * (x - 0.3) ** 2 + 2 * m

    panel = random_panel(rng, truth, noise=0.0)
    x = panel.column("x")
    panel = panel.with_column("m", 0.8 * x + 0.6 * panel.column("m"))
    assert np.corrcoef(panel.X.T)[0, 1] == pytest.approx(0.8, abs=0.03)
    outcome = truth(x, panel.column("m")) + 0.3 * rng.normal(size=panel.n_obs)
    panel = type(panel)(**{**vars(panel), "observed": outcome})
    curves = CurveScenario(grid=20, draws=5).answer(subject_of(LeastSquares(powers(3)), panel))["curves"]
    for kind in ("level", "ale"):
        curve = rows_of(curves, kind=kind, band="pointwise")
        error = curve["estimate"].to_numpy() - 4 * (curve["at"].to_numpy() - 0.3) ** 2
        assert np.std(error) < 0.1 * np.ptp(4 * (curve["at"] - 0.3) ** 2)


def test_a_flat_line_is_inside_the_band_of_no_effect():
    n_runs, inside, grid = 60, 0.0, 10
    for seed in range(n_runs):
        panel = random_panel(random_stream(seed, "panel"), lambda _x, m: 2 * m)
        subject = subject_of(LeastSquares(powers(3)), panel, seed=seed)
        slope = rows_of(CurveScenario(grid=grid).answer(subject)["curves"], kind="slope", band="pointwise")
        inside += ((slope["conf_low"] <= 0) & (slope["conf_high"] >= 0)).mean()
    assert inside / n_runs >= 0.9


def test_derivatives_and_levels_say_the_same_in_other_units():
    panel = random_panel(np.random.default_rng(9), lambda x, m: x**2 + m)
    other = panel.with_column("x", 100.0 * panel.column("x") + 7.0)
    curves, scaled = (
        CurveScenario(grid=6, draws=20).answer(subject_of(LeastSquares(powers(2)), rows))["curves"]
        for rows in (panel, other)
    )
    assert scaled["at"].to_numpy() == pytest.approx(100 * curves["at"].to_numpy() + 7, nan_ok=True)
    per_unit = np.where(curves["kind"].isin(["slope", "average_effect"]), 100.0, 1.0)
    for column in ("estimate", "conf_low", "conf_high"):
        assert scaled[column].to_numpy() * per_unit == pytest.approx(
            curves[column].to_numpy(), rel=1e-6, abs=1e-7
        )


def test_a_quick_curve_has_fewer_draws_and_points():
    quick = CurveScenario(held="median").quick()
    assert (quick.draws, quick.grid, quick.held) == (40, 25, "median")
    assert CurveScenario(draws=7, grid=5).quick() == CurveScenario(draws=7, grid=5)
