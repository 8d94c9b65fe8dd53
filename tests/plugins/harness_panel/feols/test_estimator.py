"""Regressions with many effects: against dummies and fixed_effects, their laws, and what is refused."""

from dataclasses import replace
from unittest.mock import Mock

import numpy as np
import pyfixest
import pytest

from fixest_panels import dummy_regression, grouped_panel, levels
from harness import EstimationError
from harness.estimators.guard import attempt
from harness.plugin import CanFitDraws, Key, random_stream
from harness_panel import FixedEffects
from harness_panel.covariance import Classical, Clustered, Robust, WildCluster
from harness_panel.feols import CRV3, Feols
from panels import panel_from_arrays, simulated_panel

PANEL = grouped_panel("laws", n_entities=12, n_periods=6)
OPTIONS = {
    "many": Feols(("entity", "time"), ("industry",), covariance=Clustered(("region", "time"), "stata")),
    "region by time": Feols(absorb=(("region", "time"),), covariance=CRV3("region")),
    "trends": Feols(("entity", "time"), trends=("entity",), covariance=WildCluster("time", draws=99)),
    "weighted": Feols(("entity", "time"), weighted=True, covariance=Robust()),
}
each = pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)


def fit(options, panel=PANEL):
    return options.fit(panel)


@each
def test_draws_are_fits_of_the_rows_drawn(options):
    """A row drawn twice is a row of twice the weight."""
    assert isinstance(options, CanFitDraws)
    weights = random_stream(99).integers(0, 3, size=(4, PANEL.n_obs)).astype(np.float64)
    draws = options.fit_draws(PANEL, weights=weights, selection=None, rng=random_stream(0))
    own = PANEL.weights if options.weighted else np.ones(PANEL.n_obs)
    for slopes, draw in zip(draws.levels.slopes, weights, strict=True):
        rows = np.flatnonzero(draw)
        panel = replace(PANEL, weights=draw * own).take(rows)
        table = replace(options, weighted=True, covariance=Classical()).fit(panel).coefficients()
        np.testing.assert_allclose(slopes, table.estimate, rtol=1e-7)
    np.testing.assert_allclose(
        draws.predict(PANEL).mean(axis=1), draws.profile(PANEL, (), np.empty((1, 0)))[:, 0], atol=1e-9
    )


@pytest.mark.parametrize("effects", [("entity",), ("entity", "time")])
@pytest.mark.parametrize("absorb", [(), ("industry",)])
@pytest.mark.parametrize("options", [{}, {"covariance": {"use": "clustered", "by": ["region", "time"]}}])
def test_one_model_has_one_standard_error_whatever_estimator_fits_it(effects, absorb, options):
    tables = [
        one(effects, absorb=absorb, **options).fit(PANEL).coefficients() for one in (FixedEffects, Feols)
    ]
    np.testing.assert_allclose(*(table.std_error for table in tables), rtol=1e-9)
    assert tables[0].correction.kind == tables[1].correction.kind
    assert tables[0].correction.factor == pytest.approx(tables[1].correction.factor, rel=1e-12)


def test_a_level_that_a_draw_left_out_has_the_effect_of_all_its_rows():
    weights = np.where(PANEL.entity.codes == 0, 0.0, 1.0)[None]
    draws = Feols().fit_draws(PANEL, weights=weights, selection=None, rng=random_stream(0))
    first = PANEL.take(np.flatnonzero(PANEL.entity.codes == 0))
    expected = first.observed.mean() + (first.X - first.X.mean(axis=0)) @ draws.levels.slopes[0]
    np.testing.assert_allclose(draws.predict(first)[0], expected, rtol=1e-12)


class PanicException(BaseException):
    """As pyo3, through which pyfixest is compiled, raises it."""


@pytest.mark.parametrize(
    ("error", "raised", "words"),
    [
        (PanicException("index out of bounds"), EstimationError, "pyfixest: its compiled code failed"),
        (ValueError("Demeaning failed after 7 iterations."), EstimationError, "failed after 7 iterations"),
        (KeyboardInterrupt(), KeyboardInterrupt, None),
    ],
    ids=["panic", "no solution", "interrupt"],
)
def test_a_panic_and_what_is_not_solved_are_refused_and_an_interrupt_is_let_through(
    monkeypatch, error, raised, words
):
    monkeypatch.setattr(pyfixest, "feols", Mock(side_effect=error))
    with pytest.raises(raised, match=words):
        fit(Feols())


