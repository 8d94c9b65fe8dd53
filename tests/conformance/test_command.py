"""``harness test-plugin`` as a user runs it."""

from __future__ import annotations

import json

from command import harness


def test_a_plugin_of_this_repository_passes():
    done = harness("test-plugin", "harness-rab", "--set", "rab.draws=20")
    assert done.returncode == 0, done.stderr
    last = done.stdout.splitlines()[-1]
    assert last.startswith("harness_rab, 43 checks: ")
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
