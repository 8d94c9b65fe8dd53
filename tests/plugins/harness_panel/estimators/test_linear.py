"""Panel estimators against R's plm, lm with dummies and sandwich, and NIST's certified regressions."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from docx import Document
from statsmodels.datasets import grunfeld

import harness
from harness import EstimationError, Panel
from harness.plugin import Correction, Floats, random_stream
from harness_panel import (
    Between,
    Classical,
    Clustered,
    DriscollKraay,
    FirstDifference,
    FixedEffects,
    PooledOLS,
    RandomEffects,
    Robust,
)
from harness_panel.covariance import Covariance
from harness_panel.estimators.transformed import DIFFERENCES
from harness_panel.library import LibraryData, report_of
from harness_panel.solver.equation import Centring, Equation, Pairs
from harness_panel.solver.within import Absorber
from panels import labelled, panel_from_arrays, simulated_panel
from r_reference import PANELS, in_order, r_panel, reference

BOTH = ("entity", "time")
ESTIMATORS = {
    "pooled": PooledOLS,
    "fe_entity": partial(FixedEffects, ("entity",)),
    "fe_time": partial(FixedEffects, ("time",)),
    "fe_twoway": partial(FixedEffects, BOTH),
    "re_swar": RandomEffects,
    "between": Between,
    "fd": partial(FirstDifference, False),
    "fd_intercept": partial(FirstDifference, True),
}
# Models of plm, and what has the same slopes as least squares on dummies.
CELLS = list(product(PANELS, ESTIMATORS))
LSDV = {"pooled": "lm_pooled", "fe_entity": "lsdv_entity", "fe_time": "lsdv_time", "fe_twoway": "lsdv_twoway"}


def _one(correction: Correction, n_effects: int, n_rows: int) -> float:
    return 1.0


@dataclass(frozen=True)
class Same:
    """One of R's standard errors: our covariance, and the factor by which R's variance is larger.

    The factor is one unless the two sides define the small-sample correction differently; `n_effects` is the
    number of dummies that the definition on R's side counts, `n_rows` that of rows before differencing.
    """

    covariance: Covariance
    factor: Callable[[Correction, int, int], float] = _one


def _plm_hc1(correction: Correction, n_effects: int, n_rows: int) -> float:
    """plm's HC1 is n / (N - K) for N rows; ours counts the effects, as sandwich's does on dummies."""
    return correction.n_obs / (n_rows - correction.n_coef)


def _counting_effects(correction: Correction, n_effects: int, n_rows: int) -> float:
    """sandwich's cluster HC1 has (n - 1) / (n - K - G); sss leaves the absorbed G out."""
    without = correction.n_obs - correction.n_coef
    return without / (without - n_effects)


def _cluster_share(correction: Correction, n_effects: int, n_rows: int) -> float:
    """sandwich's cluster HC0 still multiplies by G / (G - 1)."""
    n_clusters = correction.n_clusters[0]
    return n_clusters / (n_clusters - 1)


PLM = {
    "classical": Same(Classical()),
    "white1_HC0": Same(Robust("HC0")),
    "white1_HC1": Same(Robust("HC0"), _plm_hc1),
    "cl_entity_HC0": Same(Clustered(correction="none")),
    "cl_entity_sss": Same(Clustered(correction="plm")),
    "cl_time_HC0": Same(Clustered(("time",), correction="none")),
    "cl_twoway_HC0": Same(Clustered(BOTH, correction="none")),
    "cl_twoway_sss": Same(Clustered(BOTH, "plm")),
    "dk_HC0_lag2": Same(DriscollKraay(2)),
    "dk_HC1_lag2": Same(DriscollKraay(2), _plm_hc1),
}
SANDWICH = {
    "classical": Same(Classical()),
    "HC0": Same(Robust("HC0")),
    "HC1": Same(Robust("HC1")),
    "HC2": Same(Robust("HC2")),
    "HC3": Same(Robust("HC3")),
    "CL_entity_HC0_nocadj": Same(Clustered(correction="none")),
    "CL_entity_HC0": Same(Clustered(correction="none"), _cluster_share),
    "CL_entity_HC1": Same(Clustered(correction="plm"), _counting_effects),
    "CL_time_HC1": Same(Clustered(("time",), "plm"), _counting_effects),
    "CL_twoway_HC0_nocadj": Same(Clustered(BOTH, correction="none")),
    "CL_twoway_HC1": Same(Clustered(BOTH, "plm"), _counting_effects),
    "PL_lag2_HC0": Same(DriscollKraay(2)),
}
NEWEY_WEST = "nw_HC0_lag2"  # within entities, which is not offered


