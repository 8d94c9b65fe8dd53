"""Errors that are chosen by a test: how often it errs, and intervals with the choice included."""

import numpy as np
import pytest
from scipy.stats import binom, chi2, t

from common_shock_rates import columns, rows_of
from harness.scenarios.effect.dependence import DependentErrors, has_common_shocks, p_common_shocks

# What entities share, and the autocorrelation of exposure and errors.
KINDS = {
    "independent": ("independent", 0.5),
    "lasting": ("independent", 0.8),
    "loadings": ("loadings", 0.5),
    "spatial": ("spatial", 0.5),
}


def rejections(shape, kind, n_panels):
    """Return how often independence is rejected, no effect by entity, and no effect by the chosen errors."""
    rng, rows, rejected = np.random.default_rng(11), rows_of(shape), np.zeros((n_panels, 3), dtype=bool)
    for panel in range(n_panels):
        x, y = columns(rng, shape, *KINDS[kind])
        slope = (x * y).sum() / np.square(x).sum()
        influence = (x * (y - slope * x) / np.square(x).sum()).reshape(-1, 1)
        rejected[panel, 0] = has_common_shocks(p_common_shocks(rows, [influence]))
        for column, errors in enumerate(("entity", "tested"), start=1):
            own = DependentErrors.chosen(rows, errors, np.inf, [influence])
            critical = t.ppf(0.975, own.df(shape[0]))
            rejected[panel, column] = abs(slope) > critical * np.linalg.norm(own.root(influence))
    return rejected.mean(axis=0)


# Most false effects at 5 %. Errors of neighbours alone go together less than the test finds with few periods.
LIMITS = {"independent": 0.07, "lasting": 0.07, "loadings": 0.07, "spatial": 0.1}


def test_the_test_compares_sums_of_periods_with_what_independent_entities_have():
    rng, shape = np.random.default_rng(1), (20, 6)
    influence = rng.standard_normal((120, 1))
    sums = influence.reshape(shape).sum(axis=0)
    ratio = np.square(sums).sum() / np.square(influence).sum() * 6 / 5
    assert p_common_shocks(rows_of(shape), [influence]) == pytest.approx(chi2.sf(5 * ratio, 5), rel=1e-12)
    # An influence that all entities share cannot come from independent ones.
    shared = np.tile(rng.standard_normal(6), 20)[:, None]
    assert p_common_shocks(rows_of(shape), [shared]) < 1e-9
    assert np.isnan(p_common_shocks(rows_of((20, 2)), [influence[:40]]))
    assert np.isnan(p_common_shocks(rows_of(shape), [np.zeros((120, 1))]))


def test_errors_that_are_asked_for_are_taken_without_a_test():
    shape = (20, 6)
    shared = [np.tile(np.arange(6.0), 20)[:, None]]
    for errors in ("entity", "entity_and_period", "driscoll_kraay", "common_shocks"):
        assert DependentErrors.chosen(rows_of(shape), errors, np.inf, shared).errors == errors
    assert DependentErrors.chosen(rows_of(shape), "tested", np.inf, shared).errors == "common_shocks"


@pytest.mark.parametrize("kind", ["independent", "lasting"])
def test_without_common_shocks_the_test_seldom_rejects_and_errors_by_entity_stay(kind):
    test, by_entity, chosen = rejections((40, 12), kind, 400)
    assert test <= binom.ppf(0.999, 400, 0.1) / 400
    assert abs(by_entity - chosen) < 0.02


def test_of_common_shocks_with_loadings_most_are_found_and_false_effects_become_few():
    test, by_entity, chosen = rejections((40, 12), "loadings", 300)
    assert test > 0.9
    assert by_entity > 0.4
    assert chosen <= binom.ppf(0.999, 300, 0.07) / 300


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(40, 12), (30, 25), (270, 9)], ids=str)
@pytest.mark.parametrize(("kind", "most"), LIMITS.items())
def test_size_of_intervals_with_the_choice_included(shape, kind, most):
    *_, chosen = rejections(shape, kind, 1000)
    assert chosen <= most
