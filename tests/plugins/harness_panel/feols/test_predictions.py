"""Predictions for levels known and new, against fixed_effects and against their definition."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fixest_panels import grouped_panel
from harness.plugin import Key, random_stream
from harness_panel import FixedEffects
from harness_panel.feols import Feols
from panels import panel_from_arrays

PANEL = grouped_panel("predictions", n_entities=15, n_periods=8)


def strangers(panel, *, entity: bool, time: bool, industry: bool):
    """Every third row with a label that no training row has."""
    is_new = np.arange(panel.n_obs) % 3 == 0

    def renamed(key: Key, wanted: bool) -> Key:
        codes = np.where(is_new & wanted, len(key.labels), key.codes)
        return Key(key.name, (*key.labels, "a label never seen"), codes)

    groups = (panel.groups[0], renamed(panel.groups[1], industry))
    return replace(panel, entity=renamed(panel.entity, entity), time=renamed(panel.time, time), groups=groups)


@pytest.mark.parametrize(
    ("effects", "absorb"),
    [
        (("entity",), ()),
        (("time",), ()),
        (("entity", "time"), ()),
        (("entity",), ("industry",)),
        (("entity",), ("region",)),
        (("entity", "time"), ("industry",)),
    ],
)
@pytest.mark.parametrize("weighted", [False, True], ids=["alike", "weighted"])
def test_as_fixed_effects(effects, absorb, weighted):
    ours = Feols(effects=effects, absorb=absorb, weighted=weighted).fit(PANEL, rng=random_stream(0))
    theirs = FixedEffects(effects, absorb=absorb, weighted=weighted).fit(PANEL, rng=random_stream(0))
    for flags in ((False, False, False), (True, False, False), (False, True, True), (True, True, True)):
        rows = strangers(PANEL, **dict(zip(("entity", "time", "industry"), flags, strict=True)))
        np.testing.assert_allclose(ours.predict(rows), theirs.predict(rows), atol=1e-8)
        assert ours.n_unseen(rows) == theirs.n_unseen(rows)
    points = np.array([[0.3], [1.7]])
    np.testing.assert_allclose(
        ours.profile(PANEL, ("x0",), points), theirs.profile(PANEL, ("x0",), points), atol=1e-8
    )


def test_a_combination_never_seen_has_the_mean_effect():
    options = Feols(absorb=(("region", "time"),))
    left_out = (PANEL.group("region").codes == 1) & (PANEL.time.codes == 3)
    train, held = PANEL.take(np.flatnonzero(~left_out)), PANEL.take(np.flatnonzero(left_out))
    fit = options.fit(train, rng=random_stream(0))
    assert (fit.n_unseen(train), fit.n_unseen(held)) == (0, held.n_obs)
    table = fit.coefficients()
    entities, combinations = fit.model.levels.effects
    deviation = entities.deviations[0, held.entity.codes]
    expected = fit.model.levels.intercepts + deviation + (held.X - train.X.mean(axis=0)) @ table.estimate
    np.testing.assert_allclose(fit.predict(held), expected, atol=1e-9)
    for effects in (entities, combinations):
        assert np.mean(effects.of_rows(train)) == pytest.approx(0.0, abs=1e-9)


def test_a_trend_goes_on_and_a_new_entity_has_the_mean_one():
    """Lines of a known slope: forecasts of known entities are exact, a new one's rises by the mean slope."""
    entity, period = (axis.ravel() for axis in np.indices((10, 6)))
    rng = random_stream(96)
    level, slope, x = rng.normal(size=10), rng.normal(size=10), rng.normal(size=60)
    outcome = 2.0 * x + level[entity] + slope[entity] * period
    panel = panel_from_arrays(entity=entity, period=period, outcome=outcome, X=np.column_stack([x, x**2]))
    train, later = (panel.take(np.flatnonzero(mask)) for mask in (period < 4, period >= 4))
    fit = Feols(trends=("entity",)).fit(train, rng=random_stream(0))
    np.testing.assert_allclose(fit.predict(later), later.observed, atol=1e-9)
    assert fit.n_unseen(later) == 0
    new = replace(later, entity=Key("entity", ("never seen",), np.zeros(later.n_obs, dtype=np.int64)))
    new = replace(new, X=np.zeros_like(new.X))
    expected = level.mean() + slope.mean() * new.period
    np.testing.assert_allclose(fit.predict(new), expected, atol=1e-9)
    assert fit.n_unseen(new) == new.n_obs


def test_common_trends_belong_to_entities_where_periods_have_effects():
    entity, period = (axis.ravel() for axis in np.indices((10, 8)))
    rng = random_stream(97)
    x, slope = rng.normal(size=(80, 2)), rng.normal(size=10) + 3.0
    outcome = x @ [1.0, 2.0] + slope[entity] * period
    panel = panel_from_arrays(entity=entity, period=period, outcome=outcome, X=x)
    train, later = (panel.take(np.flatnonzero(mask)) for mask in (period < 6, period >= 6))
    fit = Feols(effects=("entity", "time"), trends=("entity",)).fit(train, rng=random_stream(0))
    np.testing.assert_allclose(fit.predict(later), later.observed, atol=1e-8)
    assert fit.n_unseen(later) == later.n_obs
