"""The elastic net beside scikit-learn used directly, closed forms and known truths."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
from sklearn import linear_model
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from harness import EstimationError, Problem
from harness.plugin import inner_split, random_stream, stream_at
from harness_panel import EntityMean, PooledOLS
from harness_sklearn import Boosting, ElasticNet, Splines, Tuned
from panels import panel_from_arrays


def make_panel(n_entities=60, n_periods=5, noise=0.5, seed=0, n_columns=3):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_entities * n_periods, n_columns)) * 3.0 + 10.0
    z = (X - 10.0) / 3.0
    return panel_from_arrays(
        entity=np.repeat(np.arange(n_entities), n_periods),
        period=np.tile(np.arange(n_periods), n_entities),
        outcome=z[:, 0] + 0.7 * z[:, 0] * z[:, 1] + noise * rng.normal(size=len(X)),
        X=X,
    )


def with_columns(panel, *, derived=(), **columns):
    """The panel with controls put behind its own columns."""
    return replace(
        panel,
        controls=(*panel.controls, *columns),
        X=np.column_stack([panel.X, *columns.values()]),
        derived=derived,
    )


def direct(panel, *, penalty, l1_ratio):
    """Polynomial features of standardised columns, standardised again, in scikit-learn's words."""
    outcome = StandardScaler().fit(panel.observed[:, None])
    net = linear_model.ElasticNet(alpha=penalty, l1_ratio=l1_ratio, tol=1e-12, max_iter=100_000)
    model = make_pipeline(StandardScaler(), PolynomialFeatures(2, include_bias=False), StandardScaler(), net)
    model.fit(panel.X, outcome.transform(panel.observed[:, None])[:, 0])
    return lambda other: outcome.inverse_transform(model.predict(other.X)[:, None])[:, 0]


def test_the_fit_is_that_of_scikit_learn_with_the_chosen_penalty():
    train, selection = make_panel(seed=1), make_panel(seed=2)
    fit = ElasticNet().fit(train, rng=random_stream(0), selection=selection)
    expected = direct(train, penalty=fit.penalty, l1_ratio=fit.l1_ratio)
    assert fit.predict(selection) == pytest.approx(expected(selection), abs=1e-6)


def test_every_candidate_has_the_error_of_scikit_learn_and_the_least_is_kept():
    train, selection = make_panel(seed=1, noise=2.0), make_panel(seed=2, noise=2.0)
    fit = ElasticNet(l1_ratios=(0.3, 1.0), n_penalties=8).fit(
        train, rng=random_stream(0), selection=selection
    )
    table = fit.details()["search"]
    candidates = list(zip(table["penalty"], table["l1_ratio"], strict=True))
    errors = [
        np.mean((direct(train, penalty=penalty, l1_ratio=ratio)(selection) - selection.observed) ** 2)
        for penalty, ratio in candidates
    ]
    assert len(candidates) == 16
    assert table["selection_nmse"] == pytest.approx(np.array(errors) / train.observed.var(), abs=1e-6)
    assert (fit.penalty, fit.l1_ratio) == candidates[int(np.argmin(errors))]


def test_one_column_of_two_values_is_shrunk_as_the_closed_form_says():
    x = np.tile([-1.0, 1.0], 100)
    noise = random_stream(4).normal(size=200)
    panel = panel_from_arrays(
        entity=np.repeat(np.arange(50), 4), period=np.tile(np.arange(4), 50), outcome=0.4 * x + noise, X=x
    )
    fit = ElasticNet(l1_ratios=(0.5,)).fit(panel, rng=random_stream(0), selection=panel)
    correlation = np.corrcoef(x, panel.observed)[0, 1]
    table = fit.details()["search"]
    penalties = np.array(table["penalty"])
    shrunk = np.maximum(correlation - 0.5 * penalties, 0.0) / (1.0 + 0.5 * penalties)
    assert fit.terms.names == ("x0",)
    assert table["selection_nmse"] == pytest.approx(1.0 - 2.0 * correlation * shrunk + shrunk**2, abs=1e-6)
    assert fit.slopes == pytest.approx([shrunk[-1]], abs=1e-6)


