"""What a battery says, and when it does not pass."""

from __future__ import annotations

import json

import pytest

from broken.handling import ChangesWeights
from broken.sound import Sound
from harness import PluginError
from harness.conformance import checks_of
from harness.conformance.checks import run_checks
from harness.conformance.report import Report, Row
from harness.registry.plugin import Plugin

PLUGIN = Plugin("my_plugin", "my-plugin", "0.3.0", {"estimators": ("one", "two")})


def row(estimator, status, *, check="fits", reason=""):
    return Row("estimator", estimator, check, "an ordinary panel is fitted", status, reason, 0.1)


def problems(*rows):
    with pytest.raises(PluginError) as refused:
        Report(PLUGIN, rows).raise_if_not_passed()
    return str(refused.value)


def test_a_battery_that_passed_and_skipped_passes():
    Report(PLUGIN, (row("one", "passed"), row("one", "skipped", check="draws"))).raise_if_not_passed()


def test_a_failure_is_named_with_its_estimator():
    found = problems(
        row("one", "passed"), row("two", "failed", reason="refuses"), row("two", "passed", check="b")
    )
    assert found == "two: breaks the contract in 1 of its checks: fits"


def test_a_battery_in_which_all_was_skipped_does_not_pass():
    """Also where another estimator of the plugin passed."""
    found = problems(row("one", "passed"), row("two", "skipped"), row("two", "skipped", check="draws"))
    assert found.startswith("two: every check was skipped")


def test_a_battery_without_checks_does_not_pass():
    assert "no check was run" in problems()


def test_the_text_counts_and_gives_reasons():
    rows = (
        row("one", "passed"),
        row("one", "skipped", check="draws", reason="CanFitDraws is not declared"),
        row("one", "skipped", check="heavy_rows", reason="CanFitDraws is not declared"),
        row("two", "failed", reason="refuses the ordinary panel"),
    )
    assert list(Report(PLUGIN, rows).lines()) == [
        "one: 1 of 3 passed",
        "  skipped  draws, heavy_rows: CanFitDraws is not declared",
        "two: 0 of 1 passed",
        "  failed   fits (an ordinary panel is fitted): refuses the ordinary panel",
        "my_plugin, 4 checks: 1 passed, 1 failed, 2 skipped",
    ]


def test_the_json_holds_every_check_with_its_reason():
    report = run_checks(PLUGIN, [*checks_of(Sound()), *checks_of(ChangesWeights())])
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
