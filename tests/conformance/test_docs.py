"""The page on the battery has the numbers of the battery, and its code runs."""

from __future__ import annotations

import re

from command import ROOT
from harness.conformance.case import TIGHT
from harness.conformance.draws import N_COVERED, N_PANELS
from harness.conformance.panels import ordinary_panel

PAGE = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")


def test_the_numbers_in_the_text_are_those_of_the_code():
    panel = ordinary_panel()
    assert f"{panel.n_obs} rows of {panel.n_entities} entities" in PAGE
    assert (TIGHT, N_COVERED, N_PANELS) == (1e-6, 5, 8)


def test_the_code_runs():
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.S)
    names = {}
    exec(compile(code, "conformance.md", "exec"), names)  # noqa: S102 - the page's own example
    (mark,) = names["test_conformance"].pytestmark
    for check in mark.args[1][:5]:
        names["test_conformance"](check)