def test_a_product_is_found_and_noise_is_left_out():
    panel = make_panel(n_entities=400, n_columns=6, noise=0.3, seed=5)
    fit = ElasticNet(l1_ratios=(1.0,)).fit(panel, rng=random_stream(0))
    terms = dict(zip(*fit.details()["terms"].values(), strict=True))
    deviation = panel.observed.std()
    assert terms["x0"] == pytest.approx(1.0 / deviation, abs=0.05)
    assert terms["x0*x1"] == pytest.approx(0.7 / deviation, abs=0.05)
    assert max(abs(terms[name]) for name in terms.keys() - {"x0", "x0*x1"}) < 0.03
    assert sum(value == 0.0 for value in terms.values()) > len(terms) / 3


@dataclass(frozen=True)
class Power:
    """A product of columns, each as often as it is named."""

    into: str
    inputs: tuple[str, ...]
    power: int = 1

    def compute(self, columns):
        return np.prod([columns[name] ** self.power for name in self.inputs], axis=0)


COPIES = {"square": Power("copy", ("x0",), power=2), "product": Power("copy", ("x2", "x1"))}


@pytest.mark.parametrize("step", COPIES.values(), ids=COPIES.keys())
def test_a_derived_product_counts_once_and_is_noted(step):
    panel = make_panel(seed=6)
    values = step.compute({name: panel.column(name) for name in panel.columns})
    fit = ElasticNet().fit(with_columns(panel, copy=values, derived=(step,)), rng=random_stream(0))
    alone = ElasticNet().fit(panel, rng=random_stream(0))
    assert fit.terms.names == alone.terms.names
    np.testing.assert_array_equal(fit.slopes, alone.slopes)
    assert [(note.code, note.where) for note in fit.notes] == [("W-DUP", "copy")]


def test_the_square_of_a_left_out_square_stays():
    panel = make_panel(seed=6)
    square, fourth = panel.column("x0") ** 2, panel.column("x0") ** 4
    steps = (Power("square", ("x0",), power=2), Power("fourth", ("square",), power=2))
    fit = ElasticNet().fit(
        with_columns(panel, square=square, fourth=fourth, derived=steps), rng=random_stream(0)
    )
    assert "fourth" in fit.terms.names
    assert "square" not in fit.terms.names


def test_an_exposure_stays_though_it_is_a_square():
    panel = make_panel(seed=6)
    step = Power("x0", ("x1",), power=2)
    squared = replace(panel.with_column("x0", panel.column("x1") ** 2), derived=(step,))
    fit = ElasticNet().fit(squared, rng=random_stream(0))
    assert "x0" in fit.terms.names
    assert fit.notes == ()


def test_a_fit_that_stops_short_is_noted_and_warns_nobody():
    panel = make_panel(seed=8)
    alike = with_columns(panel, x9=panel.column("x0") + 0.01 * random_stream(9).normal(size=panel.n_obs))
    short, long = (ElasticNet(max_rounds=most).fit(alike, rng=random_stream(0)) for most in (1, 100_000))
    (note,) = short.notes
    assert note.code == "W-CONVERGENCE"
    assert "after 1 rounds" in note.message
    assert long.notes == ()


def test_too_many_terms_are_refused_with_their_number():
    panel = make_panel(n_columns=90)
    with pytest.raises(EstimationError, match=r"90 columns .* make 4185 terms"):
        ElasticNet().fit(panel, rng=random_stream(0))


WAVY = Splines(knots=12, penalties=(1e-8,))
LINE = Splines(penalties=(1e6,))


def tuning_panel(*, curved, n_entities=60, n_periods=5, seed=0):
    rng = np.random.default_rng(seed)
    size = n_entities * n_periods
    x = rng.uniform(-2, 2, size=size)
    return panel_from_arrays(
        entity=np.repeat(np.arange(n_entities), n_periods),
        period=np.tile(np.arange(n_periods), n_entities),
        outcome=(np.sin(3 * x) if curved else x) + 0.5 * rng.normal(size=size),
        X=x[:, None],
    )