def by_row(panel: Panel) -> Panel:
    """The panel as plm differences it: an entity's rows are adjacent whatever lies between them."""
    firsts = np.unique(panel.entity.codes, return_index=True)[1]
    period = np.arange(panel.n_obs) - firsts[panel.entity.codes]
    return replace(panel, period=period, groups=(replace(panel.time, name="calendar"),))


@cache
@cache
def fit(panel: str, model: str, covariance: Covariance):
    rows = r_panel(panel)
    if panel == "edge" and model.startswith("fd"):
        rows = by_row(rows)
        if isinstance(covariance, Clustered):
            by = tuple("calendar" if key == "time" else key for key in covariance.by)
            covariance = replace(covariance, by=by)
    return ESTIMATORS[model](covariance=covariance).fit(rows)


@pytest.mark.parametrize(("panel", "model"), CELLS)
def test_coefficients_and_degrees_of_freedom_are_those_of_plm(panel, model):
    expected, fitted = reference()[panel][model], fit(panel, model, Classical())
    table = fitted.coefficients()
    assert set(table.terms) == {name.replace("(Intercept)", "const") for name in expected["coef"]}
    np.testing.assert_allclose(table.estimate, in_order(expected["coef"], table.terms), rtol=1e-9)
    np.testing.assert_allclose(fitted.regression.rss, expected["rss"], rtol=1e-10)
    assert (table.correction.df_resid, table.correction.n_obs) == (expected["df_resid"], expected["nobs"])


@pytest.mark.parametrize(("panel", "model"), CELLS)
def test_standard_errors_are_those_of_plm(panel, model):
    for name, expected in reference()[panel][model]["se"].items():
        # Differences across gaps have lags of the calendar, which no panel of ours has.
        if name != NEWEY_WEST and not (panel == "edge" and model.startswith("fd") and name.startswith("dk")):
            _compare(panel, model, PLM[name], expected, name)


@pytest.mark.parametrize(("panel", "model"), list(product(PANELS, LSDV)))
def test_standard_errors_are_those_of_the_dummy_variable_regression(panel, model):
    for name, expected in reference()[panel][LSDV[model]]["se"].items():
        same = SANDWICH[name]
        if None in expected.values():
            with pytest.raises(EstimationError, match="leverage 1"):
                fit(panel, model, same.covariance)
        else:
            _compare(panel, model, same, expected, name)


def _compare(panel: str, model: str, same: Same, expected: dict[str, float], name: str) -> None:
    table = fit(panel, model, same.covariance).coefficients()
    n_effects = fit(panel, model, Classical()).coefficients().correction.n_effects
    ours = table.std_error * np.sqrt(same.factor(table.correction, n_effects, r_panel(panel).n_obs))
    rtol = 1e-9 if name == "classical" else 1e-8
    np.testing.assert_allclose(ours, in_order(expected, table.terms), rtol=rtol, err_msg=name)


def _at_zero(rows: Panel) -> Panel:
    for name in rows.columns:
        rows = rows.with_column(name, 0.0)
    return rows