@pytest.mark.parametrize("seed", range(2))
def test_few_rows_end_in_numbers_or_a_reason(seed):
    """Samples of a panel, down to one row: no warning, no other error, and no end of the process."""
    rng = random_stream(101, str(seed))
    outcomes = []
    for options in OPTIONS.values():
        for n_rows in rng.integers(1, 40, size=6).tolist():
            panel = PANEL.take(np.sort(rng.choice(PANEL.n_obs, size=n_rows, replace=False)))
            outcomes.append(attempt(lambda: fit(options, panel).coefficients().std_error))  # noqa: B023 - called at once
        weights = np.ones((3, PANEL.n_obs))
        for draw, n_rows in zip(weights[1:], (1, 9), strict=True):
            draw[rng.permutation(PANEL.n_obs)[n_rows:]] = 0.0
        draws = options.fit_draws(PANEL, weights=weights, selection=None, rng=rng)
        assert np.isfinite(draws.predict(PANEL)).all()
    assert {outcome.status for outcome in outcomes} <= {"ok", "refused"}
    assert all(np.isfinite(outcome.value).all() for outcome in outcomes if outcome.status == "ok")


def test_names_that_would_be_formulas_are_names(tmp_path):
    """Columns, keys and labels of a stranger's table run nothing and mean nothing but themselves."""
    target = tmp_path / "written"
    attack = f"{{__import__('pathlib').Path({str(target)!r}).touch()}}"
    names = (attack, "x1 | f0", "C(x) ~ `y`'\"")
    groups = (Key("a^b + c", PANEL.groups[0].labels, PANEL.groups[0].codes),)
    labels = tuple(f"{attack}{at}" for at in range(len(PANEL.entity.labels)))
    entity = Key("y ~ 1", labels, PANEL.entity.codes)
    named = replace(
        PANEL, exposure=names[0], controls=names[1:], groups=groups, entity=entity, outcome="y ~ x"
    )
    options = Feols(absorb=(("a^b + c", "time"),), covariance=Clustered(("a^b + c",), "stata"))
    plain = Feols(absorb=(("region", "time"),), covariance=Clustered(("region",), "stata"))
    table = fit(options, named).coefficients()
    assert table.terms == names
    np.testing.assert_array_equal(table.estimate, fit(plain).coefficients().estimate)
    np.testing.assert_array_equal(table.covariance, fit(plain).coefficients().covariance)
    assert not target.exists()


def test_what_is_dropped_is_named():
    panel = simulated_panel(random_stream(100), n_columns=6)
    X = panel.X.copy()
    X[:, 1] = panel.entity.codes
    X[:, 2] = 4.0
    X[:, 4] = 2.0 * X[:, 3] - panel.time.codes
    X[:, 5] = X[:, 0] + panel.entity.codes
    notes = fit(Feols(("entity", "time")), replace(panel, X=X)).notes
    assert [(note.code, note.where) for note in notes] == [
        ("W-CONSTANT", "x2"),
        ("W-ABSORBED", "x1"),
        ("W-COLLINEAR", "x4"),
        ("W-COLLINEAR", "x5"),
    ]
    assert "x4 = 2*x3 + entity and time effects" in notes[2].message


def test_an_exposure_absorbed_with_all_others():
    panel = panel_from_arrays(
        entity=[0, 0, 1, 1, 2, 2], period=[1, 2] * 3, outcome=np.arange(6.0) ** 2, X=[1.0, 1, 2, 2, 4, 4]
    )
    with pytest.raises(EstimationError, match="entity effects absorb it"):
        fit(Feols(), panel)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"effects": ()}, "at least one key or column"),
        ({"absorb": ("industry", "industry")}, "each once"),
        ({"absorb": (("a", "b"), ("b", "a"))}, "each once"),
        ({"absorb": (("a", "a"),)}, "a combination has a column once"),
        ({"absorb": ("entity",)}, "each once"),
        ({"effects": ("time",), "trends": ("entity",)}, "needs the entity among the effects"),
    ],
)
def test_options_that_contradict_themselves(options, match):
    with pytest.raises(ValueError, match=match):
        Feols(**options)


