"""Rows sorted into classes by thresholds: as a step, as groups of a panel, and under a schema."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from harness.data.build import PanelBuilder
from harness.data.data_spec import DataSpec
from harness.data.prepare.row_steps import Classes
from harness.data.prepare.step import LearnedStep, PanelStep, RowStep
from harness.data.read.source import Table
from harness.data.roles import Roles

SIZES = Classes("size", "people", (100.0, 500.0), ("small", "large", "mega"))
ROLES = Roles(entity="city", time="year", outcomes=("y",), exposure="x")


def builder(people, *, schema=None, groups=("size",)):
    n = len(people)
    frame = pd.DataFrame(
        {
            "city": [f"c{at}" for at in range(n)],
            "year": 2000,
            "y": np.arange(n) * 1.0,
            "x": np.arange(n) ** 2.0,
            "people": people,
        }
    )
    spec = DataSpec(prepare=(SIZES,), schema=schema or {})
    return PanelBuilder.build(Table(frame, "cities.csv", "", "", ""), spec, ROLES, groups=groups)


def test_a_class_begins_at_its_threshold():
    assert isinstance(SIZES, RowStep)
    assert not isinstance(SIZES, PanelStep | LearnedStep)
    columns = {"people": np.array([-1.0, 99.999, 100.0, 499.9, 500.0, 1e9, np.nan])}
    assert not SIZES.impossible(columns).any()
    np.testing.assert_array_equal(SIZES.compute(columns), [0, 0, 1, 1, 2, 2, np.nan])
    assert SIZES.detail == "people: small below 100, large from 100, mega from 500"


def test_groups_of_a_panel_are_the_classes_in_their_order():
    built = builder([700.0, 50.0, 100.0, 20.0])
    group = built.panel("y").group("size")
    assert group.labels == ("small", "large", "mega")
    assert [group.labels[code] for code in group.codes] == ["mega", "small", "large", "small"]
    assert built.steps_table()["detail"].tolist() == [SIZES.detail]


@pytest.mark.parametrize(
    ("at", "labels", "told"),
    [
        ((500.0, 100.0), ("a", "b", "c"), "thresholds increase"),
        ((100.0,), ("a", "b", "c"), "1 thresholds make 2 classes"),
        ((100.0,), ("a", "a"), "a label of its own"),
    ],
)
def test_thresholds_and_labels_must_fit(at, labels, told):
    with pytest.raises(ValueError, match=told):
        Classes("size", "people", at, labels)
