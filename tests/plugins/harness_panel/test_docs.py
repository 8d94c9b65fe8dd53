"""What the documents on predictions and differences state, recomputed."""

from __future__ import annotations

import doctest
import re
from itertools import product
from pathlib import Path

import linearmodels.panel as lm
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from harness.plugin import random_stream
from harness_panel import (
    Classical,
    Clustered,
    FirstDifference,
    FixedEffects,
    PooledOLS,
    RandomEffects,
    Robust,
)
from r_reference import PANELS, in_order, r_panel, reference

DOCS = Path(__file__).parents[3] / "docs"
EFFECTS = {"fe_entity": ("entity",), "fe_time": ("time",), "fe_twoway": ("entity", "time")}
DUMMIES = {"fe_entity": "lsdv_entity", "fe_time": "lsdv_time", "fe_twoway": "lsdv_twoway"}


def test_the_examples_of_the_prediction_contract_run():
    result = doctest.testfile(str(DOCS / "prediction.md"), module_relative=False)
    assert result.attempted > 8
    assert result.failed == 0


def stated(number: int) -> float:
    """Return the gap, a fraction, in the last cell of a numbered row of the differences."""
    text = (DOCS / "differences.md").read_text(encoding="utf-8")
    (row,) = [line for line in text.splitlines() if line.startswith(f"| {number} |")]
    return float(re.search(r"([\d.]+) %[^|]*\|$", row)[1]) / 100


def fitted(panel: str, estimator):
    return estimator.fit(r_panel(panel), rng=random_stream(0)).coefficients()


def widest(covariance, theirs) -> float:
    """Return the largest gap between standard errors, over the panels and the fixed effects."""
    gaps = []
    for panel, (model, effects) in product(PANELS, EFFECTS.items()):
        own = fitted(panel, FixedEffects(effects, covariance))
        gaps.append(np.abs(own.std_error / in_order(theirs(panel, model), own.terms) - 1.0))
        gaps.append(np.abs(in_order(theirs(panel, model), own.terms) / own.std_error - 1.0))
    return max(float(gap.max()) for gap in gaps)


@pytest.mark.parametrize(
    ("number", "covariance", "theirs"),
    [
        (1, Robust("HC1"), lambda panel, model: reference()[panel][model]["se"]["white1_HC1"]),
        (2, Clustered(), lambda panel, model: reference()[panel][model]["se"]["cl_entity_HC0"]),
        (3, Clustered(), lambda panel, model: reference()[panel][DUMMIES[model]]["se"]["CL_entity_HC1"]),
    ],
)
def test_gaps_of_standard_errors_are_as_stated(number, covariance, theirs):
    assert widest(covariance, theirs) == pytest.approx(stated(number), abs=6e-4)


def test_the_gap_of_random_effects_is_as_stated():
    gaps = []
    for panel in PANELS:
        rows = r_panel(panel)
        index = pd.MultiIndex.from_arrays([rows.entity.codes, rows.period])
        X = pd.DataFrame(rows.X, index=index, columns=list(rows.columns)).assign(const=1.0)
        theirs = lm.RandomEffects(pd.Series(rows.observed, index=index, name="y"), X).fit()
        own = fitted(panel, RandomEffects(Classical()))
        gaps.append(np.abs(own.estimate / theirs.params[list(own.terms)] - 1.0).max())
    assert max(gaps) == pytest.approx(stated(10), abs=6e-4)


def test_the_gap_of_first_differences_is_as_stated():
    own = fitted("edge", FirstDifference())
    expected = in_order(reference()["edge"]["fd"]["coef"], own.terms)
    assert np.abs(own.estimate / expected - 1.0).max() == pytest.approx(stated(13), abs=6e-4)
    text = (DOCS / "differences.md").read_text(encoding="utf-8")
    differences, rows = own.correction.n_obs, reference()["edge"]["fd"]["nobs"]
    assert f"{differences} differences here and {rows} in plm" in text


def test_information_criteria_of_statsmodels_are_less_by_what_is_stated():
    rows = r_panel("grunfeld")
    fit = PooledOLS().fit(rows, rng=random_stream(0))
    own = {one.name: one.value for one in fit.statistics()}
    theirs = sm.OLS(rows.observed, sm.add_constant(rows.X)).fit()
    assert own["aic"] - theirs.aic == pytest.approx(2.0, rel=1e-9)
    assert own["bic"] - theirs.bic == pytest.approx(np.log(rows.n_obs), rel=1e-9)


def test_differences_are_numbered_without_gaps():
    text = (DOCS / "differences.md").read_text(encoding="utf-8")
    numbers = [int(found) for found in re.findall(r"^\| (\d+) \|", text, flags=re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
