"""What each protocol puts on the two sides of a fold."""

from __future__ import annotations

import numpy as np
import pytest

from harness import EstimationError
from harness.evaluation.protocol import (
    AsPublished,
    EntitiesAndTime,
    Forward,
    HeldOutEntities,
    InSample,
    RandomRows,
)
from harness.plugin import random_stream
from harness.shipped import harness_protocols
from panels import panel_from_arrays

PROTOCOLS = {protocol.name: protocol for protocol in harness_protocols()}


def make_panel(n_entities=10, n_periods=8):
    rng = np.random.default_rng(1)
    entity = np.repeat(np.arange(n_entities), n_periods)
    period = np.tile(np.arange(2000, 2000 + n_periods), n_entities)
    return panel_from_arrays(
        entity=entity, period=period, outcome=rng.normal(size=entity.size), X=rng.normal(size=entity.size)
    )


def split(protocol, panel):
    return protocol.split(panel, rng=random_stream(7, "folds"))


@pytest.mark.parametrize("name", ["as_published", "random_rows", "held_out_entities", "forward"])
def test_sides_are_disjoint_and_together_the_panel(name):
    panel = make_panel()
    for fold in split(PROTOCOLS[name](), panel):
        assert np.intersect1d(fold.train, fold.test).size == 0
        assert np.array_equal(np.sort(np.concatenate([fold.train, fold.test])), np.arange(panel.n_obs))


def test_in_sample_compares_on_the_training_rows():
    (fold,) = split(InSample(), make_panel())
    assert np.array_equal(fold.train, np.arange(80))
    assert np.array_equal(fold.test, fold.train)
    assert np.array_equal(fold.selection, fold.train)


def test_as_published_selects_on_its_test_rows():
    folds = split(AsPublished(test_share=0.1, repeats=4), make_panel())
    assert len(folds) == 4
    for fold in folds:
        assert fold.test.size == 8
        assert np.array_equal(fold.selection, fold.test)
    assert not np.array_equal(folds[0].test, folds[1].test)


def test_held_out_entities_tests_every_entity_once_and_never_trains_on_it():
    panel = make_panel()
    tested = []
    for fold in split(HeldOutEntities(folds=5), panel):
        train, test = panel.entity.codes[fold.train], panel.entity.codes[fold.test]
        assert np.intersect1d(train, test).size == 0
        assert fold.selection is None
        assert fold.split_unit == "entity"
        tested += np.unique(test).tolist()
    assert sorted(tested) == list(range(10))


def test_forward_trains_on_the_past_alone():
    panel = make_panel()
    (fold,) = split(Forward(test_share=0.25), panel)
    assert panel.period[fold.train].max() == 2005
    assert np.unique(panel.period[fold.test]).tolist() == [2006, 2007]
    assert fold.split_unit == "time"


def test_an_expanding_window_trains_on_all_that_came_before():
    panel = make_panel()
    folds = split(Forward(test_share=0.4, windows=5), panel)
    assert [np.unique(panel.period[fold.test]).tolist() for fold in folds] == [[2005], [2006], [2007]]
    assert [panel.period[fold.train].max() for fold in folds] == [2004, 2005, 2006]


def test_random_rows_splits_as_published_does_and_selects_inside():
    published, honest = (split(protocol, make_panel()) for protocol in (AsPublished(), RandomRows()))
    assert AsPublished.stream == RandomRows.stream
    for own, other in zip(published, honest, strict=True):
        assert np.array_equal(own.test, other.test)
        assert other.selection is None
        assert other.split_unit == "row"


def test_entities_and_time_shares_neither_entity_nor_period():
    panel = make_panel()
    folds = split(EntitiesAndTime(folds=5, test_share=0.25), panel)
    for fold in folds:
        for codes in (panel.entity.codes, panel.period):
            assert np.intersect1d(codes[fold.train], codes[fold.test]).size == 0
    tested = np.sort(np.concatenate([fold.test for fold in folds]))
    assert np.array_equal(tested, np.flatnonzero(panel.period >= 2006))


@pytest.mark.parametrize("name", sorted(PROTOCOLS))
def test_what_a_protocol_says_it_leaks_is_what_its_folds_share(name):
    panel, protocol = make_panel(), PROTOCOLS[name]()
    shared = set()
    for fold in split(protocol, panel):
        codes = {"same_entity": panel.entity.codes, "same_period": panel.period}
        shared |= {
            leak for leak, code in codes.items() if np.intersect1d(code[fold.train], code[fold.test]).size
        }
        if np.array_equal(fold.train, fold.test):
            shared = {"training_rows"}
        elif panel.period[fold.train].max() > panel.period[fold.test].min() and "same_entity" in shared:
            shared.add("later_periods")
        if fold.selection is not None and name != "in_sample":
            shared |= {"test_selection"} if np.intersect1d(fold.selection, fold.test).size else set()
    assert shared == {leak.code for leak in protocol.leaks} - {"prepared_on_all_rows"}


@pytest.mark.parametrize(
    ("protocol", "panel", "found"),
    [
        (AsPublished(test_share=0.1), make_panel(1, 3), "10% of 3 rows gives 0"),
        (HeldOutEntities(folds=5), make_panel(4), "4 entities are too few for 5 groups"),
        (Forward(), make_panel(5, 1), "the panel has 1 period(s), of which 1 would be held out"),
    ],
    ids=["as_published", "held_out_entities", "forward"],
)
def test_a_panel_that_is_too_small_is_refused_with_its_numbers(protocol, panel, found):
    with pytest.raises(EstimationError) as error:
        split(protocol, panel)
    assert found in error.value.what
    assert error.value.hint
