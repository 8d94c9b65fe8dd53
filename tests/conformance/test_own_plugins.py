"""The estimators of this repository keep the contract and find known truths."""

from __future__ import annotations

import pytest

from harness.conformance import checks_for

SMALL = {
    "harness_neural": {
        "mlp": {"restarts": 1, "sizes_around": 0, "max_steps": 100},
        "som_ann": {"restarts": 1, "hidden": 2, "max_steps": 50, "clusters": 2, "map_starts": 2},
    },
    "harness_sklearn": {"random_forest": {"trees": 10}, "boosting": {"max_rounds": 40}},
}
"""Options with which fits take little time; those they replace are checked among the slow tests."""

DEAR = ("elastic_net", "random_forest", "boosting", "mlp", "som_ann")
"""Estimators whose many fits take long."""


def cases(plugin):
    """Yield the checks of a plugin with small options; the dear ones are slow."""
    for check in checks_for(plugin, options=SMALL.get(plugin, {})):
        is_slow = check.law.is_slow and check.member in DEAR
        yield pytest.param(check, id=str(check), marks=pytest.mark.slow if is_slow else ())


@pytest.mark.parametrize(
    "check",
    [
        case
        for plugin in ("harness_panel", "harness_fixest", "harness_neural", "harness_rab", "harness_sklearn")
        for case in cases(plugin)
    ],
)
def test_contract(check):
    check.run()


@pytest.mark.slow
@pytest.mark.parametrize(
    "check",
    [check for plugin, options in SMALL.items() for check in checks_for(plugin, only=tuple(options))],
    ids=str,
)
def test_contract_with_default_options(check):
    check.run()
