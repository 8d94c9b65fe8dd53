"""Predictions for levels known and new, against fixed_effects and against their definition."""

from dataclasses import replace

import numpy as np
import pytest

from fixest_panels import dummy_regression, grouped_panel
from harness import EstimationError
from harness.plugin import Key, random_stream
from harness_panel import FixedEffects
from harness_panel.covariance import Clustered, Robust
from harness_panel.feols import CRV3, Feols
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


CORRECTED_PANEL = grouped_panel("corrections")
N, K = CORRECTED_PANEL.n_obs, len(CORRECTED_PANEL.columns)


def table(effects, covariance, panel=CORRECTED_PANEL, **options):
    return (
        Feols(effects=effects, covariance=covariance, **options)
        .fit(panel, rng=random_stream(0))
        .coefficients()
    )


def raw(by: str):
    """Errors of the regression on dummies clustered by a key, without any factor."""
    groups = {
        "entity": CORRECTED_PANEL.entity.codes,
        "time": CORRECTED_PANEL.time.codes,
        "region": CORRECTED_PANEL.group("region").codes,
    }
    kwds = {"groups": groups[by], "use_correction": False}
    fit = dummy_regression(CORRECTED_PANEL, [["entity"], ["time"]]).fit(cov_type="cluster", cov_kwds=kwds)
    return fit.bse[:K]


@pytest.mark.parametrize(
    ("by", "counted"),
    [
        ("entity", K + (CORRECTED_PANEL.n_periods - 1) + 1),
        ("region", K + (CORRECTED_PANEL.n_periods - 1) + 1),
        ("time", K + (CORRECTED_PANEL.n_entities - 1) + 1),
    ],
)
def test_fixest_counts_effects_that_are_not_within_clusters(by, counted):
    """Effects within clusters count as one, their constant; the others as the levels that are left."""
    n_clusters = {"entity": CORRECTED_PANEL.n_entities, "region": 3, "time": CORRECTED_PANEL.n_periods}[by]
    factor = n_clusters / (n_clusters - 1) * (N - 1) / (N - counted)
    found = table(("entity", "time"), Clustered((by,), "stata"))
    assert found.correction.factor == pytest.approx(factor, rel=1e-12)
    np.testing.assert_allclose(found.std_error, np.sqrt(factor) * raw(by), rtol=1e-9)


def test_two_kinds_of_clusters_take_the_smaller_number():
    """Three sandwiches, those of both kinds less that of their pairs, times one factor."""
    regression = dummy_regression(CORRECTED_PANEL, [["entity"], ["time"]])
    pairs = CORRECTED_PANEL.entity.codes * CORRECTED_PANEL.n_periods + CORRECTED_PANEL.time.codes
    parts = []
    for groups in (CORRECTED_PANEL.entity.codes, CORRECTED_PANEL.time.codes, pairs):
        kwds = {"groups": groups, "use_correction": False}
        parts.append(regression.fit(cov_type="cluster", cov_kwds=kwds).cov_params()[:K, :K])
    smallest = min(CORRECTED_PANEL.n_entities, CORRECTED_PANEL.n_periods)
    factor = smallest / (smallest - 1) * (N - 1) / (N - K - 1)
    found = table(("entity", "time"), Clustered(("entity", "time"), "stata"))
    np.testing.assert_allclose(found.covariance, factor * (parts[0] + parts[1] - parts[2]), rtol=1e-8)
    assert found.correction.df_resid == smallest - 1


def test_singletons_change_factors_and_no_slope():
    alone = np.concatenate(
        [
            np.flatnonzero(CORRECTED_PANEL.entity.codes > 0),
            np.flatnonzero(CORRECTED_PANEL.entity.codes == 0)[:1],
        ]
    )
    panel = CORRECTED_PANEL.take(alone)
    fits = {
        singletons: Feols(effects=("entity",), covariance=Robust(), singletons=singletons).fit(
            panel, rng=random_stream(0)
        )
        for singletons in ("keep", "drop")
    }
    kept, dropped = (fits[singletons].coefficients() for singletons in ("keep", "drop"))
    np.testing.assert_allclose(kept.estimate, dropped.estimate, rtol=1e-10)
    assert (kept.correction.n_obs, dropped.correction.n_obs) == (panel.n_obs, panel.n_obs - 1)
    assert kept.correction.df_resid == dropped.correction.df_resid
    np.testing.assert_allclose(fits["keep"].predict(panel), fits["drop"].predict(panel), atol=1e-9)
    counts = [
        dict(zip(*(fit.details()["statistics"][column] for column in ("statistic", "value")), strict=True))
        for fit in fits.values()
    ]
    assert [statistics["n_singleton_rows"] for statistics in counts] == [1, 1]


@pytest.mark.parametrize("by", ["entity", "time", "region"])
@pytest.mark.parametrize(
    ("effects", "absorb", "trends"),
    [(("entity",), (), ()), (("entity", "time"), (), ()), (("entity",), (), ("entity",))],
    ids=["entity", "both", "trends"],
)
def test_jackknife(by, effects, absorb, trends):
    """CV3 of MacKinnon, Nielsen & Webb: every cluster left out, and all dummies fitted anew."""
    codes = {
        "entity": CORRECTED_PANEL.entity.codes,
        "time": CORRECTED_PANEL.time.codes,
        "region": CORRECTED_PANEL.group("region").codes,
    }[by]
    sets = [[name] for name in effects]

    def slopes(panel):
        return dummy_regression(panel, sets, trends=bool(trends)).fit().params[:K]

    changes = [
        slopes(_repacked(CORRECTED_PANEL.take(np.flatnonzero(codes != at)))) - slopes(CORRECTED_PANEL)
        for at in np.unique(codes)
    ]
    n_clusters = len(changes)
    expected = (n_clusters - 1) / n_clusters * sum(np.outer(change, change) for change in changes)
    found = table(effects, CRV3(by), absorb=absorb, trends=trends)
    np.testing.assert_allclose(found.covariance, expected, rtol=1e-7)
    assert found.correction.df_resid == n_clusters - 1


def _repacked(panel):
    from dataclasses import replace

    return replace(panel, entity=panel.entity.without_absent(), time=panel.time.without_absent())


def test_jackknife_where_one_cluster_tells_a_slope():
    column = np.where(CORRECTED_PANEL.entity.codes == 0, CORRECTED_PANEL.column("x1"), 0.0)
    panel = CORRECTED_PANEL.with_column("x1", column)
    with pytest.raises(EstimationError, match=r"CRV3 is undefined: without entity 0, .*'x1'"):
        table(("entity",), CRV3(), panel)
