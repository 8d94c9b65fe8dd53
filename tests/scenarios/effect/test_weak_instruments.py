"""Confidence sets of an instrumented slope under weak instruments."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import f, norm

from harness.scenarios.effect.weak_instruments import (
    TF_CRITICAL,
    TF_ROOTS,
    ReducedForm,
    set_in_words,
    tf_critical,
)

GRID = np.linspace(-60.0, 60.0, 4001)


def drawn_form(rng, *, size, strength, slope=0.7, scale=1.0):
    """Return a reduced form drawn with a known covariance, and its slope in units of `scale`."""
    root = rng.standard_normal((2 * size, 2 * size + 3))
    covariance = root @ root.T / root.shape[1]
    exposure = strength * rng.standard_normal(size)
    noise = np.linalg.cholesky(covariance) @ rng.standard_normal(2 * size)
    blocks = covariance[:size, :size], covariance[:size, size:], covariance[size:, size:]
    own = [block * factor for block, factor in zip(blocks, (scale**2, scale, 1.0), strict=True)]
    return ReducedForm(scale * (slope * exposure + noise[:size]), exposure + noise[size:], *own, df=60)


@pytest.mark.parametrize("size", [1, 2, 4])
def test_ends_are_where_the_test_on_a_grid_begins_to_reject(size):
    rng, shapes = np.random.default_rng(size), set()
    for strength in (0.0, 0.5, 2.0, 6.0) * 10:
        form = drawn_form(rng, size=size, strength=strength, scale=1e4)
        found = form.confidence_set(0.9)
        is_held = statistics(form, 1e4 * GRID) <= f.ppf(0.9, size, 60)
        inside = np.zeros(GRID.size, dtype=bool)
        for low, high in found:
            inside |= (low <= 1e4 * GRID) & (high >= 1e4 * GRID)
        assert (inside == is_held).all()
        shapes.add((len(found), bool(found) and np.isinf(found[0][0])))
    assert {(1, False), (1, True), (2, True)} <= shapes


def statistics(form, slopes):
    at = slopes[:, None, None]
    covariance = form.of_outcome - at * (form.of_both + form.of_both.T) + at**2 * form.of_exposure
    moment = (form.outcome - slopes[:, None] * form.exposure)[:, :, None]
    return (moment * np.linalg.solve(covariance, moment)).mean(axis=(1, 2))


def test_instruments_that_disagree_leave_nothing():
    form = ReducedForm(np.array([9.0, -9.0]), np.array([9.0, 9.0]), np.eye(2), 0.0 * np.eye(2), np.eye(2), 60)
    assert form.confidence_set(0.95) == ()


def test_one_instrument_solves_a_quadratic_equation():
    """Fieller's (1954) interval of a ratio."""
    form = ReducedForm(
        *(np.array([[x]]) if at > 1 else np.array([x]) for at, x in enumerate((3.0, 2.0, 0.5, 0.1, 0.2))),
        df=50,
    )
    q = f.ppf(0.95, 1, 50)
    ends = np.sort(np.roots([2.0**2 - q * 0.2, -2.0 * (3.0 * 2.0 - q * 0.1), 3.0**2 - q * 0.5]))
    assert np.array(form.confidence_set(0.95)).ravel() == pytest.approx(ends, rel=1e-9)
    for end in ends:
        assert form.p_value(end) == pytest.approx(0.05, rel=1e-6)


@pytest.mark.parametrize("distance", [0.5, 1.0, 2.0, 4.0, 7.0, 15.0])
def test_published_critical_values_of_tf_have_their_size_at_the_worst_correlation(distance):
    """By quadrature: with errors of both stages alike, t is u (f0 + u) / f0 and F is (f0 + u)^2."""
    u = np.linspace(-9.0, 9.0, 100_001)
    weights = norm.pdf(u) / norm.pdf(u).sum()
    critical = np.interp(np.abs(distance + u), TF_ROOTS, TF_CRITICAL, left=np.inf)
    size = weights[np.abs(u * (distance + u) / distance) > critical].sum()
    assert 0.049 < size <= 0.05


def test_critical_values_of_tf_are_those_printed():
    assert [tf_critical(value) for value in (3.9, 4.0, 6.25, 200.0)] == [np.inf, 18.66, 4.92, 1.96]
    assert tf_critical(10.0) == pytest.approx(3.43, abs=0.01)


def test_sets_are_said():
    inf = np.inf
    assert set_in_words(((-1.5, 2.0),)) == "[−1.5, 2]"
    assert set_in_words(((-inf, -1.0), (2.0, inf))) == "(−∞, −1] and [2, ∞)"
    assert set_in_words(((-inf, inf),)).startswith("all real numbers")
    assert set_in_words(()).startswith("empty")
