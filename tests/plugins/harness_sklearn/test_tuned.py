"""The best of several estimators by rows set aside, on panels with a known truth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from harness import EstimationError, Problem
from harness.plugin import inner_split, random_stream, stream_at
from harness_panel import EntityMean, PooledOLS
from harness_sklearn import Boosting, Splines, Tuned
from panels import panel_from_arrays

WAVY = Splines(knots=12, penalties=(1e-8,))
LINE = Splines(penalties=(1e6,))


def make_panel(*, curved, n_entities=60, n_periods=5, seed=0):
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
    panel, candidates = make_panel(curved=True), (PooledOLS(), Boosting(min_leaf=5), WAVY)
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
    panel, selection = make_panel(curved=True), make_panel(curved=True, seed=5)
    fit = Tuned((LINE, WAVY)).fit(panel, rng=random_stream(0), selection=selection)
    expected = WAVY.fit(panel, rng=random_stream(9), selection=selection)
    assert fit.predict(panel) == pytest.approx(expected.predict(panel), rel=1e-9)


def test_entities_are_set_aside_whole_and_periods_from_the_end():
    panel = make_panel(curved=True)
    by_time = replace(panel, split_unit="time")
    # An entity's mean predicts later periods of it, and of a new entity no more than the mean of all.
    level = np.random.default_rng(1).normal(scale=5.0, size=60)[panel.entity.codes]
    tuned = Tuned((PooledOLS(), EntityMean()))
    assert chosen(tuned.fit(replace(by_time, observed=panel.observed + level), rng=random_stream(0))) == 1
    fit = tuned.fit(replace(panel, observed=level + 4.0 * panel.X[:, 0]), rng=random_stream(0))
    assert chosen(fit) == 0


def test_a_candidate_that_refuses_is_passed_over_and_has_no_error():
    table = Tuned((Refuses(), LINE)).fit(make_panel(curved=False), rng=random_stream(0)).details()["search"]
    assert np.isnan(table["selection_nmse"]).tolist() == [True, False]
    assert table["chosen"] == [False, True]


def test_where_all_refuse_what_is_left_the_first_is_fitted_and_a_note_says_so():
    panel = make_panel(curved=False)
    fit = Tuned((Refuses(300), Refuses(400))).fit(panel, rng=random_stream(0))
    assert [note.code for note in fit.notes] == ["W-UNTUNED"]
    assert fit.predict(panel) == pytest.approx(PooledOLS().fit(panel, rng=random_stream(0)).predict(panel))
    with pytest.raises(EstimationError, match="300 rows"):
        Tuned((Refuses(), Refuses())).fit(panel, rng=random_stream(0))


def test_options_of_candidates_are_told_by_what_is_unlike_the_first():
    tuned = Tuned((Boosting(), Boosting(max_leaves=4, min_leaf=5), WAVY))
    fit = tuned.fit(make_panel(curved=True), rng=random_stream(0))
    assert fit.details()["search"]["options"] == ["boosting", "max_leaves=4, min_leaf=5", "splines"]