def test_columns_that_the_panel_must_carry():
    options = Feols(
        absorb=("industry", ("region", "time")), covariance=Clustered(("province", "entity"), "stata")
    )
    assert options.group_columns == ("industry", "region", "province")
    with pytest.raises(EstimationError, match="no column 'province'"):
        fit(options)


CASES = {
    "time": ({"effects": ("time",)}, [["time"]], False),
    "both": ({"effects": ("entity", "time")}, [["entity"], ["time"]], False),
    "column": ({"absorb": ("industry",)}, [["entity"], ["industry"]], False),
    "region by time": ({"absorb": (("region", "time"),)}, [["entity"], ["region", "time"]], False),
    "combination alone": ({"effects": (), "absorb": (("industry", "time"),)}, [["industry", "time"]], False),
    "trends and time": ({"effects": ("entity", "time"), "trends": ("entity",)}, [["entity"], ["time"]], True),
    "trends and region by time": (
        {"absorb": (("region", "time"),), "trends": ("entity",)},
        [["entity"], ["region", "time"]],
        True,
    ),
}
each_case = pytest.mark.parametrize(("options", "sets", "trends"), CASES.values(), ids=CASES)
each_weighing = pytest.mark.parametrize("weighted", [False, True], ids=["alike", "weighted"])
DUMMIES_PANEL = grouped_panel("dummies")


@each_case
@each_weighing
def test_slopes_errors_and_predictions_of_training_rows(options, sets, trends, weighted):
    regression = dummy_regression(DUMMIES_PANEL, sets, trends=trends, weighted=weighted)
    for covariance, kind in ((Classical(), "nonrobust"), (Robust(), "HC1")):
        expected = regression.fit(cov_type=kind)
        fit = Feols(**options, covariance=covariance, weighted=weighted).fit(DUMMIES_PANEL)
        table = fit.coefficients()
        np.testing.assert_allclose(table.estimate, expected.params[:K], rtol=1e-9)
        np.testing.assert_allclose(table.std_error, expected.bse[:K], rtol=1e-9)
        assert table.correction.df_resid == expected.df_resid
        assert table.correction.n_effects == DUMMIES_PANEL.n_obs - K - expected.df_resid
    np.testing.assert_allclose(fit.predict(DUMMIES_PANEL), expected.fittedvalues, atol=1e-9)
    assert fit.n_unseen(DUMMIES_PANEL) == 0


def test_many_overlapping_effects_are_counted_from_above():
    """Regions by period hold the periods; the count is no less than the rank, and the fit says so."""
    sets = [["entity"], ["time"], ["industry"]]
    expected = dummy_regression(DUMMIES_PANEL, sets).fit()
    fit = Feols(effects=("entity", "time"), absorb=("industry",), covariance=Classical()).fit(DUMMIES_PANEL)
    table = fit.coefficients()
    np.testing.assert_allclose(table.estimate, expected.params[:K], rtol=1e-9)
    assert table.correction.df_resid <= expected.df_resid
    assert [note.code for note in fit.notes] == ["W-EFFECTS"]


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
    ours = Feols(effects=effects, absorb=absorb, weighted=weighted).fit(PANEL)
    theirs = FixedEffects(effects, absorb=absorb, weighted=weighted).fit(PANEL)
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
    fit = options.fit(train)
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
    fit = Feols(trends=("entity",)).fit(train)
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
    fit = Feols(effects=("entity", "time"), trends=("entity",)).fit(train)
    np.testing.assert_allclose(fit.predict(later), later.observed, atol=1e-8)
    assert fit.n_unseen(later) == later.n_obs


N, K = DUMMIES_PANEL.n_obs, len(DUMMIES_PANEL.columns)


def table(effects, covariance, panel=DUMMIES_PANEL, **options):
    return Feols(effects=effects, covariance=covariance, **options).fit(panel).coefficients()


