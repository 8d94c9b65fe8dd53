"""Discovery of plugins, the broken ones included."""

from __future__ import annotations

import sys
import types
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import ClassVar

import pytest

from harness import NestedEstimator, hookimpl
from harness.catalog import build_choice
from harness.estimators.registry import EstimatorCatalog, installed, read_registry
from harness.evaluation.protocols.catalog import ProtocolCatalog


@dataclass(frozen=True)
class Mean:
    """An estimator for the tests."""

    name: ClassVar[str] = "mean_for_tests"
    provides: ClassVar[frozenset[type]] = frozenset()
    trim: float = 0.0


@dataclass(frozen=True)
class Wrapped:
    """An estimator around another."""

    base: NestedEstimator
    name: ClassVar[str] = "wrapped_for_tests"
    provides: ClassVar[frozenset[type]] = frozenset()


def module(name, **hooks):
    made = types.ModuleType(name)
    for hook, function in hooks.items():
        setattr(made, hook, function)
    sys.modules[name] = made
    return EntryPoint(name=name, value=name, group="harness")


@hookimpl
def harness_estimators():
    """Offer the estimators of this test."""
    return [Mean, Wrapped]


@dataclass(frozen=True)
class OddEntities:
    """A protocol for the tests."""

    name: ClassVar[str] = "odd_entities"
    share: float = 0.5


@hookimpl
def harness_protocols():
    """Offer the protocols of this test."""
    return [OddEntities]


@hookimpl
def harness_estimatorz():
    """A misspelt hook."""
    return []


@pytest.fixture
def registry():
    points = (
        module("good_plugin", harness_estimators=harness_estimators, harness_protocols=harness_protocols),
        module("late_plugin", harness_estimators=harness_estimators),
        module("misspelt_plugin", harness_estimatorz=harness_estimatorz),
        EntryPoint(name="absent_plugin", value="no_such_module_anywhere", group="harness"),
    )
    yield read_registry(points)
    for name in ("good_plugin", "late_plugin", "misspelt_plugin"):
        del sys.modules[name]


def test_the_four_plugins_are_installed_and_whole():
    found = {plugin.name: plugin for plugin in installed().plugins}
    assert {"harness_panel", "harness_neural", "harness_rab", "harness_sklearn"} <= set(found)
    assert [plugin.broken for plugin in found.values()] == [""] * len(found)
    expected = {"pooled_ols", "fixed_effects", "mlp", "som_ann", "rab", "boosting"}
    assert expected <= set(installed().estimators)


def test_a_broken_plugin_is_listed_with_its_reason_and_breaks_nothing_else(registry):
    broken = {plugin.name: plugin.broken for plugin in registry.plugins}
    assert broken["good_plugin"] == ""
    assert "no_such_module_anywhere" in broken["absent_plugin"]
    assert "names that are taken: mean_for_tests" in broken["late_plugin"]
    assert "harness_estimatorz" in broken["misspelt_plugin"]
    assert set(registry.estimators) == {"mean_for_tests", "wrapped_for_tests"}


def test_a_plugin_offers_protocols(registry):
    assert set(registry.protocols) == {"odd_entities"}
    catalogs = {"protocol": ProtocolCatalog(registry.protocols)}
    assert build_choice(catalogs, "protocol", "odd_entities", {"share": 0.3}) == OddEntities(0.3)
    assert build_choice(catalogs, "protocol", "forward", {}).name == "forward"


def test_an_estimator_is_built_from_its_options_and_nests(registry):
    catalogs = {"estimator": EstimatorCatalog(registry)}
    options = {"base": {"use": "mean_for_tests", "trim": 0.25}}
    assert build_choice(catalogs, "estimator", "wrapped_for_tests", options) == Wrapped(Mean(0.25))


@pytest.mark.parametrize(
    ("options", "found"),
    [({"trim": "much"}, "valid number"), ({"trimm": 1.0}, "trimm"), ({"trim": True}, "valid number")],
    ids=["text", "unknown", "bool"],
)
def test_options_are_read_strictly(registry, options, found):
    with pytest.raises(ValueError, match=found):
        build_choice({"estimator": EstimatorCatalog(registry)}, "estimator", "mean_for_tests", options)