@pytest.mark.parametrize("panel", PANELS)
def test_intercept_and_effects_within_are_those_of_plm(panel):
    fitted, expected, rows = fit(panel, "fe_entity", Classical()), reference()[panel]["tests"], r_panel(panel)
    own = {one.name: one.value for one in fitted.statistics()}
    pair = [own["intercept"], own["intercept_std_error"]]
    np.testing.assert_allclose(pair, expected["within_intercept"], rtol=1e-9)
    stranger = labelled(_at_zero(rows.take(np.array([0]))), entity="nowhere")
    np.testing.assert_allclose(fitted.predict(stranger), expected["within_intercept"][0], rtol=1e-9)
    firsts = np.unique(rows.entity.codes, return_index=True)[1][:3]
    np.testing.assert_allclose(
        fitted.predict(_at_zero(rows.take(firsts))), expected["fixef_first3"], rtol=1e-9
    )


@pytest.mark.parametrize("model", ["fd", "fd_intercept"])
def test_lags_of_differences_across_gaps_are_those_of_the_calendar(model):
    """plm's differences of adjacent rows, at the calendar periods of the later ones."""
    rows, expected = r_panel("edge"), reference()["edge"][model]
    changes = Pairs.of(by_row(rows)).differenced(rows)
    absorber = Absorber(()) if model == "fd" else Absorber.constant(changes.n_obs)
    equation = Equation(changes, Centring.at_zero(rows), absorber, np.ones(changes.n_obs))
    data = LibraryData(changes, equation.regression())
    report = report_of(DIFFERENCES, data, DriscollKraay(2), rng=random_stream(0))
    table = report.table
    factor = changes.n_obs / (rows.n_obs - table.correction.n_coef)
    for name, of_variance in (("dk_HC0_lag2", 1.0), ("dk_HC1_lag2", factor)):
        own = np.sqrt(of_variance) * table.std_error
        np.testing.assert_allclose(own, in_order(expected["se"][name], table.terms), rtol=1e-8)


@pytest.mark.parametrize("panel", PANELS)
def test_hc1_of_random_effects_is_n_over_n_less_k(panel):
    expected = reference()[panel]["re_swar"]["se"]["white1_HC1"]
    table = fit(panel, "re_swar", Robust("HC1")).coefficients()
    np.testing.assert_allclose(table.std_error, in_order(expected, table.terms), rtol=1e-8)


@pytest.mark.parametrize("panel", PANELS)
def test_variance_components_of_swamy_and_arora(panel):
    expected = reference()[panel]["re_swar"]
    components = fit(panel, "re_swar", Classical()).equation.components
    np.testing.assert_allclose(components.idiosyncratic, expected["sigma2"]["idios"], rtol=1e-10)
    np.testing.assert_allclose(components.entity, expected["sigma2"]["id"], rtol=1e-10)
    theta, by_row = expected["theta"], components.theta[r_panel(panel).entity.codes]
    if isinstance(theta, float):
        np.testing.assert_allclose(components.theta, theta, rtol=1e-10)
    else:
        summary = [by_row.min(), by_row.mean(), by_row.max()]
        np.testing.assert_allclose(summary, [theta["min"], theta["mean"], theta["max"]], rtol=1e-10)


def test_a_gap_in_time_gives_no_difference():
    """Of the panel with gaps, plm differences 812 pairs of rows, of which 793 are one period apart."""
    rows = r_panel("edge")
    assert reference()["edge"]["fd"]["nobs"] == 812
    assert FirstDifference().fit(rows).coefficients().correction.n_obs == 793
    assert FirstDifference().fit(by_row(rows)).coefficients().correction.n_obs == 812


def test_a_fit_has_what_maketables_asks_for(tmp_path):
    """The protocol of its documents, without a class of maketables' own."""
    import maketables

    fitted = FixedEffects(BOTH, DriscollKraay(2)).fit(simulated_panel(random_stream(91), share=0.8))
    frame = fitted.__maketables_coef_table__
    assert {"b", "se", "t", "p", "ci95l", "ci95u"} <= set(frame.columns)
    assert tuple(frame.index) == fitted.coefficients().terms
    assert fitted.__maketables_depvar__ == "outcome"
    assert fitted.__maketables_stat__("N") == fitted.regression.panel.n_obs
    assert 0.0 <= fitted.__maketables_stat__("r2") <= 1.0
    assert fitted.__maketables_stat__("no such statistic") is None
    alone = maketables.ETable([fitted])
    for kind in ("tex", "html"):
        assert f"{frame['b'].iloc[0]:.3f}" in str(alone.make(kind))
    alone.save("docx", str(tmp_path / "one.docx"), show=False)
    (grid,) = Document(str(tmp_path / "one.docx")).tables
    shown = [cell.text for row in grid.rows for cell in row.cells]
    assert any(f"{frame['b'].iloc[0]:.3f}" in text for text in shown)


