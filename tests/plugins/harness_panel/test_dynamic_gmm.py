"""Dynamic panel GMM against plm, its predictions, what it refuses, and its coverage on simulated panels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from harness import EstimationError
from harness_panel import DynamicGMM, FixedEffects
from harness_panel.dynamic.estimator import OutcomeLags
from panels import balanced_panel, diagnostics_of, panel_from_frame
from r_reference import R_FOLDER

EVERY = {"endogenous": ("lwage", "lcapital"), "collapsed": False, "missing_instruments": "zero"}
# Options, and the numbers of dynamic_gmm.R.
PLM = [
    (
        EVERY,
        (0.545330720998, -0.537271877995, 0.441736602477, 0.111147653021, 0.130325252555, 0.107520869281),
        (-2.52565257152, -0.707580325562, 94.9437447319, 91),
    ),
    (
        EVERY | {"steps": 1},
        (0.541074609584, -0.529291128085, 0.460732502282, 0.110199737604, 0.13364115376, 0.103100121878),
        (-4.5071686385, -0.690497292041, None, 91),
    ),
    (
        EVERY | {"collapsed": True},
        (0.904241740478, -0.121602298945, 0.0552152620839, 0.161436529341, 0.262478585256, 0.202415143802),
        (-2.20167713778, -0.991187474454, 36.7052775408, 28),
    ),
    (
        EVERY | {"type": "system"},
        (0.894280243751, -0.265713740313, 0.1138301673, 0.0385760643995, 0.0851177954794, 0.0271396823001),
        (-2.58964395217, -0.966398763328, 118.532238625, 113),
    ),
    (
        EVERY | {"type": "system", "steps": 1},
        (0.897037957117, -0.271599097821, 0.110120947102, 0.0387511959055, 0.0850634330725, 0.0274275034319),
        (-2.69376799984, -0.931915599676, None, 113),
    ),
    (
        EVERY | {"type": "system", "collapsed": True, "last_lag": 4},
        (0.949306632159, -0.343757122331, 0.148245789275, 0.0761554225437, 0.190366509389, 0.048606811569),
        (-2.64009628924, -1.08669353833, 18.9494272871, 20),
    ),
    (
        {"predetermined": ("lwage",), "collapsed": False, "missing_instruments": "zero"},
        (0.328017777104, -0.581509189158, 0.3154445429, 0.124194316697, 0.159047377927, 0.0634137094277),
        (-1.51570477564, -0.507106188823, 70.5547530781, 71),
    ),
    (
        EVERY | {"period_effects": False},
        (0.341248607113, -0.763834734084, 0.500014395403, 0.113960911983, 0.126145091222, 0.096893416707),
        (-2.17270810712, -0.957837908454, 98.7454753428, 84),
    ),
    (
        EVERY | {"type": "system", "missing_instruments": "mean"},
        (0.880146487032, -0.205874582895, 0.118334967922, 0.0393818740838, 0.0831852936064, 0.029060506865),
        (-2.528592219, -0.871369747738, 113.862391613, 113),
    ),
    (  # pydynpd 0.2.2, with three calls that numpy 2 no longer knows replaced
        EVERY | {"transformation": "orthogonal_deviations"},
        (
            0.49820092443229,
            -0.62563321963843,
            0.49562733082868,
            0.11649390623293,
            0.12776526743344,
            0.09603647991,
        ),
        (-2.560758512640, -0.814956209580, 95.13522713626, 91),
    ),
]


@pytest.fixture(scope="module")
def employment():
    frame = pd.read_csv(R_FOLDER / "data" / "empluk.csv")
    keys = {"entity": "firm", "time": "year", "outcome": "lemp"}
    return panel_from_frame(frame, **keys, exposure="lwage", controls=["lcapital"])


@pytest.mark.parametrize(("options", "coefficients", "tests"), PLM)
def test_it_is_plm(employment, options, coefficients, tests):
    fit = DynamicGMM(**options).fit(employment)
    table, found = fit.coefficients(), diagnostics_of(fit)
    order = [table.terms.index(name) for name in ("lemp (lag 1)", "lwage", "lcapital")]
    own = [*table.estimate[order], *table.std_error[order]]
    np.testing.assert_allclose(own, coefficients, rtol=1e-6)
    names = ("autocorrelation_1", "autocorrelation_2", "overidentification")
    statistics = [found[name].statistic for name in names]
    for statistic, expected in zip([*statistics, fit.solution.n_instruments], tests, strict=True):
        # plm has the J of one step; Hansen's is that of two.
        assert expected is None or statistic == pytest.approx(expected, rel=1e-6)


def dynamic_panel(rng, shape=(100, 7), *, noise=1.0, slope=0.5):
    """Outcome with a slope of its lag and of a predetermined covariate, 0.5 each, and entity effects."""
    n_entities, n_periods = shape
    levels, errors = rng.normal(size=n_entities), noise * rng.normal(size=(30 + n_periods, n_entities))
    outcome, x = [2.0 * levels], [levels]
    for at in range(1, 30 + n_periods):
        x.append(0.5 * x[-1] + 0.3 * errors[at - 1] + 0.5 * levels + rng.normal(size=n_entities))
        outcome.append(slope * outcome[-1] + 0.5 * x[-1] + levels + errors[at])
    both = (np.stack(own[30:], axis=1).ravel() for own in (outcome, x))
    return balanced_panel(shape, **dict(zip(("outcome", "X"), both, strict=True)))


def test_the_period_after_training_is_predicted_from_the_last_outcome():
    panel = dynamic_panel(np.random.default_rng(1), (60, 10), noise=1e-3)
    fit = DynamicGMM(predetermined=("x0",), period_effects=False).fit(
        panel.take(np.flatnonzero(panel.period < 9))
    )
    last = panel.take(np.flatnonzero(panel.period == 9))
    np.testing.assert_allclose(fit.predict(last), last.observed, atol=0.02)
    # Its own outcome is not looked at, and a counterfactual moves the prediction by the slope.
    np.testing.assert_array_equal(fit.predict(replace(last, observed=0.0 * last.observed)), fit.predict(last))
    moved = fit.predict(last.with_column("x0", last.X[:, 0] + 1.0)) - fit.predict(last)
    np.testing.assert_allclose(moved, fit.coefficients().estimate[0])
    long_run = {one.name: one.value for one in fit.statistics()}["long_run_effect"]
    assert long_run == pytest.approx(1.0, abs=0.01)


def test_more_instruments_than_entities_are_noted(employment):
    some = employment.take(np.flatnonzero(employment.entity.codes < 60))
    fit = DynamicGMM(**EVERY).fit(some)
    assert [note.code for note in fit.notes] == ["W-INSTRUMENTS"]
    assert "hardly ever rejects" in diagnostics_of(fit)["overidentification"].caution


@pytest.mark.parametrize(
    ("options", "query", "reason"),
    [
        ({"endogenous": ("wage",)}, "year > 0", "'wage' is not a regressor"),
        ({"outcome_lags": 3}, "year < 1979", "no entity has 4 periods in a row"),
        ({}, "year % 2 == 0", "no entity has 2 periods in a row"),
        ({"outcome_lags": 2, "first_lag": 3, "endogenous": ("lcapital",)}, "year < 1980", "do not identify"),
    ],
)
def test_refusals_name_their_reason(employment, options, query, reason):
    years = np.array([int(label) for label in employment.time.labels])[employment.time.codes]
    rows = np.flatnonzero(pd.DataFrame({"year": years}).eval(query))
    with pytest.raises(EstimationError, match=reason):
        DynamicGMM(**options).fit(employment.take(rows))


def test_panels_too_long_for_memory_are_refused():
    with pytest.raises(EstimationError, match="take more than 67,108,864 numbers"):
        DynamicGMM().fit(dynamic_panel(np.random.default_rng(1), (5, 4000)))


def test_a_lagged_outcome_among_the_controls_is_refused(employment):
    twice = OutcomeLags.of(employment, 1).expand(employment)
    names = (*twice.controls[:-1], "before")
    with pytest.raises(EstimationError, match="drop lags of the outcome from the controls"):
        DynamicGMM().fit(replace(twice, controls=names))


@pytest.mark.parametrize(
    "options", [{"last_lag": 2, "first_lag": 3}, {"predetermined": "x", "endogenous": "x"}]
)
def test_options_that_contradict_each_other_are_refused(options):
    with pytest.raises(ValueError, match="found"):
        DynamicGMM(**options)


@pytest.mark.slow
def test_intervals_cover_what_fixed_effects_miss():
    rng, held = np.random.default_rng(2), []
    for _ in range(300):
        panel = dynamic_panel(rng)
        tables = [DynamicGMM(type="system", predetermined=("x0",)).fit(panel).coefficients()]
        lagged = OutcomeLags.of(panel, 1).expand(panel)
        tables.append(FixedEffects().fit(lagged.take(np.flatnonzero(panel.period > 0))).coefficients())
        limits = np.stack([table.conf_int() for table in tables])
        held.append((limits[:, :, 0] < 0.5) & (limits[:, :, 1] > 0.5))
    (slope, lag), (_, lag_within) = np.mean(held, axis=0)
    assert 0.90 <= min(slope, lag) <= max(slope, lag) <= 0.98, (slope, lag)
    assert lag_within < 0.1
