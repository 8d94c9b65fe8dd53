"""Steps on rows, against closed forms: functions of cells, and classes by thresholds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from harness.data.build import PanelBuilder
from harness.data.data_spec import DataSpec
from harness.data.prepare.row_steps import Classes, Emissions, Indicator, Log, Log1p, Ratio
from harness.data.prepare.step import LearnedStep, PanelStep, RowStep
from harness.data.read.source import Table
from harness.data.roles import Roles
from harness.errors import EstimationError

nan = np.nan
COLUMNS = {"a": np.array([1.0, 4.0, nan]), "b": np.array([2.0, 0.5, 3.0]), "c": np.array([10.0, 20.0, 30.0])}


@pytest.mark.parametrize(
    ("step", "expected", "detail"),
    [
        (Log("d", "a"), [0.0, 2 * np.log(2.0), nan], "log(a)"),
        (Indicator("d", "a", 4.0), [0.0, 1.0, nan], "1 where a = 4, else 0"),
        (Log1p("d", "a"), [np.log(2.0), np.log(5.0), nan], "log(1 + a)"),
        (Ratio("d", "a", "b", scale=100.0), [50.0, 800.0, nan], "a / b x 100"),
        (Emissions("d", {"b": 3.0, "a": 2.0}), [8.0, 9.5, nan], "2 x a + 3 x b"),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_what_a_row_step_computes(step, expected, detail):
    assert isinstance(step, RowStep)
    assert not isinstance(step, PanelStep | LearnedStep)
    assert not step.impossible(COLUMNS).any()
    np.testing.assert_allclose(step.compute(COLUMNS), expected, rtol=1e-15)
    assert step.detail == detail


@pytest.mark.parametrize(
    ("step", "columns", "impossible"),
    [
        (Log1p("d", "a"), {"a": np.array([0.0, -1.0, -2.0, nan])}, [False, True, True, False]),
        (
            Emissions("d", {"a": 1.0, "b": 1.0}),
            {"a": np.array([0.0, 1.0, -1.0]), "b": np.array([0.0, -1.0, nan])},
            [False, True, True],
        ),
    ],
    ids=["log1p", "emissions"],
)
def test_what_a_row_step_cannot_compute(step, columns, impossible):
    assert step.impossible(columns).tolist() == impossible
    with pytest.raises(EstimationError):
        step.compute(columns)


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