def test_a_script_fits_a_table_and_reads_its_coefficients(capsys):
    """As least squares on dummies of every entity gives them."""
    frame = grunfeld.load_pandas().data
    columns = {"outcome": "invest", "exposure": "value", "controls": ["capital"]}
    panel = harness.panel_from_frame(frame, entity="firm", time="year", **columns)
    fitted = FixedEffects(effects=["entity"]).fit(panel)
    X = np.column_stack([frame[["value", "capital"]], pd.get_dummies(frame["firm"], dtype=float)])
    slopes, *_ = np.linalg.lstsq(X, frame["invest"].to_numpy())
    assert fitted.coef.to_dict() == pytest.approx(dict(zip(("value", "capital"), slopes, strict=False)))
    ordered = frame.assign(fitted=X @ slopes).sort_values(["firm", "year"])
    assert fitted.predict(panel) == pytest.approx(ordered["fitted"].to_numpy())
    assert fitted.std_error.to_numpy() == pytest.approx(fitted.coefficients().std_error)
    fitted.summary()
    assert f"{slopes[0]:.6g}" in capsys.readouterr().out


def test_a_name_with_markup_stays_a_name():
    panel = simulated_panel(random_stream(92), n_columns=1)
    script = "<script>alert(1)</script>"
    entity = replace(panel.entity, name=script)
    hostile = replace(panel, exposure=script, outcome="<b>y</b>", entity=entity)
    page = FixedEffects().fit(hostile)._repr_html_()
    assert "<script>" not in page
    assert "<b>y</b>" not in page


FOLDER = Path(__file__).parents[3] / "reference" / "nist"
DIGITS = {
    "Norris": 11,
    "Pontius": 10,
    "NoInt1": 11,
    "NoInt2": 11,
    "Longley": 7,
    "Filip": 6,
    "Wampler1": 7,
    "Wampler2": 7,
    "Wampler3": 7,
    "Wampler4": 5,
    "Wampler5": 5,
}
WITHOUT_CONSTANT = ("NoInt1", "NoInt2")
EXACT_FITS = ("Wampler1", "Wampler2")


@dataclass(frozen=True, eq=False)
class Certified:
    X: Floats
    y: Floats
    estimate: Floats
    std_error: Floats
    sigma: float
    r2: float


def certified(name: str) -> Certified:
    numbers = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    X = np.array(numbers["x"], dtype=np.float64)
    if numbers["model"] == "poly":
        X = X[:, :1] ** np.arange(1, numbers["n_params"])
    values = numbers["certified"]
    y, estimate, std_error = (
        np.array(one, dtype=np.float64) for one in (numbers["y"], values["beta"], values["se"])
    )
    return Certified(X, y, estimate, std_error, float(values["rsd"]), float(values["r2"]))


def certified_fit(data: Certified):
    rows = np.arange(data.y.size)
    panel = panel_from_arrays(entity=rows, period=rows, outcome=data.y, X=data.X)
    return PooledOLS(Classical()).fit(panel)


def statistics(fitted) -> dict[str, float]:
    return {statistic.name: statistic.value for statistic in fitted.statistics()}


