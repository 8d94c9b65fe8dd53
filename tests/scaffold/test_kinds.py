"""A new plugin of any kind keeps what is asked of its kind."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from harness.cli import cli
from harness.commands.plugins import KIND_NAMES
from harness.conformance.checks import checks_among
from harness.estimators.protocol import ESTIMATOR
from harness.installed import KINDS, installed, registry_of
from harness.registry.sources import PluginChoice
from harness.scaffold.plugin import new_plugin

OTHERS = [kind for kind in KINDS if kind is not ESTIMATOR]


def test_the_command_makes_every_kind():
    assert list(KIND_NAMES) == sorted(KIND_NAMES, key=[kind.name for kind in KINDS].index)
    assert {kind.name for kind in KINDS} == set(KIND_NAMES)


@pytest.mark.parametrize("kind", OTHERS, ids=lambda kind: kind.name)
def test_a_plugin_of_a_kind_passes_its_battery(kind, tmp_path):
    folder = tmp_path / "made"
    names = new_plugin(f"harness-made-{kind.name}", out=folder, registry=installed(), kind=kind)
    registry = registry_of((), choice=PluginChoice(folder=folder))
    (own,) = [plugin for plugin in registry.plugins if plugin.name == names.package]
    assert own.offers == {kind.plural: (names.member,)}, own.broken
    checks = checks_among(registry, own)
    assert [check.verdict() for check in checks if check.verdict().status == "failed"] == []
    assert {check.verdict().status for check in checks} == {"passed"}


def test_the_command_says_what_to_do_next(tmp_path):
    words = ["new-plugin", "harness-made-here", "--kind", "metric", "--out", str(tmp_path / "made")]
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 0, done.output
    assert "harness test-plugin harness_made_here" in done.output
    assert "harness_metrics" in (tmp_path / "made/harness_made_here/__init__.py").read_text(encoding="utf-8")
