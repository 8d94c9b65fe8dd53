"""Instrumental variables against linearmodels' own API, and two-stage least squares with dummies."""

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from linearmodels.iv import IV2SLS, IVGMM, IVLIML

from harness import EstimationError
from harness.plugin import random_stream
from harness_panel import Classical, Clustered, FixedEffects, Instrumental, Robust
from harness_panel.diagnostics.effects import Diagnostic
from panels import panel_from_arrays


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
    return Instrumental(**options).fit(panel, rng=random_stream(0))


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


def dummies(panel, effects):
    parts = []
    if "entity" in effects:
        parts.append(np.eye(panel.n_entities)[panel.entity.codes])
    if "time" in effects:
        parts.append(np.eye(panel.n_periods)[panel.time.codes][:, len(parts) :])
    return np.column_stack(parts)


@pytest.mark.parametrize("effects", [("entity",), ("time",), ("entity", "time")])
def test_within_it_is_two_stage_least_squares_with_dummies(effects):
    panel = endogenous_panel(3, share=0.8)
    exogenous = np.column_stack([panel.column("w"), dummies(panel, effects)])
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


@pytest.mark.slow
@pytest.mark.parametrize(("strength", "n_instruments"), [(0.1, 1), (0.1, 3)])
def test_sets_of_anderson_and_rubin_hold_the_slope_in_weak_panels(strength, n_instruments):
    """200 panels of 60 entities, their median first-stage F near 1: within the binomial 99 % of 0.95."""
    options = {"strength": strength, "n_instruments": n_instruments, "n_entities": 60}
    fits = [fitted(endogenous_panel(seed, **options), effects=("entity",)) for seed in range(300, 500)]
    sets = [fit.reduced.confidence_set(0.95) for fit in fits]
    share = np.mean([any(low <= 2.0 <= high for low, high in found) for found in sets])
    assert 0.90 <= share <= 0.985


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


def test_weak_instruments_are_called_weak():
    weak = fitted(endogenous_panel(6, strength=0.05))
    assert weak.strength.partial_f < 10.0
    (note,) = [note for note in weak.notes if note.code == "W-WEAK"]
    assert "partial F" in note.message
    assert "effective F" in note.message
    assert not fitted(endogenous_panel(6, strength=1.0)).notes


def test_it_finds_the_slope_that_least_squares_miss():
    panel = endogenous_panel(7, n_entities=200)
    instrumented = fitted(panel, effects=("entity", "time")).coefficients()
    low, high = instrumented.conf_int(0.999)[0]
    assert low < 2.0 < high
    least_squares = FixedEffects(effects=("entity", "time")).fit(panel, rng=random_stream(0)).coefficients()
    assert least_squares.conf_int(0.999)[0, 0] > 2.0


@pytest.mark.parametrize("method", ["2sls", "liml", "gmm"])
def test_draws_of_unit_weight_are_the_fit_and_one_of_half_the_entities_that_of_their_rows(method):
    panel = endogenous_panel(8)
    weights = np.ones((2, panel.n_obs))
    weights[1, 120:] = 0.0
    estimator = Instrumental(method=method, effects=("entity",), covariance=Robust("HC1"))
    draws = estimator.fit_draws(panel, weights=weights, selection=None, rng=random_stream(0))
    half = panel.take(np.arange(120))
    for rows, predicted in zip((panel, half), draws.predict(half), strict=True):
        np.testing.assert_allclose(
            predicted, estimator.fit(rows, rng=random_stream(0)).predict(half), atol=1e-8
        )


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
