"""Poisson regression against statsmodels and pyfixest, and what it predicts of levels that it lacks."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pyfixest
import pytest
import statsmodels.api as sm

from harness.errors import EstimationError
from harness.estimators.target import with_new_entities
from harness_panel import Clustered, Poisson
from tests.panels import balanced_panel

SHAPE = (80, 6)


def counts_panel(seed=1, *, mean=0.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(SHAPE[0] * SHAPE[1], 2))
    levels = np.repeat(rng.normal(loc=mean, scale=0.8, size=SHAPE[0]), SHAPE[1])
    return balanced_panel(SHAPE, outcome=rng.poisson(np.exp(X @ [0.5, 0.3] + levels)), X=X)


def frame_of(panel):
    frame = pd.DataFrame(panel.X, columns=list(panel.columns))
    return frame.assign(y=panel.observed, entity=panel.entity.codes, time=panel.time.codes)


def dummies(panel, *, time):
    columns = [panel.X, np.eye(SHAPE[0])[panel.entity.codes]]
    return np.hstack([*columns, np.eye(SHAPE[1])[panel.time.codes][:, 1:]] if time else columns)


def test_pooled_slopes_errors_and_means_are_those_of_statsmodels():
    panel = counts_panel()
    model = sm.GLM(panel.observed, sm.add_constant(panel.X), family=sm.families.Poisson())
    expected = model.fit(cov_type="cluster", cov_kwds={"groups": panel.entity.codes, "use_correction": False})
    fit = Poisson(covariance=Clustered(correction="none")).fit(panel)
    table = fit.slopes()
    np.testing.assert_allclose(table.estimate, expected.params, rtol=1e-7)
    np.testing.assert_allclose(table.std_error, expected.bse, rtol=1e-6)
    np.testing.assert_allclose(fit.predict(panel), expected.fittedvalues, rtol=1e-7)
    statistics = fit.details()["statistics"]
    values = dict(zip(statistics["statistic"], statistics["value"], strict=True))
    assert values["deviance"] == pytest.approx(expected.deviance)


@pytest.mark.parametrize("time", [False, True])
def test_effects_are_those_of_dummies_and_errors_those_of_fixest(time):
    panel = counts_panel(mean=1.0)
    effects = ("entity", "time") if time else ("entity",)
    fit = Poisson(effects=effects, covariance=Clustered(correction="none")).fit(panel)
    expected = sm.GLM(panel.observed, dummies(panel, time=time), family=sm.families.Poisson()).fit()
    np.testing.assert_allclose(fit.slopes().estimate, expected.params[:2], rtol=1e-6)
    np.testing.assert_allclose(fit.predict(panel), expected.fittedvalues, rtol=1e-5)
    none = pyfixest.ssc(k_adj=False, G_adj=False)
    formula = "y ~ x0 + x1 | " + " + ".join(effects)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pandas, which pyfixest calls
        theirs = pyfixest.fepois(formula, frame_of(panel), vcov={"CRV1": "entity"}, ssc=none)
    np.testing.assert_allclose(fit.slopes().std_error, theirs.se().to_numpy(), rtol=1e-4)


def test_entities_of_zeros_are_zero_and_new_ones_have_the_mean_of_exponentials():
    panel = counts_panel(mean=-1.0)
    sums = np.bincount(panel.entity.codes, panel.observed)
    assert (sums == 0.0).sum() >= 3
    fit = Poisson(effects=("entity",)).fit(panel)
    predicted = fit.predict(panel)
    is_zero = (sums == 0.0)[panel.entity.codes]
    assert predicted[is_zero].max() == 0.0
    # The effect of an entity makes its means add up to its outcomes.
    np.testing.assert_allclose(np.bincount(panel.entity.codes, predicted), sums, rtol=1e-8, atol=1e-8)
    index = panel.X @ fit.slopes().estimate
    effects = sums / np.bincount(panel.entity.codes, np.exp(index))
    np.testing.assert_allclose(
        fit.predict(with_new_entities(panel)), np.exp(index) * effects.mean(), rtol=1e-8
    )
    assert fit.n_unseen(with_new_entities(panel)) == panel.n_obs


@pytest.mark.parametrize("effects", [(), ("entity",), ("entity", "time")])
def test_a_draw_is_a_fit_on_its_rows_and_knows_entities_that_it_left_out(effects):
    panel = counts_panel()
    weights = np.random.default_rng(3).multinomial(SHAPE[0], np.full(SHAPE[0], 1 / SHAPE[0]), size=3)
    weights = np.vstack([np.ones(panel.n_obs), np.repeat(weights, SHAPE[1], axis=1)]).astype(float)
    draws = Poisson(effects=effects).fit_draws(panel, weights=weights, selection=None, rng=None)
    predicted = draws.predict(panel)
    np.testing.assert_allclose(predicted[0], Poisson(effects=effects).fit(panel).predict(panel), rtol=1e-6)
    repeated = panel.take(np.repeat(np.arange(panel.n_obs), weights[1].astype(int)))
    again = Poisson(effects=effects).for_folds().fit(repeated)
    is_drawn = weights[1] > 0.0
    drawn = panel.take(np.flatnonzero(is_drawn))
    np.testing.assert_allclose(predicted[1, is_drawn], again.predict(drawn), rtol=1e-6)
    if effects == ("entity",):
        sums = np.bincount(panel.entity.codes, panel.observed - predicted[1])
        np.testing.assert_allclose(sums, 0.0, atol=1e-6)


def test_the_unit_of_an_outcome_that_is_no_count_changes_no_slope():
    panel = counts_panel()
    scaled = Poisson(effects=("entity",)).fit(replace(panel, observed=0.037 * panel.observed)).slopes()
    np.testing.assert_allclose(scaled.estimate, Poisson(effects=("entity",)).fit(panel).slopes().estimate)


def test_negative_outcomes_and_separated_zeros_are_refused():
    panel = counts_panel()
    with pytest.raises(EstimationError, match="480 of 480 training rows are negative"):
        Poisson().fit(replace(panel, observed=-1.0 - panel.observed))
    X = panel.X.copy()
    X[:, 0] = panel.observed > 0.0
    with pytest.raises(EstimationError, match="does not converge"):
        Poisson().fit(replace(panel, X=X))