@pytest.mark.parametrize("name", [name for name in DIGITS if name not in WITHOUT_CONSTANT])
def test_pooled_ols_agrees_with_the_certified_values(name):
    data, within = certified(name), 10.0 ** -DIGITS[name]
    fitted = certified_fit(data)
    table, own = fitted.coefficients(), statistics(fitted)
    np.testing.assert_allclose(table.estimate, data.estimate, rtol=within)
    if name not in EXACT_FITS:
        np.testing.assert_allclose(table.std_error, data.std_error, rtol=within)
        np.testing.assert_allclose([own["sigma"], own["r2"]], [data.sigma, data.r2], rtol=within)


@pytest.mark.parametrize("name", EXACT_FITS)
def test_an_exact_polynomial_leaves_no_standard_error(name):
    data = certified(name)
    assert np.all(certified_fit(data).coefficients().std_error < 1e-8 * np.abs(data.estimate))


@pytest.mark.parametrize("name", WITHOUT_CONSTANT)
def test_least_squares_without_a_constant_agrees_with_the_certified_values(name):
    """As differences of entities that are zero in the period before."""
    data = certified(name)
    entity, period = np.tile(np.arange(data.y.size), 2), np.repeat([0, 1], data.y.size)
    panel = panel_from_arrays(
        entity=entity,
        period=period,
        outcome=np.concatenate([np.zeros_like(data.y), data.y]),
        X=np.vstack([np.zeros_like(data.X), data.X]),
    )
    fitted = FirstDifference(covariance=Classical()).fit(panel)
    table, within = fitted.coefficients(), 10.0 ** -DIGITS[name]
    np.testing.assert_allclose(table.estimate, data.estimate, rtol=within)
    np.testing.assert_allclose(table.std_error, data.std_error, rtol=within)
    np.testing.assert_allclose(statistics(fitted)["sigma"], data.sigma, rtol=within)


def test_the_polynomial_of_filip_is_estimated_with_a_warning():
    assert [note.code for note in certified_fit(certified("Filip")).notes] == ["W-COND"]


def test_no_variance_between_entities_is_pooled_ols_and_says_so():
    """Errors that cancel within every entity leave less variance between entities than chance would."""
    entity, period = (axis.ravel() for axis in np.indices((20, 4)))
    X = random_stream(53).normal(size=(80, 1))
    outcome = 2.0 * X[:, 0] + np.where(period % 2, 1.0, -1.0)
    panel = panel_from_arrays(entity=entity, period=period, outcome=outcome, X=X)
    fitted = RandomEffects().fit(panel)
    assert fitted.equation.components.entity == 0.0
    assert [note.code for note in fitted.notes] == ["W-VARIANCE"]
    pooled = PooledOLS().fit(panel).coefficients()
    np.testing.assert_allclose(fitted.coefficients().estimate, pooled.estimate, rtol=1e-12)
    np.testing.assert_allclose(fitted.coefficients().covariance, pooled.covariance, rtol=1e-12)


@pytest.mark.parametrize(
    ("estimator", "kept", "words"),
    [
        (RandomEffects(), "first period", "no degrees of freedom within"),
        (RandomEffects(), "three entities", "entities are too few"),
        (Between(), "three entities", "too few"),
        (FirstDifference(), "first period", "no entity has rows in two adjacent periods"),
        (FirstDifference(), "every second period", "no entity has rows in two adjacent periods"),
    ],
)
def test_rows_that_cannot_be_estimated_on_are_refused(estimator, kept, words):
    panel = simulated_panel(random_stream(54), n_entities=12, n_periods=6)
    rows = {
        "first period": panel.period == 2001,
        "three entities": panel.entity.codes < 3,
        "every second period": panel.period % 2 == 0,
    }[kept]
    with pytest.raises(EstimationError, match=words):
        estimator.fit(panel.take(np.flatnonzero(rows)))


def test_differences_of_a_steady_column_are_constant_whatever_its_rounding():
    panel = simulated_panel(random_stream(55), n_entities=10, n_periods=6)
    steady = panel.with_column("x1", 1e3 + 0.1 * panel.period)
    fitted = FirstDifference(constant=True).fit(steady)
    assert [(note.code, note.where) for note in fitted.notes] == [("W-CONSTANT", "x1")]
