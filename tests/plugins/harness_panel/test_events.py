"""Treatments: event studies against dummies made by hand, and the weights of two-way effects."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm

from harness.plugin import Key, Treatment, random_stream
from harness_panel import Classical, FixedEffects
from harness_panel.estimators.events import linear_weights
from harness_panel.solver.regression import regress
from panels import panel_from_arrays, simulated_panel

BOTH = ("entity", "time")


def treated_panel(starts, n_periods, *, effect=np.ones_like, seed=1, noise=0.1):
    """Return a panel whose entities are treated from their start on; None is never."""
    rng = random_stream(seed, "events")
    entity, period = (axis.ravel() for axis in np.indices((len(starts), n_periods)))
    first = np.array([10_000 if start is None else start for start in starts])[entity]
    treated = period >= first
    levels, years = rng.normal(size=len(starts)), rng.normal(size=n_periods)
    effects = np.where(treated, [effect(since) for since in period - first], 0.0)
    outcome = levels[entity] + years[period] + effects + noise * rng.normal(size=entity.size)
    return panel_from_arrays(
        entity=entity, period=period, outcome=outcome, X=treated.astype(float), columns=("zone",)
    )


def fitted(panel, **options):
    return FixedEffects(effects=BOTH, **options).fit(panel, rng=random_stream(0))


def test_the_weights_are_those_of_the_example_of_the_paper():
    """Two groups, three periods; treated in the last, and in the last two: 1/2, 1, -1/2 (2020, section I)."""
    panel = treated_panel([2, 1], 3)
    weights = linear_weights(regress(panel, BOTH))[Treatment.of(panel).is_treated]
    np.testing.assert_allclose(sorted(weights), [-0.5, 0.5, 1.0])
    fit = fitted(treated_panel([2, 1, None], 3), event_window=2)
    (note,) = [note for note in fit.notes if note.code == "W-STAGGERED"]
    assert "'zone' starts in 2 different periods" in note.message
    assert "effects of 3 treated rows" in note.message


def test_an_event_study_is_least_squares_on_dummies_of_the_periods_since_the_start():
    panel = treated_panel([4] * 8 + [None] * 8, 9, effect=lambda since: 1.0 + since)
    fit = fitted(panel, event_window=3, covariance=Classical())
    first = np.where(panel.entity.codes < 8, 4, 10_000)
    since = np.clip(panel.period - first, -3, 3)
    periods = [-3, -2, 0, 1, 2, 3]
    dummies = np.column_stack([(first < 10_000) & (since == at) for at in periods]).astype(float)
    levels = [np.eye(16)[panel.entity.codes], np.eye(9)[panel.time.codes][:, 1:]]
    expected = sm.OLS(panel.observed, np.column_stack([dummies, *levels])).fit()
    study = fit.details()["event_study"]
    assert study["event_time"] == [-3, -2, -1, 0, 1, 2, 3]
    assert study["estimate"].pop(2) == 0.0
    np.testing.assert_allclose(study["estimate"], expected.params[:6], atol=1e-9)
    errors = [error for error in study["std_error"] if error is not None]
    np.testing.assert_allclose(errors, expected.bse[:6], rtol=1e-8)
    rows = fit.result_rows()["effect_tests"]
    test = expected.f_test(np.eye(len(expected.params))[:2])
    assert rows["test"] == ["pre_trend"]
    assert rows["statistic"] == [pytest.approx(float(test.fvalue), rel=1e-8)]
    assert rows["p_value"] == [pytest.approx(float(test.pvalue), rel=1e-8)]
    assert study["n_obs"][-1] == 8 * 2  # three periods after, and four
    assert [note.code for note in fit.notes] == []


def test_a_trend_before_the_start_is_found():
    panel = treated_panel([4] * 10 + [None] * 10, 9)
    rising = panel.observed + 0.5 * np.maximum(panel.period - 1, 0) * (panel.entity.codes < 10)
    trending = panel_from_arrays(
        entity=panel.entity.codes, period=panel.period, outcome=rising, X=panel.X, columns=("zone",)
    )
    assert fitted(trending).result_rows()["effect_tests"]["p_value"][0] < 1e-6
    assert fitted(panel).result_rows()["effect_tests"]["p_value"][0] > 0.01


def test_effects_of_regions_in_periods_are_absorbed_as_by_dummies():
    rng = random_stream(9)
    panel = simulated_panel(rng, n_entities=12, n_periods=5)
    region = Key("region", ("n", "s", "w"), panel.entity.codes % 3)
    panel = replace(panel, groups=(region,))
    estimator = FixedEffects(effects=("entity",), absorb=("region^time",), covariance=Classical())
    assert estimator.group_columns == ("region",)
    fit = estimator.fit(panel, rng=rng)
    cells = region.codes * 5 + panel.time.codes
    dummies = np.column_stack([np.eye(12)[panel.entity.codes], np.eye(15)[cells]])
    expected = np.linalg.lstsq(np.column_stack([panel.X, dummies]), panel.observed, rcond=None)[0]
    np.testing.assert_allclose(fit.coefficients().estimate, expected[:3], atol=1e-9)
    assert fit.regression.n_effects == np.linalg.matrix_rank(dummies)
