"""Two paths, one number: the library's coefficients beside those of the solver that resamples."""

from __future__ import annotations

import numpy as np
import pytest

import harness_panel
from harness import EstimationError
from harness.plugin import Floats, random_stream
from harness_panel import Between, FirstDifference, FixedEffects, Mundlak, PooledOLS, RandomEffects
from harness_panel.solver.regression import Regression
from panels import simulated_panel
from r_reference import r_panel

ESTIMATORS = {
    "linearmodels PooledOLS": PooledOLS(),
    "linearmodels PanelOLS": FixedEffects(("entity", "time")),
    "linearmodels RandomEffects": RandomEffects(),
    "linearmodels BetweenOLS": Between(),
    "linearmodels FirstDifferenceOLS": FirstDifference(),
}


def statistic(fitted) -> tuple[float, str]:
    (own,) = [entry for entry in fitted.statistics() if entry.name == "solver_disagreement"]
    return own.value, own.definition


@pytest.mark.parametrize("panel", ["grunfeld", "edge"])
@pytest.mark.parametrize("library", ESTIMATORS)
def test_the_library_is_named_and_agrees_on_the_reference_panels(library, panel):
    fitted = ESTIMATORS[library].fit(r_panel(panel), rng=random_stream(0))
    value, definition = statistic(fitted)
    assert library in definition
    assert value < 1e-10
    assert "W-DISAGREE" not in {note.code for note in fitted.notes}


@pytest.mark.parametrize("library", [*ESTIMATORS][:2])
@pytest.mark.parametrize(("off", "is_told"), [(1e-7, True), (1e-9, False)])
def test_a_solver_that_is_off_is_a_warning_with_both_numbers(monkeypatch, library, off, is_told):
    panel = simulated_panel(random_stream(313), n_entities=20, n_periods=6)
    right = Regression.estimate.fget(ESTIMATORS[library].fit(panel, rng=random_stream(0)).regression)

    def wrong(regression: Regression) -> Floats:
        return right * np.where(np.arange(right.size) == right.size - 1, 1.0 + off, 1.0)

    monkeypatch.setattr(Regression, "estimate", property(wrong))
    fitted = ESTIMATORS[library].fit(panel, rng=random_stream(0))
    assert statistic(fitted)[0] == pytest.approx(off, rel=0.01)
    notes = [note for note in fitted.notes if note.code == "W-DISAGREE"]
    assert len(notes) == is_told
    if is_told:
        table = fitted.coefficients()
        assert notes[0].where == table.terms[-1]
        assert f"{table.estimate[-1]:.12g} by {library}" in notes[0].message
        assert f"{right[-1] * (1.0 + off):.12g} by the resampling solver" in notes[0].message


@pytest.mark.parametrize(
    "estimator",
    [*ESTIMATORS.values(), Mundlak(), harness_panel.PolynomialEffects()],
    ids=lambda value: value.name,
)
def test_a_fit_for_folds_asks_no_library_and_predicts_the_same(monkeypatch, estimator):
    panel = simulated_panel(random_stream(314), n_entities=20, n_periods=6)
    expected = estimator.fit(panel, rng=random_stream(0))

    def refuse(*_: object, **__: object) -> None:
        message = "a library was asked"
        raise AssertionError(message)

    monkeypatch.setattr("harness_panel.estimators.linear.report_of", refuse)
    own = estimator.for_folds().fit(panel, rng=random_stream(0))
    np.testing.assert_array_equal(own.predict(panel), expected.predict(panel))
    assert [note.code for note in own.notes] == [note.code for note in expected.notes]
    with pytest.raises(EstimationError, match="for prediction only"):
        own.coefficients()
