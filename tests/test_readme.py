"""The README says what the package does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.installed import installed
from harness.study.spec.load import load_study

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_spec_in_the_readme_is_valid(tmp_path):
    (spec,) = blocks("yaml")
    (tmp_path / "my_study.yaml").write_text(spec, encoding="utf-8")
    study = load_study(tmp_path / "my_study.yaml", catalogs=installed().catalogs).study
    assert [entry.id for entry in study.estimators] == ["ols", "fe", "ann", "rab"]


def test_the_finding_on_the_first_screen_is_what_its_spec_expects():
    """The numbers of the spec are those of a run; the environment `replicate` runs it."""
    study = load_study(ROOT / "specs/recognised.yaml", catalogs=installed().catalogs).study
    expected = {(one.where["protocol"], one.column): one.value for one in study.expect}
    said = re.findall(r"(−?\d+) % \[(−?\d+), (−?\d+)\]", README)
    assert len(said) == 2
    for protocol, numbers in zip(("random_rows", "held_out_entities"), said, strict=True):
        for column, number in zip(("gain", "conf_low", "conf_high"), numbers, strict=True):
            shown = float(number.replace("−", "-"))
            assert abs(shown - 100 * expected[protocol, column]) <= 0.51


CHINESE = (ROOT / "README.zh.md").read_text(encoding="utf-8")
FIGURES = (ROOT / "docs/figure_by_figure.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("text", "ours"), [(README, "here,"), (CHINESE, "本次运行")], ids=["en", "zh"])
def test_gains_are_those_of_the_full_run(text, ours):
    numbers = [
        [float(number.replace("−", "-")) for number in re.findall(r"(−?[\d.]+)%", line)]
        for line in re.findall(r"^\| CO2 [^|]+ \| test \|.*$", FIGURES, re.MULTILINE)
    ]
    rows = re.findall(rf"^\| {ours}.*?\|(.*)\|$", text, re.MULTILINE)
    said = [[int(cell.strip(" %").replace("−", "-")) for cell in row.split("|")] for row in rows]
    expected = list(zip(*numbers, strict=True))[:3]
    assert said == [[round(number) for number in row] for row in expected]


def test_every_estimator_named_is_there():
    catalogs = installed().catalogs
    named = set(re.findall(r"`(\w+)`", README.partition("## Estimators")[2].partition("## ")[0]))
    assert len(named) > 15
    assert named <= {*catalogs["estimator"].members, *catalogs["scenario"].members}


@pytest.mark.parametrize("text", [README, CHINESE], ids=["en", "zh"])
def test_every_linked_file_is_there(text):
    links = re.findall(r"\]\(([^)#]+)\)", text)
    assert links
    assert [link for link in links if not (ROOT / link).is_file()] == []
