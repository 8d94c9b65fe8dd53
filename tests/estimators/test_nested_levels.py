"""Which estimators take out a level of each entity."""

from __future__ import annotations

import pytest

from harness.estimators.nested import takes_levels_out
from harness.estimators.protocol import ESTIMATOR
from harness.installed import installed


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
    assert takes_levels_out(own) is expected
    if name == "mlp":
        assert takes_levels_out(kinds["rab"](base=own)) is expected