def raw(by: str):
    """Errors of the regression on dummies clustered by a key, without any factor."""
    kwds = {"groups": levels(DUMMIES_PANEL, [by]), "use_correction": False}
    fit = dummy_regression(DUMMIES_PANEL, [["entity"], ["time"]]).fit(cov_type="cluster", cov_kwds=kwds)
    return fit.bse[:K]


@pytest.mark.parametrize(
    ("by", "counted"),
    [
        ("entity", K + (DUMMIES_PANEL.n_periods - 1) + 1),
        ("region", K + (DUMMIES_PANEL.n_periods - 1) + 1),
        ("time", K + (DUMMIES_PANEL.n_entities - 1) + 1),
    ],
)
def test_fixest_counts_effects_that_are_not_within_clusters(by, counted):
    """Effects within clusters count as one, their constant; the others as the levels that are left."""
    n_clusters = {"entity": DUMMIES_PANEL.n_entities, "region": 3, "time": DUMMIES_PANEL.n_periods}[by]
    factor = n_clusters / (n_clusters - 1) * (N - 1) / (N - counted)
    found = table(("entity", "time"), Clustered((by,), "stata"))
    assert found.correction.factor == pytest.approx(factor, rel=1e-12)
    np.testing.assert_allclose(found.std_error, np.sqrt(factor) * raw(by), rtol=1e-9)


def test_two_kinds_of_clusters_take_the_smaller_number():
    """Three sandwiches, those of both kinds less that of their pairs, times one factor."""
    regression = dummy_regression(DUMMIES_PANEL, [["entity"], ["time"]])
    pairs = DUMMIES_PANEL.entity.codes * DUMMIES_PANEL.n_periods + DUMMIES_PANEL.time.codes
    parts = []
    for groups in (DUMMIES_PANEL.entity.codes, DUMMIES_PANEL.time.codes, pairs):
        kwds = {"groups": groups, "use_correction": False}
        parts.append(regression.fit(cov_type="cluster", cov_kwds=kwds).cov_params()[:K, :K])
    smallest = min(DUMMIES_PANEL.n_entities, DUMMIES_PANEL.n_periods)
    factor = smallest / (smallest - 1) * (N - 1) / (N - K - 1)
    found = table(("entity", "time"), Clustered(("entity", "time"), "stata"))
    np.testing.assert_allclose(found.covariance, factor * (parts[0] + parts[1] - parts[2]), rtol=1e-8)
    assert found.correction.df_resid == smallest - 1


def test_singletons_change_factors_and_no_slope():
    alone = np.concatenate(
        [np.flatnonzero(DUMMIES_PANEL.entity.codes > 0), np.flatnonzero(DUMMIES_PANEL.entity.codes == 0)[:1]]
    )
    panel = DUMMIES_PANEL.take(alone)
    fits = {
        singletons: Feols(effects=("entity",), covariance=Robust(), singletons=singletons).fit(panel)
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
    codes = levels(DUMMIES_PANEL, [by])
    sets = [[name] for name in effects]

    def slopes(panel):
        return dummy_regression(panel, sets, trends=bool(trends)).fit().params[:K]

    changes = [
        slopes(_repacked(DUMMIES_PANEL.take(np.flatnonzero(codes != at)))) - slopes(DUMMIES_PANEL)
        for at in np.unique(codes)
    ]
    n_clusters = len(changes)
    expected = (n_clusters - 1) / n_clusters * sum(np.outer(change, change) for change in changes)
    found = table(effects, CRV3(by), absorb=absorb, trends=trends)
    np.testing.assert_allclose(found.covariance, expected, rtol=1e-7)
    assert found.correction.df_resid == n_clusters - 1


def _repacked(panel):
    return replace(panel, entity=panel.entity.without_absent(), time=panel.time.without_absent())


def test_jackknife_where_one_cluster_tells_a_slope():
    column = np.where(DUMMIES_PANEL.entity.codes == 0, DUMMIES_PANEL.column("x1"), 0.0)
    panel = DUMMIES_PANEL.with_column("x1", column)
    with pytest.raises(EstimationError, match=r"CRV3 is undefined: without entity 0, .*'x1'"):
        table(("entity",), CRV3(), panel)
