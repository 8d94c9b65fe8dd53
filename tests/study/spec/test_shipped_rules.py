"""Every shipped spec says what each of its columns must hold, and its data hold it."""

from __future__ import annotations

import pytest

from command import ROOT
from harness.installed import installed
from harness.running.options import RunOptions
from harness.running.prepare import prepare
from harness.study.spec.load import load_study

SPECS = sorted((ROOT / "specs").glob("*.yaml"))
WITH_DATA = [path for path in SPECS if not path.name.startswith("country_")]


def test_every_column_has_a_rule_with_a_type():
    for path in SPECS:
        study = load_study(path, catalogs=installed().catalogs).study
        keys = (study.roles.entity, study.roles.time)
        inputs = [name for step in study.data.steps for name in (*step.inputs, step.into)]
        groups = [name for entry in study.scenarios for name in entry.scenario.columns]
        used = {*keys, *study.roles.variables, *inputs, *groups}
        assert used - {name for name, rule in study.data.schema.items() if rule.type} == set(), path


@pytest.mark.parametrize("path", WITH_DATA, ids=lambda path: path.stem)
def test_the_data_keep_the_rules(path):
    prepared = prepare(RunOptions(spec=path), installed())
    assert prepared.panels.n_obs > 0
    assert prepared.plan.study.data.checks
