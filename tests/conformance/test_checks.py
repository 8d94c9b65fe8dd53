"""What a battery says and when it does not pass; estimators with options and with stand-ins."""

import json
import re
import unittest
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

import numpy as np
import pytest
from pydantic import Field

from broken import FAULTS, OnlyPredicts, Random, Sound, SoundDraws
from command import ROOT, harness
from harness import PluginError, SpecError
from harness.conformance import checks_for, checks_of
from harness.conformance.case import build, read_options
from harness.conformance.checks import Report, Row, find_plugin
from harness.conformance.panels import RULES, StandIn
from harness.estimators.protocol import ESTIMATOR
from harness.plugin import Estimator, NestedEstimator
from harness.registry.catalog import Catalog
from harness.registry.plugin import Plugin
from harness.registry.registry import Registry

PLUGIN = Plugin("my_plugin", "my-plugin", "0.3.0", {"estimators": ("one", "two")})


def row(estimator, status, *, check="fits", reason=""):
    return Row("estimator", estimator, check, "an ordinary panel is fitted", status, reason, 0.1)


def test_a_battery_passes_where_nothing_failed_and_something_of_every_member_passed():
    """All skipped is no pass, also where another estimator of the plugin passed."""
    skipped = row("two", "skipped", check="draws")
    Report(PLUGIN, (row("two", "passed"), skipped)).raise_if_not_passed()
    for rows, words in (
        (
            (row("two", "failed"), row("two", "passed", check="b")),
            "^estimator two: breaks .* 1 of its checks: fits$",
        ),
        ((row("one", "passed"), row("two", "skipped"), skipped), "^estimator two: every check was skipped"),
        ((), "no check was run"),
    ):
        with pytest.raises(PluginError, match=words):
            Report(PLUGIN, rows).raise_if_not_passed()


def test_the_json_holds_every_check_with_its_reason():
    rows = (row("one", "passed"), row("two", "failed", check="draws", reason="one draw too many"))
    content = json.loads(Report(PLUGIN, rows).as_json())
    shown = {
        name: content[name] for name in ("report_version", "plugin", "distribution", "version", "passed")
    }
    assert shown == {
        "report_version": 1,
        "plugin": "my_plugin",
        "distribution": "my-plugin",
        "version": "0.3.0",
        "passed": False,
    }
    assert content["counts"] == {"passed": 1, "failed": 1, "skipped": 0}
    assert len(content["checks"]) == 2
    assert content["checks"][1] == {
        "kind": "estimator",
        "member": "two",
        "check": "draws",
        "says": "an ordinary panel is fitted",
        "status": "failed",
        "reason": "one draw too many",
        "seconds": 0.1,
    }


@pytest.mark.slow
def test_a_plugin_of_this_repository_passes():
    words = ("--set", "rab.draws=5", "--set", "rab.base={use: pooled_ols}")
    done = harness("test-plugin", "harness-rab", *words)
    assert done.returncode == 0, done.stderr
    last = done.stdout.splitlines()[-1]
    assert last.startswith("harness_rab, 45 checks: ")
    assert "0 failed" in last
    assert (
        "skipped  draws, unit_weights, zero_weights, heavy_rows: CanFitDraws is not declared" in done.stdout
    )


def test_the_json_is_all_that_is_on_standard_output():
    words = ("--only", "mean", "--only", "last_value", "--quick", "--json")
    content = json.loads(harness("test-plugin", "harness_panel", *words).stdout)
    assert content["passed"] is True
    assert {one["member"] for one in content["checks"]} == {"mean", "last_value"}
    assert "bands" not in {one["check"] for one in content["checks"]}


def test_a_plugin_that_breaks_the_contract_ends_with_an_error(tmp_path):
    """Predictions of shape (n_obs, 1)."""
    (tmp_path / "tests_of_shape.py").write_text(
        "from dataclasses import dataclass\n"
        "from typing import ClassVar\n"
        "from harness.plugin import hookimpl\n"
        "class Fit:\n"
        "    def predict(self, panel):\n"
        "        return panel.observed[:, None]\n"
        "@dataclass(frozen=True)\n"
        "class Wide:\n"
        "    name: ClassVar[str] = 'wide'\n"
        "    provides: ClassVar[frozenset] = frozenset()\n"
        "    def fit(self, panel, *, rng, selection=None):\n"
        "        return Fit()\n"
        "@hookimpl\n"
        "def harness_estimators():\n"
        "    return [Wide]\n",
        encoding="utf-8",
    )
    done = harness("--plugins-folder", tmp_path, "test-plugin", "tests_of_shape")
    assert done.returncode == 4
    assert "failed   predictions" in done.stdout
    assert "estimator wide: breaks the contract in 1 of its checks: predictions" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", ["example_reader", "example_section"])
def test_an_example_of_a_member_that_holds_a_function_without_a_name_passes(name):
    done = harness("--plugins-folder", ROOT / "examples", "test-plugin", name, "--quick")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_plugin_that_is_not_there_is_an_error():
    done = harness("test-plugin", "harness_rob")
    assert done.returncode == 4
    assert "did you mean 'harness_rab'" in done.stderr


PAGE = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")


def test_the_code_runs():
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.S)
    names = {}
    exec(compile(code, "conformance.md", "exec"), names)  # noqa: S102 - the page's own example
    (mark,) = names["test_conformance"].pytestmark
    for check in mark.args[1][:5]:
        names["test_conformance"](check)


EACH = [
    pytest.param(fault, rule, id=f"{rule}-{at}")
    for rule, faults in FAULTS.items()
    for at, fault in enumerate(faults)
]


def verdicts(estimator):
    return {check.rule.name: check.verdict() for check in checks_of(estimator)}


@pytest.mark.parametrize(("fault", "rule"), EACH)
def test_a_fault_is_found_by_the_one_check_for_it(fault, rule):
    failed = {name: one.reason for name, one in verdicts(fault()).items() if one.status == "failed"}
    assert set(failed) == {rule}, failed
    assert failed[rule]


def test_every_rule_is_shown_to_find_a_fault():
    assert set(FAULTS) == set(RULES["estimator"])


@pytest.mark.parametrize(
    "estimator", [Sound(), SoundDraws(), StandIn(), Random()], ids=lambda one: type(one).__name__
)
def test_nothing_is_found_where_nothing_is_wrong(estimator):
    found = verdicts(estimator)
    assert [name for name, one in found.items() if one.status == "failed"] == []
    assert sum(one.status == "passed" for one in found.values()) >= 24


def test_what_an_estimator_draws_is_allowed_for_where_it_matters():
    """A random half of the entities is another half under names in another order."""
    found = verdicts(Random())
    assert found["row_order"].reason == "equal up to rounding"
    assert "as are fits of other streams" in found["reordered"].reason


def test_a_rule_stands_after_those_it_needs_and_says_what_it_is():
    names = list(RULES["estimator"])
    for at, rule in enumerate(RULES["estimator"].values()):
        assert set(rule.needs) <= set(names[:at]), rule.name
        assert rule.says
        assert not rule.says.endswith(".")


def test_a_check_is_a_test_that_fails_or_is_skipped_with_a_reason():
    by_name = {check.rule.name: check for check in checks_of(FAULTS["predictions"][0]())}
    with pytest.raises(AssertionError, match=r"sound: predictions are finite.*shape \(222, 1\)"):
        by_name["predictions"].run()
    with pytest.raises(unittest.SkipTest, match="since predictions failed"):
        by_name["row_order"].run()
    by_name["fits"].run()
    assert str(by_name["fits"]) == "sound-fits"


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
