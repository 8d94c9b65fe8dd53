"""Dynamic panel GMM against plm, its predictions, what it refuses, and its coverage on simulated panels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness import EstimationError
from harness_panel import DynamicGMM, FixedEffects
from harness_panel.dynamic.estimator import Equations, OutcomeLags, Solution, lag_columns, lagged, transformer
from panels import balanced_panel, diagnostics_of, panel_from_frame
from r_reference import R_FOLDER

EVERY = {"endogenous": ("lwage", "lcapital"), "collapsed": False, "missing_instruments": "zero"}
SYSTEM = EVERY | {"type": "system"}
MIXED = SYSTEM | {"predetermined": ("lwage",), "endogenous": ("lcapital",), "period_effects": False}
# Options of the rows of dynamic_gmm.csv, which dynamic_gmm.R prints.
PLM = [
    EVERY,
    EVERY | {"steps": 1},
    EVERY | {"collapsed": True},
    SYSTEM,
    SYSTEM | {"steps": 1},
    SYSTEM | {"collapsed": True, "last_lag": 4},
    {"predetermined": ("lwage",), "collapsed": False, "missing_instruments": "zero"},
    EVERY | {"period_effects": False},
    SYSTEM | {"missing_instruments": "mean"},
    # These by pydynpd 0.2.2, with three calls that numpy 2 no longer knows replaced.
    EVERY | {"transformation": "orthogonal_deviations"},
    MIXED,
    MIXED | {"collapsed": True},
]
NUMBERS = np.loadtxt(Path(__file__).with_name("dynamic_gmm.csv"), delimiter=",")


@pytest.fixture(scope="module")
def employment():
    frame = pd.read_csv(R_FOLDER / "data" / "empluk.csv")
    keys = {"entity": "firm", "time": "year", "outcome": "lemp"}
    return panel_from_frame(frame, **keys, exposure="lwage", controls=["lcapital"])


@pytest.mark.parametrize(("options", "numbers"), list(zip(PLM, NUMBERS, strict=True)))
def test_it_is_plm(employment, options, numbers):
    fit = DynamicGMM(**options).fit(employment)
    table, found = fit.coefficients(), diagnostics_of(fit)
    order = [table.terms.index(name) for name in ("lemp (lag 1)", "lwage", "lcapital")]
    tests = ["autocorrelation_1", "autocorrelation_2", "overidentification"]
    own = [*table.estimate[order], *table.std_error[order], *(found[name].statistic for name in tests)]
    # plm has the J of one step; Hansen's is that of two.
    compared = np.arange(10) != (8 if options.get("steps") == 1 else -1)
    own = np.array([*own, fit.solution.n_instruments])
    np.testing.assert_allclose(own[compared], numbers[compared], rtol=1e-6)


def test_tests_of_a_system_are_those_of_xtabond2():
    """Blundell & Bond 1998 as Roodman 2009 has it: n L.n L(0/1).(w k), gmm(L.(n w k)), robust."""
    frame = pd.read_csv(R_FOLDER / "data" / "empluk.csv").pivot_table(index="firm", columns="year")
    n, w, k = (frame[name].to_numpy() for name in ("lemp", "lwage", "lcapital"))
    columns = np.stack([n, lagged(n, 1), w, lagged(w, 1), k, lagged(k, 1)], axis=2)
    is_row = np.isfinite(columns).all(axis=2)
    columns[~is_row] = 0.0
    levels = is_row[:, :, None] * np.column_stack([np.ones(9), np.eye(9)[:, 2:]])
    transform = transformer(is_row, "differences")
    made, every = transform.any(axis=2), {"collapsed": False}
    before = [lag_columns(one, made, range(2, 9), **every) for one in (n, w, k)]
    changes = [lag_columns(one - lagged(one, 1), is_row, [1], **every) for one in (n, w, k)]
    instruments = (np.concatenate(before, axis=2), np.concatenate([levels, *changes], axis=2))
    all_columns = np.concatenate([columns[:, :, 1:], levels], axis=2)
    solution = Solution.of(Equations(columns[:, :, 0], all_columns, is_row, transform, *instruments), steps=1)
    found = [solution.autocorrelation(order).statistic for order in (1, 2)]
    found += [solution.overidentification().statistic, *solution.overidentification().df]
    assert found == pytest.approx([-5.46, -0.25, 110.70, 100], abs=0.005)


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
