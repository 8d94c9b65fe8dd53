"""Estimators timed by pytest-benchmark, and the file that is kept."""

import json
import subprocess
import sys

import pytest

from harness import PluginError
from harness.conformance.case import Case
from harness.conformance.checks import find_plugin
from harness.conformance.panels import StandIn
from harness.conformance.timings import time_estimators, timed_cases
from harness.installed import installed


@pytest.mark.slow
def test_timings_are_kept_where_pytest_benchmark_compares_them(tmp_path):
    for _ in range(2):
        assert time_estimators({"mine": Case(StandIn())}, storage=tmp_path, name="mine") == 0
    files = sorted(tmp_path.rglob("*.json"))
    assert [path.name for path in files] == ["0001_mine.json", "0002_mine.json"]
    kept = json.loads(files[0].read_text(encoding="utf-8"))["benchmarks"]
    assert {one["name"] for one in kept} == {"test_fit[mine]", "test_predict[mine]", "test_draws[mine]"}
    assert all(one["stats"]["mean"] > 0.0 for one in kept)
    words = [sys.executable, "-m", "pytest_benchmark", "compare", *map(str, files)]
    compared = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert compared.count("test_fit[mine]") == 2


def test_estimators_of_a_plugin_are_timed_next_to_those_that_are_drafted():
    registry = installed()
    cases = timed_cases(registry, find_plugin(registry, "harness-fixest"))
    assert next(iter(cases)) == "feols"
    assert {"pooled_ols", "fixed_effects"} < cases.keys()
    chosen = timed_cases(registry, find_plugin(registry, "harness-neural"), only=["mlp"])
    assert "som_ann" not in list(chosen)[:1]
    with pytest.raises(PluginError, match="offers no estimator to time"):
        timed_cases(registry, find_plugin(registry, "harness-causal"))
