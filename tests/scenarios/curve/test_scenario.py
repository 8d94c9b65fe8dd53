"""The scenario ``curve``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from harness.plugin import HasDraws
from harness.scenarios.curve.scenario import CurveScenario, hold
from harness.scenarios.full_fit import answer_in_process
from harness.scenarios.scenario import Subject
from panels import panel_from_arrays
from scenarios.derived import Square, squared_panel
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


@dataclass(frozen=True)
class Known:
    """An estimator whose fit is known."""

    known: Carrying
    provides: ClassVar[frozenset[type]] = frozenset({HasDraws})

    def fit(self, panel, *, rng, selection=None):
        return self.known


def subject_of(estimator, panel, *, seed=1):
    return Subject(panel, estimator, "least_squares", seed)


def rows_of(frame, **place):
    for column, value in place.items():
        frame = frame[frame[column] == value]
    return frame


@pytest.fixture
def carried():
    panel = random_panel(np.random.default_rng(5), lambda x, m: x + m)
    subject = Subject(panel, Known(Carrying(Slopes((1.0, 2.0, 3.0)))), "known", 1)
    return panel, answer_in_process(CurveScenario(grid=9, level=0.4), subject)["curves"]


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
    curves = answer_in_process(
        CurveScenario(grid=3, draws=5, unit="row"), subject_of(LeastSquares(crossed), panel)
    )["curves"]
    assert (curves["unit"] == "row").all()


def test_turning_points_or_the_answer_that_there_is_none():
    curve, answers = CurveScenario(grid=30, draws=100), []
    for truth in (lambda x: -4 * (x - 0.6) ** 2, lambda x: x):
        panel = random_panel(np.random.default_rng(3), truth, noise=0.2, columns=("x",))
        answers.append(answer_in_process(curve, subject_of(LeastSquares(powers(2)), panel))["turning_points"])
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
        curves = answer_in_process(CurveScenario(grid=4, draws=5, held=held), subject)["curves"]
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
    curves = answer_in_process(CurveScenario(grid=20, draws=5), subject_of(LeastSquares(powers(3)), panel))[
        "curves"
    ]
    for kind in ("level", "ale"):
        curve = rows_of(curves, kind=kind, band="pointwise")
        error = curve["estimate"].to_numpy() - 4 * (curve["at"].to_numpy() - 0.3) ** 2
        assert np.std(error) < 0.1 * np.ptp(4 * (curve["at"] - 0.3) ** 2)


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
