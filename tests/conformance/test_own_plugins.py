"""The estimators of this repository keep the contract and find known truths."""

from __future__ import annotations

import pytest

from harness.conformance import checks_for
from harness.estimators.protocol import ESTIMATOR
from harness.installed import installed

# Options with which fits take little time; those they replace are checked among the slow tests.
SMALL = {
    "mlp": {"restarts": 1, "sizes_around": 0, "max_steps": 100},
    "som_ann": {"restarts": 1, "hidden": 2, "max_steps": 50, "clusters": 2, "map_starts": 2},
    "random_forest": {"trees": 10},
    "boosting": {"max_rounds": 40},
    "threshold_effects": {"grid": 40, "bootstraps": 19},
}

# Estimators whose many fits take long.
DEAR = ("elastic_net", *SMALL)

OWN = [
    pytest.param(plugin.name, name, id=name)
    for plugin in installed().plugins
    if plugin.distribution == "panel-harness"
    for name in plugin.names(ESTIMATOR)
]


def violations(plugin, name, *, options, is_slow=(False, True)):
    checks = checks_for(plugin, only=[name], options={name: options} if options else {})
    found = {check.rule.name: check.verdict() for check in checks if check.rule.is_slow in is_slow}
    assert any(verdict.status == "passed" for verdict in found.values())
    return {rule: verdict.reason for rule, verdict in found.items() if verdict.status == "failed"}


@pytest.mark.parametrize(("plugin", "name"), OWN)
def test_contract(plugin, name):
    is_slow = (False,) if name in DEAR else (False, True)
    assert violations(plugin, name, options=SMALL.get(name), is_slow=is_slow) == {}


@pytest.mark.slow
@pytest.mark.parametrize(("plugin", "name"), [own for own in OWN if own.values[1] in DEAR])
def test_known_truths_of_dear_estimators(plugin, name):
    assert violations(plugin, name, options=SMALL.get(name), is_slow=(True,)) == {}


@pytest.mark.slow
@pytest.mark.parametrize(("plugin", "name"), [own for own in OWN if own.values[1] in SMALL])
def test_contract_with_default_options(plugin, name):
    assert violations(plugin, name, options=None) == {}
