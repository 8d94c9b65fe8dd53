"""What a battery says, and when it does not pass."""

from __future__ import annotations

import json

import pytest

from broken.fits import ChangesWeights
from broken.sound import Sound
from harness import PluginError
from harness.conformance import checks_of
from harness.conformance.checks import Report, Row, run_checks
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
