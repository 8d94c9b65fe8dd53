"""Estimators within estimators: which columns they group by, and whether they absorb entities."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from harness import Panel
from harness.estimators.protocol import ESTIMATOR, absorbs_entities, grouped_by
from harness.installed import installed
from harness.plugin import Estimator, NeedsGroups


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
