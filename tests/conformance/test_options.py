"""Estimators to check: with their defaults, with options from the command line, and with stand-ins."""

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

import numpy as np
import pytest
from pydantic import Field

from broken.sound import OnlyPredicts, Sound
from harness import PluginError, SpecError
from harness.conformance import checks_for, checks_of
from harness.conformance.case import build, read_options
from harness.conformance.checks import find_plugin
from harness.conformance.panels import StandIn
from harness.estimators.protocol import ESTIMATOR
from harness.plugin import Estimator, NestedEstimator
from harness.registry.catalog import Catalog
from harness.registry.plugin import Plugin
from harness.registry.registry import Registry


@dataclass(frozen=True)
class Wraps:
    """An estimator around another, and with a number that has no default."""

    name: ClassVar[str] = "wraps"
    provides: ClassVar[frozenset[type]] = frozenset()

    base: NestedEstimator
    size: Annotated[int, Field(ge=1)]
    spare: NestedEstimator = field(default_factory=StandIn)

    def fit(self, panel, *, rng, selection=None):
        return self.base.fit(panel, rng=rng)


GOOD = Plugin("good_plugin", "good", "1.0", offers={"estimators": ("wraps",)})
REGISTRY = Registry(
    plugins=(
        GOOD,
        Plugin("bad_plugin", "bad", "1.0", broken="ModuleNotFoundError: no module"),
        Plugin("data_plugin", "data", "1.0", offers={"datasets": ("prices",)}),
        Plugin("off_plugin", "off", "1.0", off=True),
    ),
    catalogs={ESTIMATOR.name: Catalog(ESTIMATOR, {"wraps": Wraps})},
)


def test_a_nested_estimator_without_a_default_is_stood_in_for():
    assert build(REGISTRY, "wraps", {"size": 2}) == Wraps(base=StandIn(), size=2)


@dataclass(frozen=True)
class WrapsSeveral:
    """An estimator around a list of others."""

    name: ClassVar[str] = "wraps_several"
    provides: ClassVar[frozenset[type]] = frozenset()

    several: Annotated[tuple[NestedEstimator, ...], Field(min_length=2)]

    def fit(self, panel, *, rng, selection=None):
        return self.several[0].fit(panel, rng=rng)


def test_a_list_of_estimators_without_a_default_is_stood_in_for():
    registry = Registry(
        plugins=REGISTRY.plugins,
        catalogs={ESTIMATOR.name: Catalog(ESTIMATOR, {"wraps_several": WrapsSeveral})},
    )
    assert build(registry, "wraps_several", {}) == WrapsSeveral((StandIn(), StandIn()))


def test_given_options_come_before_stand_ins():
    built: Estimator = build(
        REGISTRY, "wraps", {"size": 2, "base": {"use": "wraps", "size": 3, "base": StandIn.name}}
    )
    assert built == Wraps(base=Wraps(StandIn(), 3), size=2)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, ["estimator wraps: size", "--set wraps.size=VALUE"]),
        ({"size": 0}, ["wraps: size", "greater than or equal to 1"]),
        ({"size": "two"}, ["wraps: size", "integer"]),
        (
            {"size": 1, "sizes": 2},
            ["wraps: unknown option 'sizes'", "expected: base, size, spare", "mean 'size'?"],
        ),
        ({"size": 1, "base": "no_such"}, ["wraps: base", "unknown estimator 'no_such'"]),
    ],
    ids=["missing", "too small", "text", "unknown option", "unknown estimator"],
)
def test_options_that_cannot_be_are_refused_with_their_place(given, words):
    with pytest.raises(SpecError) as refused:
        build(REGISTRY, "wraps", given)
    for word in words:
        assert word in str(refused.value)


def test_options_are_read_as_yaml():
    texts = ["wraps.size=2", "wraps.base.use=wraps", "wraps.base.size=7", "other.names=[a, b]"]
    expected = {"wraps": {"size": 2, "base": {"use": "wraps", "size": 7}}, "other": {"names": ["a", "b"]}}
    assert read_options(texts) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [("size 2", "key=value"), ("wraps=2", "NAME.OPTION=VALUE"), ("wraps.size=!!int 2", "tag")],
)
def test_texts_of_another_form_are_refused(text, words):
    with pytest.raises(SpecError, match=words):
        read_options([text])


@pytest.mark.parametrize("name", ["good_plugin", "good-plugin", "Good.Plugin"])
def test_a_plugin_is_found_however_its_name_is_spelt(name):
    assert find_plugin(REGISTRY, name) == GOOD


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("good_plugim", "did you mean 'good_plugin'"),
        ("nothing_like_it", "pip install"),
        ("bad_plugin", "ModuleNotFoundError: no module"),
        ("off_plugin", "switched off"),
    ],
)
def test_a_plugin_without_estimators_to_check_is_an_error(name, words):
    with pytest.raises(PluginError, match=words):
        find_plugin(REGISTRY, name)


def test_an_estimator_that_the_plugin_does_not_offer_is_an_error():
    with pytest.raises(PluginError, match=r"(?s)offers no 'mlpp'.*did you mean 'mlp'"):
        checks_for("harness_neural", only=["mlpp"])
    with pytest.raises(PluginError, match="offers no 'rab'"):
        checks_for("harness_neural", options={"rab": {"draws": 3}})


ROUNDED = ("outcome_units", "column_units", "row_order")


@dataclass(frozen=True)
class HalfFit:
    """Predictions of eleven bits."""

    inner: OnlyPredicts

    def predict(self, panel):
        return self.inner.predict(panel).astype(np.float16).astype(np.float64)


@dataclass(frozen=True)
class Half(Sound):
    """Computes in half precision."""

    def fit(self, panel, *, rng, selection=None):
        return HalfFit(super().fit(panel, rng=rng))


@dataclass(frozen=True)
class ToldHalf(Half):
    """Says so: eleven bits of an outcome of three to four standard deviations from zero."""

    roundoff: ClassVar[float] = 0.005


def failed(estimator):
    checks = [check for check in checks_of(estimator) if check.rule.name in ROUNDED]
    return [check.rule.name for check in checks if check.verdict().status == "failed"]


def test_rounding_above_what_is_declared_fails():
    assert "outcome_units" in failed(Half())
    assert failed(ToldHalf()) == []


@pytest.mark.parametrize("rounding", [1, 0.5, -0.001, "float32"])
def test_a_rounding_that_excuses_everything_is_refused(rounding):
    with pytest.raises(PluginError, match="`roundoff` that is no number from 0 to"):
        ESTIMATOR.name_of(type("Vague", (Half,), {"roundoff": rounding}))
