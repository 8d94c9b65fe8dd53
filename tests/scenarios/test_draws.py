"""Draws of estimators that cannot fit draws at once."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from harness import EstimationError, Problem
from harness.plugin import CanProfile, draw_weights, random_stream
from harness.scenarios.draws import drawn_panel, fit_draws, require_few_refused
from harness.scenarios.scenario import Resampled
from panels import balanced_panel
from scenarios.least_squares import random_panel


@dataclass(frozen=True)
class MeanFit:
    mean: float

    def predict(self, panel):
        return np.full(panel.n_obs, self.mean)


@dataclass(frozen=True)
class Mean:
    """Predicts the training mean; refuses panels below a size."""

    name: ClassVar[str] = "mean"
    provides: ClassVar[frozenset[type]] = frozenset()
    least: int = 0

    def fit(self, panel, *, rng, selection=None):
        if panel.n_entities < self.least:
            raise EstimationError(Problem("mean", "too few entities"))
        return MeanFit(float(panel.observed.mean()))


def make_panel():
    rng = np.random.default_rng(0)
    return balanced_panel((6, 4), outcome=rng.normal(size=24), X=rng.normal(size=24))


def streams(n_draws):
    return random_stream(0, "d").spawn(n_draws)


@pytest.mark.parametrize("unit", ["entity", "row"])
def test_a_looped_draw_is_the_weighted_fit(unit):
    panel = make_panel()
    weights = draw_weights(panel, 20, unit=unit, rng=random_stream(0, "w"))
    draws = fit_draws(Mean(), panel, weights=weights, rngs=streams(20))
    expected = weights @ panel.observed / weights.sum(axis=1)
    assert draws.predict(panel)[:, 0] == pytest.approx(expected, rel=1e-13)


@dataclass(frozen=True)
class Aside(Mean):
    """Predicts the mean of the rows to select on; zero where there are none."""

    def fit(self, panel, *, rng, selection=None):
        return MeanFit(0.0 if selection is None else float(selection.observed.mean()))


def test_a_looped_draw_selects_on_the_rows_that_it_left_out():
    panel = make_panel()
    weights = np.vstack([draw_weights(panel, 3, unit="row", rng=random_stream(0, "w")), np.ones(24)])
    found = fit_draws(Aside(), panel, weights=weights, rngs=streams(4)).predict(panel)[:, 0]
    omitted = [panel.observed[own == 0.0] for own in weights]
    assert found == pytest.approx([rows.mean() if rows.size else 0.0 for rows in omitted], rel=1e-13)


def test_an_entity_drawn_twice_becomes_two():
    panel = make_panel()
    weights = np.array([2.0, 0.0, 1.0, 1.0, 1.0, 1.0])[panel.entity.codes]
    drawn = drawn_panel(panel, weights)
    assert drawn.n_entities == 6
    assert drawn.entity.labels[:3] == ("0", "0#2", "2")
    assert drawn.observed[:4].tolist() == drawn.observed[4:8].tolist()


def test_an_estimator_that_refuses_most_draws_is_refused():
    panel = make_panel()
    weights = draw_weights(panel, 10, unit="row", rng=random_stream(0, "w"))
    with pytest.raises(EstimationError, match="too few entities"):
        require_few_refused(fit_draws(Mean(least=7), panel, weights=weights, rngs=streams(10)), 10)


@dataclass(frozen=True)
class ProfiledFit(MeanFit):
    def profile(self, panel, columns, points):
        return np.full(len(points), self.mean)


@dataclass(frozen=True)
class ProfiledMean(Mean):
    def fit(self, panel, *, rng, selection=None):
        return ProfiledFit(float(panel.observed.mean()))


def test_looped_draws_keep_the_short_cut_of_their_fits():
    panel = make_panel()
    weights = draw_weights(panel, 5, unit="entity", rng=random_stream(0, "w"))
    draws = fit_draws(ProfiledMean(), panel, weights=weights, rngs=streams(5))
    points = np.array([[0.0], [1.0], [2.0]])
    assert isinstance(draws, CanProfile)
    assert np.array_equal(draws.profile(panel, ("x0",), points), draws.predict(panel)[:, :3])
    assert not isinstance(fit_draws(Mean(), panel, weights=weights, rngs=streams(5)), CanProfile)


PANEL = random_panel(np.random.default_rng(0), lambda x, _m: x)


def codes(options, panel=PANEL):
    return [note.code for note in options.notes(panel)]


@pytest.mark.parametrize(
    ("draws", "level", "expected"),
    [
        (200, 0.95, []),
        (40, 0.95, []),
        (39, 0.95, ["W-FEWBOOT"]),
        (20, 0.9, []),
        (19, 0.9, ["W-FEWBOOT"]),
        (199, 0.99, ["W-FEWBOOT"]),
    ],
)
def test_few_draws_are_warned_of(draws, level, expected):
    assert codes(Resampled(draws=draws, level=level)) == expected


def test_resampled_rows_are_warned_of():
    assert codes(Resampled(unit="row")) == ["W-ROWBOOT"]


def test_rows_that_are_entities_may_be_resampled():
    panel = random_panel(np.random.default_rng(0), lambda x, _m: x, n_periods=1)
    assert codes(Resampled(unit="row"), panel) == []
