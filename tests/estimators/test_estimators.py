"""Absorbed effects, treatments, estimators within estimators, what fits return, and wild bootstraps."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from effect_panels import staggered_panel
from harness import EstimationError, Panel, PluginError, Problem
from harness.estimators.guard import attempt, predict, predict_any
from harness.estimators.protocol import ESTIMATOR, absorbs_entities, grouped_by
from harness.estimators.treatment import LONG_AGO, Treatment
from harness.installed import installed
from harness.plugin import (
    AbsorbedEffects,
    ClusteredRegression,
    Combination,
    Estimator,
    GroupColumn,
    Grouping,
    Key,
    NeedsGroups,
    WildClusters,
    count_unseen,
    inner_split,
    key_of,
    random_stream,
    wild_cluster_inference,
    with_omitted_levels,
)
from harness.scenarios.draws import LoopedDraws
from harness.scenarios.effect.scenario import EffectScenario
from panels import balanced_panel, panel_from_arrays

ENTITY = AbsorbedEffects("entity", ("2", "1"), np.array([[10.0, -1.0], [20.0, -2.0]]))
TIME = AbsorbedEffects("time", ("1",), np.array([[0.5], [0.25]]))


@pytest.fixture
def panel():
    """Entities 1, 2 and 3 with two periods each, in two industries."""
    panel = panel_from_arrays(
        entity=[1, 1, 2, 2, 3, 3], period=[1, 2] * 3, outcome=np.zeros(6), X=np.arange(6.0)
    )
    return replace(panel, groups=(Key("entity", ("coal", "steel"), np.array([0, 0, 1, 1, 1, 1])),))


def test_rows_get_the_effect_of_their_level_and_zero_where_it_has_none(panel):
    assert ENTITY.of_rows(panel).tolist() == [[-1, -1, 10, 10, 0, 0], [-2, -2, 20, 20, 0, 0]]


def test_the_mean_is_that_over_the_rows(panel):
    for effects in (ENTITY, TIME):
        np.testing.assert_allclose(effects.mean(panel), effects.of_rows(panel).mean(axis=1), rtol=1e-15)


def test_rows_without_some_effect_are_counted_once(panel):
    assert ENTITY.unseen(panel).tolist() == [4, 5]
    assert TIME.unseen(panel).tolist() == [1, 3, 5]
    assert count_unseen((ENTITY, TIME), panel) == 4
    assert count_unseen((), panel) == 0


def test_a_column_is_no_key_of_its_name(panel):
    assert key_of(panel, "entity").labels == ("1", "2", "3")
    assert key_of(panel, GroupColumn("entity")).labels == ("coal", "steel")
    with pytest.raises(EstimationError, match="no column 'region' to group rows by"):
        key_of(panel, GroupColumn("region"))


def test_combinations_have_the_levels_that_rows_have(panel):
    key = key_of(panel, Combination((GroupColumn("entity"), "time")))
    assert key.labels == ("coal^1", "coal^2", "steel^1", "steel^2")
    assert key.codes.tolist() == [0, 1, 2, 3, 2, 3]
    effects = AbsorbedEffects(Combination(("time", "entity")), ("1^2", "2^1"), np.array([[3.0, 7.0]]))
    assert effects.of_rows(panel).tolist() == [[0, 7, 3, 0, 0, 0]]


def test_combinations_are_told_apart_whatever_their_labels(panel):
    first = Key("first", ("a", "a^b", "a\\"), np.array([0, 1, 2, 2, 2, 2]))
    second = Key("second", ("b^c", "c", "^c"), np.array([0, 1, 1, 2, 2, 2]))
    panel = replace(panel, groups=(first, second))
    key = key_of(panel, Combination((GroupColumn("first"), GroupColumn("second"))))
    assert len(set(key.labels)) == len(key.labels) == 4
    assert key.codes.tolist() == [0, 1, 2, 3, 3, 3]


def by_dummies(keys, left_out, residuals, row_weights):
    """Least squares of least size on the dummies of levels left out, (n_levels,) a key."""
    dummies = [own[:, None] == np.arange(is_out.size) for own, is_out in zip(keys, left_out, strict=True)]
    whole = np.hstack([own * is_out for own, is_out in zip(dummies, left_out, strict=True)])
    roots = np.sqrt(row_weights)
    solution = np.linalg.lstsq(roots[:, None] * whole, roots * residuals, rcond=None)[0]
    return np.split(solution, [left_out[0].size])


@pytest.mark.parametrize("unit", ["entities", "entities and periods"])
def test_levels_left_out_are_those_of_least_squares_on_their_dummies(unit):
    rng = np.random.default_rng(3)
    entity, period = (axis.ravel() for axis in np.indices((12, 6)))
    kept = rng.random(72) < 0.8
    codes = [entity[kept], period[kept]]
    weights = rng.integers(0, 3, size=(5, 12))[:, codes[0]] * 1.0
    if unit == "entities and periods":
        weights *= rng.integers(0, 2, size=(5, 6))[:, codes[1]]
    row_weights = np.where(rng.random(kept.sum()) < 0.9, rng.uniform(0.5, 2.0, size=kept.sum()), 0.0)
    residuals = rng.normal(size=weights.shape)
    rows = panel_from_arrays(entity=codes[0], period=codes[1], outcome=residuals[0], X=residuals[1])
    own = [rng.normal(size=(5, 12)), rng.normal(size=(5, 6))]
    effects = [
        AbsorbedEffects("entity", tuple(map(str, range(12))), own[0]),
        AbsorbedEffects("time", tuple(map(str, range(6))), own[1]),
    ]
    found = with_omitted_levels(effects, rows, residuals, weights=weights, row_weights=row_weights)
    for draw in range(5):
        left_out = [
            np.bincount(level, weights=weights[draw], minlength=n) == 0
            for level, n in zip(codes, (12, 6), strict=True)
        ]
        assert left_out[0].any()
        solved = by_dummies(codes, left_out, residuals[draw], row_weights)
        for levels, is_out, values, before in zip(found, left_out, solved, own, strict=True):
            expected = np.where(is_out, values, before[draw])
            np.testing.assert_allclose(levels.deviations[draw], expected, atol=1e-10)


def test_a_level_without_a_row_that_counts_has_no_effect():
    rows = panel_from_arrays(entity=[1, 2, 2], period=[1, 1, 2], outcome=np.zeros(3), X=np.arange(3.0))
    levels = AbsorbedEffects("entity", ("1", "2"), np.array([[1.0, 7.0]]))
    (found,) = with_omitted_levels(
        [levels],
        rows,
        np.array([[5.0, 5.0, 5.0]]),
        weights=np.array([[1.0, 0.0, 0.0]]),
        row_weights=np.array([1.0, 0.0, 0.0]),
    )
    np.testing.assert_array_equal(found.deviations, [[1.0, 0.0]])


def drawn(**options):
    return staggered_panel(random_stream(1), per_cohort=5, n_never=5, **options)[0]


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        (lambda panel: panel.X[:, 0] * 2.0, "values other than 0 and 1"),
        (lambda panel: (panel.period == 4).astype(float) * (panel.entity.codes < 3), "0 returns from 1 to 0"),
        (lambda panel: (panel.entity.codes < 3).astype(float), "both before and after its start"),
    ],
    ids=["no binary", "switched off again", "never starts"],
)
def test_other_exposures_are_no_treatments(column, reason):
    panel = drawn()
    with pytest.raises(EstimationError, match=reason):
        Treatment.of(panel.with_column("zone", column(panel)))


def test_what_was_never_seen_without_treatment_counts_as_long_ago():
    entity, period = (axis.ravel() for axis in np.indices((3, 6)))
    treated = (period >= np.array([0, 3, 9])[entity]).astype(float)
    panel = panel_from_arrays(entity=entity, period=period, outcome=period, X=treated, columns=("zone",))
    treatment = Treatment.of(panel)
    assert (treatment.since[:6] == LONG_AGO).all()
    assert treatment.since[6:12].tolist() == [-3, -2, -1, 0, 1, 2]
    assert treatment.n_starts == 1


def test_debiased_effects_of_a_treatment_in_stages_are_warned_of():
    assert "W-STAGGERED" in {note.code for note in EffectScenario().notes(drawn())}
    assert "W-STAGGERED" not in {note.code for note in EffectScenario().notes(drawn(sizes={4: 1.0}))}


@dataclass(frozen=True)
class MeanFit:
    def predict(self, panel: Panel):
        return np.zeros(panel.n_obs)


@dataclass(frozen=True)
class Plain:
    name: ClassVar[str] = "plain"
    provides: ClassVar[frozenset[type]] = frozenset()

    columns: tuple[str, ...] = ("not", "groups")

    def fit(self, panel: Panel, *, rng, selection=None):
        return MeanFit()


@dataclass(frozen=True)
class ByGroup(Plain):
    provides: ClassVar[frozenset[type]] = frozenset({NeedsGroups})

    by: tuple[str, ...] = ()

    @property
    def group_columns(self) -> tuple[str, ...]:
        return self.by


@dataclass(frozen=True)
class Around(Plain):
    base: Estimator = Plain()
    others: tuple[Estimator, ...] = ()


@pytest.mark.parametrize(
    ("estimator", "expected"),
    [
        (Plain(), ()),
        (ByGroup(by=("a", "b")), ("a", "b")),
        (Around(base=ByGroup(by=("a",))), ("a",)),
        (Around(base=Around(base=ByGroup(by=("a",)))), ("a",)),
        (Around(base=ByGroup(by=("a", "b")), others=(ByGroup(by=("b", "c")), Plain())), ("a", "b", "c")),
    ],
    ids=["none", "own", "nested", "nested twice", "several"],
)
def test_columns_are_found_at_any_depth_each_once(estimator, expected):
    assert grouped_by(estimator) == expected


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("pooled_ols", {}, False),
        ("boosting", {}, False),
        ("mlp", {}, False),
        ("mlp", {"effects": ("time",)}, False),
        ("mlp", {"effects": ("entity", "time")}, True),
        ("fixed_effects", {"effects": ("entity",)}, True),
        ("first_difference", {}, True),
        ("mundlak", {}, True),
        ("random_effects", {}, True),
    ],
)
def test_options_or_nature_say_it(name, options, expected):
    kinds = installed().of(ESTIMATOR)
    own = kinds[name](**options)
    assert absorbs_entities(own) is expected
    if name == "mlp":
        assert absorbs_entities(kinds["rab"](base=own)) is expected


PANEL = panel_from_arrays(entity=[1, 1], period=[1, 2], outcome=[1.0, 3.0], X=[0.0, 1.0])


def raising(error):
    def call():
        raise error

    return call


def test_what_a_call_returns_is_kept():
    tried = attempt(lambda: 3)
    assert (tried.value, tried.status, tried.reason) == (3, "ok", "")


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (
            EstimationError(Problem("rows", "2 are too few", hint="add rows")),
            "refused",
            "rows: 2 are too few; add rows",
        ),
        (PluginError(Problem("Fit", "returned nothing")), "failed", "Fit: returned nothing"),
        (ValueError("boom"), "failed", "ValueError: boom"),
        (SystemExit(0), "failed", "SystemExit: 0"),
    ],
    ids=["refusal", "contract", "error", "exit"],
)
def test_what_a_call_raises_is_a_status_with_its_reason(error, status, reason):
    tried = attempt(raising(error))
    assert (tried.value, tried.status, tried.reason) == (None, status, reason)


def test_an_interruption_is_not_taken_for_a_fault():
    with pytest.raises(KeyboardInterrupt):
        attempt(raising(KeyboardInterrupt()))


class Says:
    """A fit that predicts what it was given."""

    def __init__(self, predicted):
        self.predicted = predicted

    def predict(self, panel):
        return self.predicted


@pytest.mark.parametrize(
    ("predicted", "what"),
    [
        (None, "type object"),
        (np.zeros((2, 1)), "shape (2, 1)"),
        (np.zeros(3), "shape (3,)"),
        (np.array(["1", "2"]), "type <U1"),
        (np.zeros(2, complex), "type complex128"),
        (np.array([1.0, np.nan]), "non-finite"),
        (np.array([1.0, -1e200]), "predictions as large as 1e+200"),
    ],
    ids=["nothing", "column", "too long", "texts", "complex", "nan", "huge"],
)
def test_predictions_that_are_none_are_refused(predicted, what):
    with pytest.raises(PluginError) as error:
        predict(Says(predicted), PANEL)
    assert what in error.value.what


def test_predictions_in_another_precision_are_taken():
    values = predict(Says(np.array([1.5, 2.5], dtype=np.float32)), PANEL)
    assert values.dtype == np.float64
    assert values.tolist() == [1.5, 2.5]


class Refills:
    """A fit that gives out one array, filled anew at each prediction."""

    def predict(self, panel):
        BUFFER[:] = panel.X[:, 0]
        return BUFFER


BUFFER = np.empty(PANEL.n_obs)
OTHER = PANEL.with_column(PANEL.exposure, 5.0)


@pytest.mark.parametrize(
    "ask", [predict, predict_any, lambda fit, panel: LoopedDraws([fit]).predict(panel)[0]]
)
def test_what_a_fit_returns_stays_when_it_fills_its_array_anew(ask):
    first, second = ask(Refills(), PANEL), ask(Refills(), OTHER)
    assert (first.tolist(), second.tolist()) == ([0.0, 1.0], [5.0, 5.0])


def make_panel(split_unit, n_entities=10, n_periods=5):
    nothing = np.zeros(n_entities * n_periods)
    return balanced_panel((n_entities, n_periods), outcome=nothing, X=nothing, split_unit=split_unit)


@pytest.mark.parametrize("unit", ["row", "entity", "time"])
def test_sides_are_disjoint_and_together_the_panel(unit):
    panel = make_panel(unit)
    parts = inner_split(panel, share=0.2, rng=random_stream(0, "s"))
    assert np.array_equal(np.sort(np.concatenate([parts.train, parts.selection])), np.arange(50))
    assert parts.selection.size == 10


def test_entities_are_not_cut():
    panel = make_panel("entity")
    parts = inner_split(panel, share=0.2, rng=random_stream(0, "s"))
    assert not np.intersect1d(panel.entity.codes[parts.train], panel.entity.codes[parts.selection]).size


def test_the_last_periods_select():
    panel = make_panel("time")
    parts = inner_split(panel, share=0.4, rng=random_stream(0, "s"))
    assert np.unique(panel.period[parts.selection]).tolist() == [3, 4]


def test_one_entity_cannot_be_split():
    with pytest.raises(EstimationError, match="with 1 entity for training"):
        inner_split(make_panel("entity", n_entities=1), share=0.2, rng=random_stream(0, "s"))


CODES = np.repeat(np.arange(7), [3, 8, 5, 4, 9, 6, 5])[random_stream(7).permutation(40)]


def test_webb_weights_have_six_points_mean_zero_and_variance_one():
    weights = WildClusters(draws=20_000, weights="webb").of(8, rng=random_stream(67))
    points, counts = np.unique(weights, return_counts=True)
    np.testing.assert_allclose(points**2, [1.5, 1.0, 0.5, 0.5, 1.0, 1.5], rtol=1e-12)
    np.testing.assert_allclose(counts / weights.size, 1 / 6, atol=0.01)


def test_few_clusters_have_all_sign_changes_once():
    draws = WildClusters(draws=128)
    assert draws.number(7) == 128
    assert len({tuple(draw) for draw in draws.of(7, rng=random_stream(0)).tolist()}) == 128
    assert draws.number(8) == 128
    assert not draws.is_enumerated(8)


def test_errors_of_zero_are_refused():
    X = np.eye(7)[CODES][:, :2]
    basis, estimate = np.linalg.qr(X)[0], np.array([1.0, 2.0])
    perfect = ClusteredRegression(basis, np.eye(2), estimate, np.zeros(40), Grouping.of(CODES))
    with pytest.raises(EstimationError, match="not all zero"):
        wild_cluster_inference(perfect, WildClusters(), factor=1.0, rng=random_stream(0))


def test_fewer_draws_than_99_are_refused():
    with pytest.raises(ValueError, match="draws: at least 99; found 98"):
        WildClusters(draws=98)
