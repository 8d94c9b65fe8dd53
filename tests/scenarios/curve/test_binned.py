"""Binned scatters, against least squares on dummies of bins, entities and periods by statsmodels."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.stats import t

from harness.scenarios.curve.binned import LEAST_ROWS, MOST_BINS, binned_scatter
from panels import panel_from_arrays


def unbalanced_panel(n_entities=30, n_periods=9, *, seed=0):
    """Return a panel with gaps, whose second control is twice the first and whose third is constant."""
    rng = np.random.default_rng(seed)
    entity, period = np.divmod(rng.permutation(n_entities * n_periods)[:217], n_periods)
    x = rng.normal(size=217) + rng.normal(size=n_entities)[entity]
    control = rng.normal(size=217) + 0.5 * x
    outcome = np.sin(x) + control + 2.0 * rng.normal(size=n_entities)[entity] + rng.normal(size=217)
    X = np.column_stack([x, control, 2.0 * control, rng.normal(size=n_entities)[entity]])
    return panel_from_arrays(
        entity=entity, period=period, outcome=outcome, X=X, columns=("x", "w", "twice", "fixed")
    )


def dummies(codes):
    return pd.get_dummies(codes, dtype=float).to_numpy()


def by_dummies(at, outcome, controls, entity):
    """Return the coefficients of dummies of bins and their limits."""
    n_bins = min(MOST_BINS, at.size // LEAST_ROWS)
    edges = np.sort(at)[np.ceil(np.arange(1, n_bins) * at.size / n_bins).astype(int) - 1]
    design = np.column_stack([dummies((at[:, None] > edges).sum(axis=1)), controls])
    clusters = {"groups": entity, "use_correction": False}
    fit = sm.OLS(outcome, design).fit(cov_type="cluster", cov_kwds=clusters)
    n_entities = np.unique(entity).size
    errors = fit.bse[:n_bins] * np.sqrt(n_entities / (n_entities - 1))
    return fit.params[:n_bins], errors * t.ppf(0.95, n_entities - 1)


@pytest.mark.parametrize("by_period", [False, True])
def test_bins_are_those_of_least_squares_on_dummies(by_period):
    panel = unbalanced_panel()
    found = binned_scatter(panel, by_period=by_period, level=0.9)
    entity, period = panel.entity.codes, panel.time.codes
    fixed = np.column_stack([dummies(entity), *([dummies(period)] if by_period else [])])
    columns = np.column_stack([panel.column("x"), panel.observed, panel.column("w")])
    left = (
        columns - fixed @ np.linalg.lstsq(fixed, columns, rcond=None)[0] + [*columns[:, :2].mean(axis=0), 0.0]
    )
    within = "within_entity_and_time" if by_period else "within_entity"
    cases = {"raw": (columns, np.empty((panel.n_obs, 0))), within: (left, left[:, 2:])}
    assert found["variation"].unique().tolist() == list(cases)
    for variation, (own, controls) in cases.items():
        estimates, reach = by_dummies(own[:, 0], own[:, 1], controls, entity)
        rows = found[found["variation"] == variation]
        np.testing.assert_allclose(rows["estimate"], estimates, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(rows["conf_high"] - rows["estimate"], reach, rtol=1e-7)
        np.testing.assert_allclose(rows["estimate"] - rows["conf_low"], reach, rtol=1e-7)
        assert (rows["n_obs"] * rows["at"]).sum() / panel.n_obs == pytest.approx(columns[:, 0].mean())


def test_an_exposure_constant_in_entities_has_no_bins_within_them():
    found = binned_scatter(unbalanced_panel().with_exposure("fixed"), by_period=True, level=0.95)
    assert found["variation"].unique().tolist() == ["raw"]


def test_two_values_have_no_bins():
    panel = unbalanced_panel()
    assert binned_scatter(
        panel.with_column("x", (panel.column("x") > 0.0) * 1.0), by_period=False, level=0.95
    ).empty


def test_a_bin_of_one_entity_has_no_limits():
    panel = unbalanced_panel()
    one = panel.take(np.flatnonzero(panel.entity.codes == panel.entity.codes[0]))
    found = binned_scatter(one, by_period=False, level=0.95)
    assert np.isfinite(found["estimate"]).all()
    assert found["conf_low"].isna().all()
