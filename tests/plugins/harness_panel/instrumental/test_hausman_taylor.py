"""Hausman and Taylor against plm, against slopes within entities, and where they have no instruments."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness import EstimationError
from harness.plugin import random_stream
from harness_panel import Classical, FixedEffects, HausmanTaylor
from panels import panel_from_frame
from r_reference import R_FOLDER

EXPECTED = pd.read_csv(
    Path(__file__).with_name("hausman_taylor.csv"), header=None, index_col=0, names=["estimate", "std_error"]
)


def wages(exposure="educ", controls=("union", "married", "hours", "black")):
    frame = pd.read_csv(R_FOLDER / "data" / "wage_panel.csv")
    keys = {"entity": "nr", "time": "year", "outcome": "lwage"}
    return panel_from_frame(frame, **keys, exposure=exposure, controls=controls)


@pytest.mark.parametrize(
    ("exposure", "controls"),
    [("educ", ("union", "married", "hours", "black")), ("married", ("black", "educ", "union", "hours"))],
)
def test_estimates_errors_and_variances_are_those_of_plm(exposure, controls):
    fit = HausmanTaylor(endogenous=("union", "educ"), covariance=Classical()).fit(wages(exposure, controls))
    table = fit.coefficients()
    expected = EXPECTED.rename(index={"(Intercept)": "const"}).loc[list(table.terms)]
    np.testing.assert_allclose(table.estimate, expected["estimate"], rtol=1e-8)
    np.testing.assert_allclose(table.std_error, expected["std_error"], rtol=1e-8)
    statistics = {one.name: one.value for one in fit.statistics()}
    variances = [statistics["variance_idiosyncratic"], statistics["variance_entity"]]
    np.testing.assert_allclose(variances, EXPECTED.loc["variances"], rtol=1e-8)


def test_an_endogenous_exposure_that_varies_alone_has_its_slope_within_entities():
    panel = wages("union", ("black",))
    slope = HausmanTaylor().fit(panel).coefficients().estimate[1]
    assert slope == pytest.approx(FixedEffects().fit(panel).coefficients().estimate[0], rel=1e-8)


def test_draws_are_fits_of_the_drawn_entities():
    panel, one = wages(), HausmanTaylor(endogenous=("union", "educ"))
    counts = random_stream(3, "draws").integers(0, 3, panel.n_entities)[panel.entity.codes].astype(float)
    everyone = np.ones(panel.n_obs)
    draws = one.fit_draws(panel, weights=np.stack([everyone, counts]), selection=None, rng=None)
    predicted = draws.predict(panel)
    np.testing.assert_allclose(predicted[0], one.fit(panel).predict(panel), rtol=1e-8)
    assert not np.allclose(predicted[1], predicted[0], rtol=1e-4)


@pytest.mark.parametrize(
    ("endogenous", "message"),
    [
        (("wage",), "'wage' is not a regressor"),
        (("educ", "union", "married", "hours"), "no instruments are left that tell"),
    ],
)
def test_what_cannot_be_instrumented_is_refused(endogenous, message):
    with pytest.raises(EstimationError, match=message):
        HausmanTaylor(endogenous=endogenous).fit(wages())
