"""The page on the battery says what the battery does."""

from __future__ import annotations

import re

from command import ROOT
from harness.conformance.case import SLACK, TIGHT
from harness.conformance.checks import RULES
from harness.conformance.draws import N_COVERED, N_PANELS, SHARE
from harness.conformance.panels import ordinary_panel

PAGE = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")


def test_every_rule_is_listed():
    every = [rule for rules in RULES.values() for rule in rules.values()]
    listed = re.findall(r"^\| `(\w+)` \| (.+) \|$", PAGE, flags=re.M)
    assert sorted(listed) == sorted((rule.name, rule.says) for rule in every)


def test_the_numbers_in_the_text_are_those_of_the_code():
    panel = ordinary_panel()
    assert f"{panel.n_obs} rows of {panel.n_entities} entities" in PAGE
    assert (TIGHT, SLACK, SHARE) == (1e-6, 2.0, 0.5)
    assert (N_COVERED, N_PANELS) == (5, 8)
    assert "at least five of\neight" in PAGE


def test_the_code_runs():
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.S)
    names = {}
    exec(compile(code, "conformance.md", "exec"), names)  # noqa: S102 - the page's own example
    (mark,) = names["test_conformance"].pytestmark
    for check in mark.args[1][:5]:
        names["test_conformance"](check)