def chosen(fit):
    return fit.details()["search"]["chosen"].index(True)


@dataclass(frozen=True)
class Refuses:
    """An estimator that needs more rows than it gets."""

    name: ClassVar[str] = "refuses_for_tests"
    provides: ClassVar[frozenset[type]] = frozenset()
    needs: int = 1000

    def fit(self, panel, *, rng, selection=None):
        if panel.n_obs < self.needs:
            raise EstimationError(Problem("refuses", f"{panel.n_obs} rows", hint="more"))
        return PooledOLS().fit(panel, rng=rng)


def test_the_choice_is_that_of_a_loop_and_the_best_is_fitted_on_all_rows():
    panel, candidates = tuning_panel(curved=True), (PooledOLS(), Boosting(min_leaf=5), WAVY)
    rng = random_stream(3, "t")
    fit = Tuned(candidates).fit(panel, rng=random_stream(3, "t"))
    ordered = panel.take(panel.canonical_order)
    split = inner_split(ordered, share=0.2, rng=stream_at(rng, 0))
    train, aside = ordered.take(split.train), ordered.take(split.selection)
    errors = []
    for at, one in enumerate(candidates):
        predicted = one.fit(train, rng=stream_at(rng, at + 1), selection=aside).predict(aside)
        errors.append(np.mean((aside.observed - predicted) ** 2) / aside.observed.var())
    assert fit.details()["search"]["selection_nmse"] == pytest.approx(errors, rel=1e-12)
    best = candidates[int(np.argmin(errors))]
    whole = best.fit(ordered, rng=random_stream(3, "t"))
    assert fit.predict(panel) == pytest.approx(whole.predict(panel), rel=1e-12)


def test_rows_of_the_protocol_are_selected_on_and_none_are_set_aside():
    panel, selection = tuning_panel(curved=True), tuning_panel(curved=True, seed=5)
    fit = Tuned((LINE, WAVY)).fit(panel, rng=random_stream(0), selection=selection)
    expected = WAVY.fit(panel, rng=random_stream(9), selection=selection)
    assert fit.predict(panel) == pytest.approx(expected.predict(panel), rel=1e-9)


def test_entities_are_set_aside_whole_and_periods_from_the_end():
    panel = tuning_panel(curved=True)
    by_time = replace(panel, split_unit="time")
    # An entity's mean predicts later periods of it, and of a new entity no more than the mean of all.
    level = np.random.default_rng(1).normal(scale=5.0, size=60)[panel.entity.codes]
    tuned = Tuned((PooledOLS(), EntityMean()))
    assert chosen(tuned.fit(replace(by_time, observed=panel.observed + level), rng=random_stream(0))) == 1
    fit = tuned.fit(replace(panel, observed=level + 4.0 * panel.X[:, 0]), rng=random_stream(0))
    assert chosen(fit) == 0


def test_a_candidate_that_refuses_is_passed_over_and_has_no_error():
    table = Tuned((Refuses(), LINE)).fit(tuning_panel(curved=False), rng=random_stream(0)).details()["search"]
    assert np.isnan(table["selection_nmse"]).tolist() == [True, False]
    assert table["chosen"] == [False, True]


def test_where_all_refuse_what_is_left_the_first_is_fitted_and_a_note_says_so():
    panel = tuning_panel(curved=False)
    fit = Tuned((Refuses(300), Refuses(400))).fit(panel, rng=random_stream(0))
    assert [note.code for note in fit.notes] == ["W-UNTUNED"]
    assert fit.predict(panel) == pytest.approx(PooledOLS().fit(panel, rng=random_stream(0)).predict(panel))
    with pytest.raises(EstimationError, match="300 rows"):
        Tuned((Refuses(), Refuses())).fit(panel, rng=random_stream(0))


def test_options_of_candidates_are_told_by_what_is_unlike_the_first():
    tuned = Tuned((Boosting(), Boosting(max_leaves=4, min_leaf=5), WAVY))
    fit = tuned.fit(tuning_panel(curved=True), rng=random_stream(0))
    assert fit.details()["search"]["options"] == ["boosting", "max_leaves=4, min_leaf=5", "splines"]
