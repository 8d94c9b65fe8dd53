"""Whether two curves are said to differ."""

from __future__ import annotations

import numpy as np
import pytest

from harness.scenarios.bands import draw_rows, equal_curves_test
from harness.scenarios.draws import WithDraws
from harness.scenarios.grid import partial_dependence
from harness.scenarios.scenario import DrawPlan, Subject, framed
from harness_panel import FixedEffects, PolynomialEffects
from panels import balanced_panel

AT = np.linspace(-2.0, 2.0, 10)


def panel_with(truth, *, seed, n_entities=60, n_periods=4):
    """Return a panel of an exposure, a control and an outcome half of whose variances are entities'."""
    rng = np.random.default_rng([5, seed])
    own = np.repeat(rng.standard_normal((3, n_entities)), n_periods, axis=1)
    x, z, noise = (own + rng.standard_normal((3, n_entities * n_periods))) / np.sqrt(2.0)
    return balanced_panel(
        (n_entities, n_periods),
        outcome=truth(x) + z + noise,
        X=np.column_stack([x, z]),
    )


def drawn(at, curve, draws, supported):
    """Return what `draw_rows` gives as a table."""
    return framed({"curve_draws": draw_rows(at, WithDraws(curve, draws), supported)})["curve_draws"]


def curves(panel, seed):
    for estimator in (FixedEffects(effects=("entity",)), PolynomialEffects(effects=("entity",), degree=3)):
        subject = Subject(panel, estimator, estimator.name, seed)
        draws = subject.draws(DrawPlan(60, "entity", most_rows=20_000))
        levels = [partial_dependence(one, panel, AT) for one in (subject.fit, draws)]
        yield drawn(AT, *levels, np.ones(AT.size, dtype=bool))


def rejections(n_panels, truth):
    rejected = []
    for seed in range(n_panels):
        panel = panel_with(truth, seed=seed)
        found = equal_curves_test(*curves(panel, seed), np.random.default_rng(seed))
        rejected.append(found.p_value < 0.05)
    return np.mean(rejected)


def test_draws_are_kept_where_the_data_support_the_curve():
    at = np.linspace(0.0, 1.0, 30)
    supported = (at > 0.2) & (at < 0.8)
    found = drawn(at, at, np.stack([at, 2.0 * at]), supported)
    assert found["draw"].unique().tolist() == [0, 1, 2]
    assert found["at"].between(0.2, 0.8).all()
    assert found["at"].nunique() == 10
    assert found.query("draw == 2")["estimate"].tolist() == (2.0 * found.query("draw == 0")["at"]).tolist()


def test_a_level_apart_is_no_difference_and_other_draws_are_not_compared():
    rng = np.random.default_rng(1)
    at, supported = np.arange(12.0), np.ones(12, dtype=bool)
    one = drawn(at, at, at + rng.standard_normal((50, 12)), supported)
    lifted = one.assign(estimate=one["estimate"] + 7.0)
    assert equal_curves_test(one, lifted, rng) is None
    assert equal_curves_test(one, one[one["draw"] < 40], rng) is None


def test_a_parabola_is_told_from_a_line_and_a_line_from_none():
    assert rejections(2, lambda x: x + 0.5 * x**2) == 1.0
    assert rejections(4, lambda x: x) <= 0.5


@pytest.mark.slow
def test_size():
    assert 0.02 <= rejections(300, lambda x: x) <= 0.09
