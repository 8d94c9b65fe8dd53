"""Entries of suites: deep panel methods keep the rules of estimators, and know entities of training rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from joblib.externals.loky import get_reusable_executor
from ruamel.yaml import YAML

from harness.conformance.checks import checks_among
from harness.estimators.protocol import ESTIMATOR
from harness.installed import installed, registry_of
from harness.plugin import random_stream
from harness.registry.choice import PluginChoice
from harness.suite.spec import load_suite
from panels import panel_from_arrays

ENTRIES = Path(__file__).parents[2] / "suites" / "entries"
DEEP = ("entity_embedding", "pooled_and_own", "panelnnet")


@pytest.fixture(scope="module")
def registry():
    return registry_of((), choice=PluginChoice(folder=ENTRIES))


def test_every_entry_names_an_estimator_that_a_folder_of_plugins_brings(registry):
    examples = registry_of((), choice=PluginChoice(folder=ENTRIES.parents[1] / "examples"))
    known = {*registry.of(ESTIMATOR), *examples.of(ESTIMATOR), *installed().of(ESTIMATOR)}
    entries = [YAML(typ="safe").load(path) for path in sorted(ENTRIES.glob("*.yaml"))]
    assert len(entries) >= 5
    assert {one["use"] for one in entries} <= known
    assert {*DEEP} <= {one["use"] for one in entries}
    hundred = load_suite(ENTRIES.parent / "hundred_studies.yaml").suite
    defaults = {one["id"]: {**one, "id": None, "label": None} for one in hundred.estimators}
    tuned = [one for one in entries if one["use"] == "tuned"]
    assert {len(one["candidates"]) for one in tuned} == {8}
    for one in tuned:
        first = {"id": None, "label": None, **one["candidates"][0]}
        assert first == defaults[one["id"].removesuffix("_tuned")]


@pytest.mark.slow
def test_deep_panel_methods_keep_the_rules_of_estimators(registry):
    get_reusable_executor().shutdown(wait=True)  # workers of another test do not know the folder
    checks = checks_among(registry, registry.plugins[1])
    found = {str(check): check.verdict() for check in checks if not check.rule.is_slow}
    assert {name: one.reason for name, one in found.items() if one.status == "failed"} == {}
    assert sum(one.status == "passed" for one in found.values()) >= 3 * 20


@pytest.mark.slow
@pytest.mark.parametrize("name", DEEP)
def test_known_entities_have_their_levels_and_others_the_mean(registry, name):
    rng = np.random.default_rng(3)
    entity, time = (one.ravel() for one in np.meshgrid(np.arange(40), np.arange(15), indexing="ij"))
    levels, exposure = 3.0 * rng.normal(size=40), rng.normal(size=entity.size)
    outcome = levels[entity] + np.sin(2.0 * exposure) + 0.1 * rng.normal(size=entity.size)
    panel = panel_from_arrays(entity=entity, period=time, outcome=outcome, X=exposure)
    is_known, is_early = entity < 30, time < 12
    seen, late, new = map(np.flatnonzero, (is_known & is_early, is_known & ~is_early, ~is_known))
    fit = registry.of(ESTIMATOR)[name]().fit(panel.take(seen), rng=random_stream(1, "fit"))
    error = np.mean((panel.observed[late] - fit.predict(panel.take(late))) ** 2)
    assert error < 0.1 * panel.observed[late].var()
    predicted = fit.predict(panel.take(new))
    assert abs(predicted.mean() - panel.observed[seen].mean()) < 1.5
