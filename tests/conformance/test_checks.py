"""What a battery says, and when it does not pass."""

import json
import re
import unittest

import pytest

from broken import FAULTS
from broken.fits import ChangesWeights
from broken.sound import Random, Sound, SoundDraws
from command import ROOT, harness
from harness import PluginError
from harness.conformance import checks_of
from harness.conformance.checks import Report, Row, run_checks
from harness.conformance.panels import RULES, StandIn
from harness.registry.plugin import Plugin

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


def test_the_text_counts_and_gives_reasons():
    rows = (
        row("one", "passed"),
        row("one", "skipped", check="draws", reason="CanFitDraws is not declared"),
        row("one", "skipped", check="heavy_rows", reason="CanFitDraws is not declared"),
        row("two", "failed", reason="refuses the ordinary panel"),
    )
    assert list(Report(PLUGIN, rows).lines()) == [
        "estimator one: 1 of 3 passed",
        "  skipped  draws, heavy_rows: CanFitDraws is not declared",
        "estimator two: 0 of 1 passed",
        "  failed   fits (an ordinary panel is fitted): refuses the ordinary panel",
        "my_plugin, 4 checks: 1 passed, 1 failed, 2 skipped",
    ]


def test_the_json_holds_every_check_with_its_reason():
    report = run_checks(PLUGIN, checks_of(ChangesWeights()))
    content = json.loads(report.as_json())
    assert content["report_version"] == 1
    assert (content["plugin"], content["distribution"], content["version"]) == (
        "my_plugin",
        "my-plugin",
        "0.3.0",
    )
    assert content["passed"] is False
    assert sum(content["counts"].values()) == len(content["checks"])
    assert content["counts"]["failed"] == 1
    (failure,) = [one for one in content["checks"] if one["status"] == "failed"]
    assert (failure["check"], failure["reason"]) == ("inputs_unchanged", "fit_draws changed the weights")
    for one in content["checks"]:
        assert set(one) == {"kind", "member", "check", "says", "status", "reason", "seconds"}
        assert one["reason"] or one["status"] == "passed"


def test_a_plugin_of_this_repository_passes():
    words = ("--set", "rab.draws=5", "--set", "rab.base={use: pooled_ols}")
    done = harness("test-plugin", "harness-rab", *words)
    assert done.returncode == 0, done.stderr
    last = done.stdout.splitlines()[-1]
    assert last.startswith("harness_rab, 44 checks: ")
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
