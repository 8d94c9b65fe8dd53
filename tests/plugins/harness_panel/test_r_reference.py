"""Pooled OLS and fixed effects against R's plm, and against lm with dummies and sandwich."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
import pytest

from harness import EstimationError, Panel
from harness.plugin import Correction, Estimator, random_stream
from harness_panel import Classical, Clustered, DriscollKraay, FixedEffects, PooledOLS, Robust
from harness_panel.covariance import Covariance
from panels import labelled
from r_reference import PANELS, in_order, r_panel, reference

EFFECTS: Mapping[str, tuple[str, ...]] = {
    "pooled": (),
    "fe_entity": ("entity",),
    "fe_time": ("time",),
    "fe_twoway": ("entity", "time"),
}
LSDV = {"pooled": "lm_pooled", "fe_entity": "lsdv_entity", "fe_time": "lsdv_time", "fe_twoway": "lsdv_twoway"}
CELLS = list(product(PANELS, EFFECTS))


def _one(correction: Correction, n_effects: int) -> float:
    return 1.0


@dataclass(frozen=True)
class Same:
    """One of R's standard errors: our covariance, and the factor by which R's variance is larger.

    The factor is one unless the two sides define the small-sample correction differently; `n_effects` is the
    number of dummies that the definition on R's side counts.
    """

    covariance: Covariance
    factor: Callable[[Correction, int], float] = _one


def _plm_hc1(correction: Correction, n_effects: int) -> float:
    """plm's HC1 is n / (n - K); ours counts the effects, as sandwich's does on dummies."""
    return correction.n_obs / (correction.n_obs - correction.n_coef)


def _counting_effects(correction: Correction, n_effects: int) -> float:
    """sandwich's cluster HC1 has (n - 1) / (n - K - G); sss leaves the absorbed G out."""
    without = correction.n_obs - correction.n_coef
    return without / (without - n_effects)


def _cluster_share(correction: Correction, n_effects: int) -> float:
    """sandwich's cluster HC0 still multiplies by G / (G - 1)."""
    n_clusters = correction.n_clusters[0]
    return n_clusters / (n_clusters - 1)


BOTH = ("entity", "time")

PLM = {
    "classical": Same(Classical()),
    "white1_HC0": Same(Robust("HC0")),
    "white1_HC1": Same(Robust("HC0"), _plm_hc1),
    "cl_entity_HC0": Same(Clustered(correction="none")),
    "cl_entity_sss": Same(Clustered()),
    "cl_time_HC0": Same(Clustered(("time",), correction="none")),
    "cl_twoway_HC0": Same(Clustered(BOTH, correction="none")),
    "cl_twoway_sss": Same(Clustered(BOTH)),
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
    "CL_entity_HC1": Same(Clustered(), _counting_effects),
    "CL_time_HC1": Same(Clustered(("time",)), _counting_effects),
    "CL_twoway_HC0_nocadj": Same(Clustered(BOTH, correction="none")),
    "CL_twoway_HC1": Same(Clustered(BOTH), _counting_effects),
    "PL_lag2_HC0": Same(DriscollKraay(2)),
}
NOT_OFFERED = {"nw_HC0_lag2": "Newey-West within entities"}


def estimator(model: str, covariance: Covariance) -> Estimator:
    effects = EFFECTS[model]
    return FixedEffects(effects, covariance) if effects else PooledOLS(covariance)


@cache
def fit(panel: str, model: str, covariance: Covariance):
    return estimator(model, covariance).fit(r_panel(panel), rng=random_stream(0))


@pytest.mark.parametrize(("panel", "model"), CELLS)
def test_coefficients_and_degrees_of_freedom_are_those_of_plm(panel, model):
    expected = reference()[panel][model]
    table = fit(panel, model, Classical()).coefficients()
    assert table.terms == tuple(name.replace("(Intercept)", "const") for name in expected["coef"])
    np.testing.assert_allclose(table.estimate, in_order(expected["coef"], table.terms), rtol=1e-9)
    assert table.correction.df_resid == expected["df_resid"]
    assert table.correction.n_obs == expected["nobs"]
    residuals = r_panel(panel).observed - fit(panel, model, Classical()).predict(r_panel(panel))
    np.testing.assert_allclose(residuals @ residuals, expected["rss"], rtol=1e-10)


@pytest.mark.parametrize(("panel", "model"), CELLS)
def test_standard_errors_are_those_of_plm(panel, model):
    for name, same in PLM.items():
        _compare(panel, model, same, reference()[panel][model]["se"][name], name)


@pytest.mark.parametrize(("panel", "model"), CELLS)
def test_standard_errors_are_those_of_the_dummy_variable_regression(panel, model):
    for name, same in SANDWICH.items():
        expected = reference()[panel][LSDV[model]]["se"][name]
        if None in expected.values():
            with pytest.raises(EstimationError, match="leverage 1"):
                fit(panel, model, same.covariance)
        else:
            _compare(panel, model, same, expected, name)


def _compare(panel: str, model: str, same: Same, expected: dict[str, float], name: str) -> None:
    table = fit(panel, model, same.covariance).coefficients()
    n_effects = fit(panel, model, Classical()).coefficients().correction.n_effects
    ours = table.std_error * np.sqrt(same.factor(table.correction, n_effects))
    rtol = 1e-9 if name == "classical" else 1e-8
    np.testing.assert_allclose(ours, in_order(expected, table.terms), rtol=rtol, err_msg=name)


def test_every_standard_error_of_the_reference_is_compared():
    for panel, model in CELLS:
        assert set(reference()[panel][model]["se"]) == {*PLM, *NOT_OFFERED}
        assert set(reference()[panel][LSDV[model]]["se"]) == set(SANDWICH)


def _at_zero(rows: Panel) -> Panel:
    for name in rows.columns:
        rows = rows.with_column(name, 0.0)
    return rows


@pytest.mark.parametrize("panel", PANELS)
def test_prediction_for_an_unseen_entity_at_zero_is_the_within_intercept_of_plm(panel):
    stranger = labelled(_at_zero(r_panel(panel).take(np.array([0]))), entity="nowhere")
    predicted = fit(panel, "fe_entity", Classical()).predict(stranger)
    np.testing.assert_allclose(predicted, reference()[panel]["tests"]["within_intercept"][0], rtol=1e-9)


@pytest.mark.parametrize("panel", PANELS)
def test_the_intercept_within_and_its_error_are_those_of_plm(panel):
    own = {one.name: one.value for one in fit(panel, "fe_entity", Classical()).statistics()}
    pair = [own["intercept"], own["intercept_std_error"]]
    np.testing.assert_allclose(pair, reference()[panel]["tests"]["within_intercept"], rtol=1e-9)


@pytest.mark.parametrize("panel", PANELS)
def test_predictions_at_zero_are_the_effects_of_plm(panel):
    rows = r_panel(panel)
    firsts = np.array([np.flatnonzero(rows.entity.codes == code)[0] for code in range(3)])
    predicted = fit(panel, "fe_entity", Classical()).predict(_at_zero(rows.take(firsts)))
    np.testing.assert_allclose(predicted, reference()[panel]["tests"]["fixef_first3"], rtol=1e-9)
