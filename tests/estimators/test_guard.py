"""What estimators return and raise becomes predictions and a status with its reason."""

import numpy as np
import pytest

from harness import EstimationError, HarnessError, PluginError, Problem
from harness.estimators.guard import attempt, fitted, predict, predict_any
from harness.scenarios.draws import LoopedDraws
from panels import panel_from_arrays

PANEL = panel_from_arrays(entity=[1, 1], period=[1, 2], outcome=[1.0, 3.0], X=[0.0, 1.0])


def raising(error):
    def call():
        raise error

    return call


def test_what_a_call_returns_is_kept():
    tried = attempt(lambda: 3)
    assert (tried.value, tried.status, tried.reason) == (3, "ok", "")


class Fits:
    """An estimator whose fit is what it was given."""

    def __init__(self, fit):
        self.given = fit

    def fit(self, panel, *, rng, selection=None):
        return self.given


def test_what_is_no_fit_or_has_another_shape_is_named_with_its_plugin_and_what_was_expected():
    plugin = f"plugin {__name__.partition('.')[0]}"
    tried = attempt(lambda: fitted(Fits(None), PANEL, rng=np.random.default_rng(1)))
    assert (
        tried.reason == f"{plugin}, Fits.fit: returned a NoneType; expected a fit with the method `predict`"
    )
    tried = attempt(lambda: predict(Says(np.zeros(3)), PANEL))
    assert tried.reason.startswith(
        f"{plugin}, Says.predict: returned predictions of shape (3,) and type float64"
    )
    assert tried.reason.endswith("; expected floats of shape (2,)")


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (
            EstimationError(Problem("rows", "2 are too few", hint="add rows")),
            "refused",
            "rows: 2 are too few; add rows",
        ),
        (PluginError(Problem("Fit", "returned nothing")), "failed", "Fit: returned nothing"),
        (EstimationError("too few rows"), "refused", "too few rows"),
        (HarnessError(), "failed", "HarnessError"),
        (ValueError("boom"), "failed", "ValueError: boom"),
        (SystemExit(0), "failed", "SystemExit: 0"),
    ],
    ids=["refusal", "contract", "text", "nothing", "error", "exit"],
)
def test_what_a_call_raises_is_a_status_with_its_reason(error, status, reason):
    tried = attempt(raising(error))
    assert (tried.value, tried.status, tried.reason) == (None, status, reason)


def test_an_interruption_is_not_taken_for_a_fault():
    with pytest.raises(KeyboardInterrupt):
        attempt(raising(KeyboardInterrupt()))


class Says:
    """A fit that predicts what it was given."""

    def __init__(self, predicted):
        self.predicted = predicted

    def predict(self, panel):
        return self.predicted


@pytest.mark.parametrize(
    ("predicted", "what"),
    [
        (None, "type object"),
        (np.zeros((2, 1)), "shape (2, 1)"),
        (np.zeros(3), "shape (3,)"),
        (np.array(["1", "2"]), "type <U1"),
        (np.zeros(2, complex), "type complex128"),
        (np.array([1.0, np.nan]), "non-finite"),
        (np.array([1.0, -1e200]), "predictions as large as 1e+200"),
    ],
    ids=["nothing", "column", "too long", "texts", "complex", "nan", "huge"],
)
def test_predictions_that_are_none_are_refused(predicted, what):
    with pytest.raises(PluginError) as error:
        predict(Says(predicted), PANEL)
    assert what in error.value.what


def test_predictions_in_another_precision_are_taken():
    values = predict(Says(np.array([1.5, 2.5], dtype=np.float32)), PANEL)
    assert values.dtype == np.float64
    assert values.tolist() == [1.5, 2.5]


class Refills:
    """A fit that gives out one array, filled anew at each prediction."""

    def predict(self, panel):
        BUFFER[:] = panel.X[:, 0]
        return BUFFER


BUFFER = np.empty(PANEL.n_obs)
OTHER = PANEL.with_column(PANEL.exposure, 5.0)


@pytest.mark.parametrize(
    "ask", [predict, predict_any, lambda fit, panel: LoopedDraws([fit]).predict(panel)[0]]
)
def test_what_a_fit_returns_stays_when_it_fills_its_array_anew(ask):
    first, second = ask(Refills(), PANEL), ask(Refills(), OTHER)
    assert (first.tolist(), second.tolist()) == ([0.0, 1.0], [5.0, 5.0])
