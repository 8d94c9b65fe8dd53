"""Instruments against linearmodels and two-stage least squares with dummies; dynamic panels against plm."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from linearmodels.iv import IV2SLS, IVGMM, IVLIML

from fixest_panels import dummies
from harness import EstimationError
from harness.plugin import random_stream
from harness_panel import Classical, Clustered, DynamicGMM, FixedEffects, Instrumental, Robust
from harness_panel.diagnostics.effects import Diagnostic
from harness_panel.dynamic.estimator import Equations, PastValues, Solution, lag_columns, lagged, transformer
from panels import balanced_panel, diagnostics_of, panel_from_arrays, panel_from_frame
from r_reference import R_FOLDER


def endogenous_panel(seed=1, *, strength=0.6, n_instruments=2, n_entities=40, n_periods=6, share=1.0):
    """A panel whose exposure has a slope of 2 and is moved by the errors; one control."""
    rng = random_stream(seed, "endogenous")
    entity, period = (axis.ravel() for axis in np.indices((n_entities, n_periods)))
    kept = (rng.random(entity.size) < share) | (period < 2)
    entity, period = entity[kept], period[kept]
    levels, years = rng.normal(size=n_entities), rng.normal(size=n_periods)
    Z = rng.normal(size=(entity.size, n_instruments)) + 0.3 * levels[entity, None] + 5.0
    control, error, own = rng.normal(size=(3, entity.size))
    x = strength * Z.sum(axis=1) + 0.5 * control + error + own + levels[entity]
    outcome = 2.0 * x - control + 1.5 * error + levels[entity] + years[period]
    panel = panel_from_arrays(
        entity=entity, period=period, outcome=outcome, X=np.column_stack([x, control]), columns=("x", "w")
    )
    return replace(panel, instruments=tuple(f"z{at}" for at in range(n_instruments)), Z=Z)


def library_frame(panel):
    const = np.ones(panel.n_obs)
    return panel.observed, np.column_stack([const, panel.column("w")]), panel.column("x"), panel.Z


def fitted(panel, **options):
    return Instrumental(**options).fit(panel)


LIBRARY = {"2sls": IV2SLS, "liml": IVLIML}


@pytest.mark.parametrize("method", ["2sls", "liml"])
@pytest.mark.parametrize(
    ("covariance", "asked"),
    [
        (Classical(), {"cov_type": "unadjusted", "debiased": True}),
        (Robust("HC0"), {"cov_type": "robust"}),
        (Robust("HC1"), {"cov_type": "robust", "debiased": True}),
        (Clustered(correction="none"), {"cov_type": "clustered"}),
    ],
)
def test_pooled_it_is_linearmodels(method, covariance, asked):
    panel = endogenous_panel()
    if asked["cov_type"] == "clustered":
        asked = asked | {"clusters": panel.entity.codes}
    library = LIBRARY[method](*library_frame(panel)).fit(**asked)
    table = fitted(panel, method=method, covariance=covariance).coefficients()
    assert table.terms == ("const", "x", "w")
    order = [0, 2, 1]  # the library's endogenous column stands last
    np.testing.assert_allclose(table.estimate, np.asarray(library.params)[order], rtol=1e-10)
    np.testing.assert_allclose(
        table.covariance, np.asarray(library.cov)[np.ix_(order, order)], rtol=1e-8, atol=1e-14
    )


def test_two_step_gmm_is_linearmodels():
    panel = endogenous_panel(2, n_instruments=3)
    library = IVGMM(*library_frame(panel), weight_type="clustered", clusters=panel.entity.codes).fit()
    fit = fitted(panel, method="gmm")
    np.testing.assert_allclose(fit.coefficients().estimate[1:], np.asarray(library.params)[[2, 1]], rtol=1e-8)
    tests = fit.details()["diagnostics"]
    at = tests["test"].index("overidentification")
    assert tests["statistic"][at] == pytest.approx(library.j_stat.stat, rel=1e-6)


@pytest.mark.parametrize("effects", [("entity",), ("time",), ("entity", "time")])
def test_within_it_is_two_stage_least_squares_with_dummies(effects):
    panel = endogenous_panel(3, share=0.8)
    exogenous = np.column_stack([panel.column("w"), dummies(panel, [[name] for name in effects])])
    library = IV2SLS(panel.observed, exogenous, panel.column("x"), panel.Z)
    classical = library.fit(cov_type="unadjusted", debiased=True)
    fit = fitted(panel, effects=effects, covariance=Classical())
    order = [-1, 0]
    table = fit.coefficients()
    np.testing.assert_allclose(table.estimate, np.asarray(classical.params)[order], rtol=1e-10)
    np.testing.assert_allclose(table.std_error, np.asarray(classical.std_errors)[order], rtol=1e-9)
    np.testing.assert_allclose(fit.predict(panel), np.asarray(classical.fitted_values).ravel(), atol=1e-9)
    clustered = library.fit(cov_type="clustered", clusters=panel.entity.codes)
    own = fitted(panel, effects=effects, covariance=Clustered(correction="none")).coefficients()
    np.testing.assert_allclose(own.std_error, np.asarray(clustered.std_errors)[order], rtol=1e-9)


def test_the_first_stage_and_the_test_of_exogeneity_are_those_of_regressions():
    panel = endogenous_panel(4)
    full = sm.add_constant(np.column_stack([panel.column("w"), panel.Z]))
    first = sm.OLS(panel.column("x"), full).fit()
    expected = first.f_test(np.eye(4)[2:])
    fit = fitted(panel, covariance=Classical())
    assert fit.strength.partial_f == pytest.approx(float(expected.fvalue), rel=1e-9)
    assert tuple(fit.details()["diagnostics"][key][0] for key in ("df1", "df2")) == (2, int(first.df_resid))
    augmented = sm.OLS(
        panel.observed, sm.add_constant(np.column_stack([panel.column("x"), panel.column("w"), first.resid]))
    ).fit()
    tests = fit.details()["diagnostics"]
    assert tests["statistic"][tests["test"].index("exogeneity")] == pytest.approx(augmented.tvalues[3] ** 2)
    library = IV2SLS(*library_frame(panel)).fit()
    assert tests["statistic"][tests["test"].index("exogeneity")] == pytest.approx(
        library.wu_hausman().stat, rel=1e-9
    )
    assert tests["statistic"][tests["test"].index("overidentification")] == pytest.approx(
        library.sargan.stat, rel=1e-9
    )


def test_with_one_instrument_the_effective_f_is_the_robust_f():
    panel = endogenous_panel(5, n_instruments=1)
    first = sm.OLS(panel.column("x"), sm.add_constant(np.column_stack([panel.column("w"), panel.Z])))
    robust = first.fit(cov_type="HC1")
    strength = fitted(panel, covariance=Robust("HC1")).strength
    assert strength.effective_f == pytest.approx(float(robust.tvalues[2] ** 2), rel=1e-9)
    assert strength.critical_f == pytest.approx(23.1, abs=0.02)  # Montiel Olea & Pflueger 2013, 10 %, one


@pytest.mark.parametrize("n_instruments", [1, 2])
@pytest.mark.parametrize("covariance", [Classical(), Clustered(correction="stata")])
def test_the_statistic_of_anderson_and_rubin_is_the_f_of_instruments_in_a_regression(
    covariance, n_instruments
):
    """With several instruments up to the degrees of freedom, which are those of the instrumented equation."""
    panel = endogenous_panel(10, strength=0.3, n_instruments=n_instruments)
    fit = fitted(panel, covariance=covariance)
    is_clustered = isinstance(covariance, Clustered)
    how = {"cov_type": "cluster", "cov_kwds": {"groups": panel.entity.codes}} if is_clustered else {}
    columns = sm.add_constant(np.column_stack([panel.column("w"), panel.Z]))
    for slope in (0.0, 2.0, 30.0):
        least_squares = sm.OLS(panel.observed - slope * panel.column("x"), columns).fit(**how)
        expected = least_squares.f_test(np.eye(2 + n_instruments)[2:])
        close = 1e-9 if n_instruments == 1 else 0.005
        assert fit.reduced.statistic(slope) == pytest.approx(float(expected.fvalue), rel=close)
    tests = fit.details()["diagnostics"]
    assert tests["statistic"][tests["test"].index("anderson_rubin")] == fit.reduced.statistic(0.0)


def test_intervals_under_weak_instruments_stand_among_the_statistics_and_in_the_warning():
    panels = (endogenous_panel(12, strength=one, n_instruments=1) for one in (1.0, 0.0))
    strong, weak = (fitted(panel, effects=("entity",)) for panel in panels)
    found = {one.name: one.value for one in strong.statistics()}
    low, high = strong.coefficients().conf_int()[0]
    for name in ("anderson_rubin", "tf"):
        assert (found[f"{name}_low"], found[f"{name}_high"]) == pytest.approx((low, high), abs=0.05)
    wide = {one.name: one.value for one in weak.statistics()}
    assert (wide["tf_low"], wide["tf_high"]) == (-np.inf, np.inf)
    assert "the instruments are uninformative about the slope" in weak.notes[-1].message


@pytest.mark.parametrize("strength", [0.2, 0.4, 1.0])
def test_the_test_of_weak_instruments_rejects_above_the_critical_value(strength):
    fit = fitted(endogenous_panel(8, strength=strength, n_instruments=3))
    tests = fit.details()["diagnostics"]
    at = tests["test"].index("weak_instruments")
    df, noncentrality = tests["df1"][at], tests["df2"][at]
    assert tests["statistic"][at] == pytest.approx(df * fit.strength.effective_f, rel=1e-12)
    assert noncentrality == pytest.approx(10.0 * df, rel=1e-12)
    assert (tests["p_value"][at] < 0.05) == (fit.strength.effective_f > fit.strength.critical_f)
    normal = random_stream(9).normal(size=(200_000, 4))
    normal[:, 0] += np.sqrt(10.0 * 4)
    # A noncentral chi2 of four degrees of freedom, drawn.
    drawn = Diagnostic("", "", 60.0, "noncentral chi2", (4.0, 40.0), "").p_value
    assert drawn == pytest.approx(np.mean(np.sum(normal**2, axis=1) > 60.0), abs=0.003)


@pytest.mark.parametrize("method", ["2sls", "liml", "gmm"])
def test_draws_of_unit_weight_are_the_fit_and_one_of_half_the_entities_that_of_their_rows(method):
    panel = endogenous_panel(8)
    weights = np.ones((2, panel.n_obs))
    weights[1, 120:] = 0.0
    estimator = Instrumental(method=method, effects=("entity",), covariance=Robust("HC1"))
    draws = estimator.fit_draws(panel, weights=weights, selection=None, rng=random_stream(0))
    half = panel.take(np.arange(120))
    for rows, predicted in zip((panel, half), draws.predict(half), strict=True):
        np.testing.assert_allclose(predicted, estimator.fit(rows).predict(half), atol=1e-8)


def test_what_is_no_instrument_is_refused_with_its_reason():
    panel = endogenous_panel(9)

    def with_first(column):
        return replace(panel, Z=np.column_stack([column, panel.Z[:, 1]]))

    fixed = np.arange(40.0)[panel.entity.codes]
    for changed, effects, reason in (
        (replace(panel, instruments=(), Z=None), (), "no instruments"),
        (with_first(fixed), ("entity",), "'z0': entity effects absorb it"),
        (with_first(np.full(panel.n_obs, 7.0)), (), "'z0': it does not vary"),
        (with_first(3.0 * panel.column("w") - 2.0), (), "determine it"),
        (with_first(panel.column("x") + panel.column("w")), (), "it is 'x' itself"),
        (replace(panel, instruments=("w", "z1")), (), "'w': it is a regressor"),
    ):
        with pytest.raises(EstimationError, match=reason):
            fitted(changed, effects=effects)
    assert fitted(with_first(fixed), effects=()).coefficients().terms == ("const", "x", "w")


def two_endogenous_panel(by=(0.5, -1.0, 0.2)):
    """The panel with a second endogenous regressor among the others, and three instruments."""
    panel = endogenous_panel(14, n_instruments=3)
    error = panel.observed - 2.0 * panel.column("x")
    other = panel.Z @ by + random_stream(15).normal(size=panel.n_obs) + 0.4 * error
    return replace(panel, controls=("v", "w"), X=np.column_stack([panel.X[:, 0], other, panel.X[:, 1]]))


@pytest.mark.parametrize("method", ["2sls", "liml", "gmm"])
def test_several_endogenous_variables_are_those_of_linearmodels(method):
    panel = two_endogenous_panel()
    exogenous = np.column_stack([np.ones(panel.n_obs), panel.column("w")])
    model = (LIBRARY | {"gmm": IVGMM})[method](panel.observed, exogenous, panel.X[:, :2], panel.Z)
    library = model.fit(cov_type="robust")
    fit = fitted(panel, method=method, endogenous=("v",), covariance=Robust("HC0"))
    table, order = fit.coefficients(), [2, 3, 1]
    assert table.terms == ("const", "x", "v", "w")
    np.testing.assert_allclose(table.estimate[1:], np.asarray(library.params)[order], rtol=1e-8)
    if method != "gmm":
        np.testing.assert_allclose(table.std_error[1:], np.asarray(library.std_errors)[order], rtol=1e-8)


def test_tests_of_several_endogenous_variables_are_those_of_regressions():
    panel = two_endogenous_panel()
    exogenous = np.column_stack([np.ones(panel.n_obs), panel.column("w")])
    full = np.column_stack([exogenous, panel.Z])
    library = IV2SLS(panel.observed, exogenous, panel.X[:, :2], panel.Z).fit()
    fit = fitted(panel, endogenous=("v",), covariance=Classical())
    columns = fit.details()["diagnostics"]
    tests = dict(zip(columns["test"], columns["statistic"], strict=True))
    assert tests["exogeneity"] == pytest.approx(library.wu_hausman().stat, rel=1e-9)
    assert tests["overidentification"] == pytest.approx(library.sargan.stat, rel=1e-9)
    joint = sm.OLS(panel.observed, full).fit().f_test(np.eye(5)[2:])
    assert tests["anderson_rubin"] == pytest.approx(float(joint.fvalue), rel=0.01)
    for name, own, other in (("x", 0, 1), ("v", 1, 0)):
        stage = IV2SLS(panel.X[:, own], exogenous, panel.X[:, other], panel.Z).fit()
        f = sm.OLS(np.asarray(stage.resids), full).fit().f_test(np.eye(5)[2:])
        # A degree of freedom less for the other endogenous variable (Sanderson & Windmeijer 2016).
        assert tests[f"first_stage ({name})"] == pytest.approx(3.0 / 2.0 * float(f.fvalue), rel=1e-9)
    assert not fit.notes


def test_instruments_that_move_two_variables_alike_are_weak_for_both():
    fit = fitted(two_endogenous_panel((0.6, 0.6, 0.6)), endogenous=("v",))
    assert [(note.code, note.where) for note in fit.notes] == [("W-WEAK", "x"), ("W-WEAK", "v")]


@pytest.mark.parametrize(
    ("name", "n", "reason"), [("w", 1, "1 instruments are too few"), ("v", 2, "'v' is not")]
)
def test_endogenous_columns_need_a_name_and_instruments(name, n, reason):
    with pytest.raises(EstimationError, match=reason):
        fitted(endogenous_panel(9, n_instruments=n), endogenous=(name,))


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


# Arellano & Bond 1991, table 4, columns a1 and b, with the digits that Stata's manual prints of the former.
TABLE_4 = {
    "a1": (
        {"lwage": 1, "lcapital": 2, "loutput": 2},
        *(1, (0.6862261, -0.0853582, -0.6078208, 0.3926237, 0.3568456, -0.0580012, -0.0199475)),
    ),
    "b": ({"lwage": 1, "loutput": 1}, 2, (0.474, -0.053, -0.513, 0.225, 0.293)),
}


@pytest.mark.parametrize("column", TABLE_4)
def test_lags_of_covariates_cost_no_period(column):
    covariate_lags, steps, printed = TABLE_4[column]
    frame = pd.read_csv(R_FOLDER / "data" / "empluk.csv")
    keys = {"entity": "firm", "time": "year", "outcome": "lemp"}
    panel = panel_from_frame(frame, **keys, exposure="lwage", controls=["lcapital", "loutput"])
    every = {"collapsed": False, "missing_instruments": "zero"}
    options = {"outcome_lags": 2, "covariate_lags": covariate_lags, "steps": steps, **every}
    fit = DynamicGMM(**options).fit(panel)
    table, counts = fit.coefficients(), {one.name: one.value for one in fit.statistics()}
    names = ["lemp (lag 1)", "lemp (lag 2)", "lwage", "lwage (lag 1)", "lcapital"]
    names += ["lcapital (lag 1)", "lcapital (lag 2)"] if column == "a1" else []
    estimate = dict(zip(table.terms, table.estimate, strict=True))
    digits = 1e-6 if column == "a1" else 5e-4  # Stata has logarithms in single precision
    assert [estimate[name] for name in names] == pytest.approx(printed, abs=1.01 * digits)
    assert (counts["n_obs"], counts["n_equations"]) == (751, 611)
    if column == "a1":
        sargan = diagnostics_of(fit)["sargan"]
        assert sargan.statistic == pytest.approx(65.81806, abs=1e-3)  # estat sargan of Stata's manual
        assert (sargan.df, counts["n_instruments"]) == ((25,), 41)


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
    twice = PastValues.of(employment, [("", 1)]).expand(employment)
    names = (*twice.controls[:-1], "before")
    with pytest.raises(EstimationError, match="drop lags of the outcome from the controls"):
        DynamicGMM().fit(replace(twice, controls=names))


@pytest.mark.parametrize(
    "options", [{"last_lag": 2, "first_lag": 3}, {"predetermined": ["x"], "endogenous": ["x"]}]
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
        lagged = PastValues.of(panel, [("", 1)]).expand(panel)
        tables.append(FixedEffects().fit(lagged.take(np.flatnonzero(panel.period > 0))).coefficients())
        limits = np.stack([table.conf_int() for table in tables])
        held.append((limits[:, :, 0] < 0.5) & (limits[:, :, 1] > 0.5))
    (slope, lag), (_, lag_within) = np.mean(held, axis=0)
    assert 0.90 <= min(slope, lag) <= max(slope, lag) <= 0.98, (slope, lag)
    assert lag_within < 0.1
