"""Rows on which a learner selects, taken from those that it is trained on."""

import numpy as np
import pytest

from harness import EstimationError
from harness.plugin import inner_split, random_stream
from panels import balanced_panel


def make_panel(split_unit, n_entities=10, n_periods=5):
    nothing = np.zeros(n_entities * n_periods)
    return balanced_panel((n_entities, n_periods), outcome=nothing, X=nothing, split_unit=split_unit)


@pytest.mark.parametrize("unit", ["row", "entity", "time", "entity_and_time"])
def test_sides_are_disjoint_and_together_the_panel(unit):
    panel = make_panel(unit)
    parts = inner_split(panel, share=0.2, rng=random_stream(0, "s"))
    assert np.array_equal(np.sort(np.concatenate([parts.train, parts.selection])), np.arange(50))
    assert parts.selection.size == 10


@pytest.mark.parametrize("unit", ["entity", "entity_and_time"])
def test_entities_are_not_cut(unit):
    panel = make_panel(unit)
    parts = inner_split(panel, share=0.2, rng=random_stream(0, "s"))
    assert not np.intersect1d(panel.entity.codes[parts.train], panel.entity.codes[parts.selection]).size


def test_the_last_periods_select():
    panel = make_panel("time")
    parts = inner_split(panel, share=0.4, rng=random_stream(0, "s"))
    assert np.unique(panel.period[parts.selection]).tolist() == [3, 4]


def test_one_entity_cannot_be_split():
    with pytest.raises(EstimationError, match="with 1 entity for training"):
        inner_split(make_panel("entity", n_entities=1), share=0.2, rng=random_stream(0, "s"))
