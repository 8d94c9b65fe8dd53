"""The page that goes through the published study says what its run says."""

from __future__ import annotations

import re
from itertools import takewhile

import pandas as pd
import pytest

from command import ROOT
from harness.installed import installed
from harness.report.render.text import plain_markdown
from harness.report.sections.claims.published import published_text
from harness.study.expectations.claims_table import claims_table
from harness.study.expectations.moderated_claim import SOURCES
from harness.study.spec.load import load_study
from harness.tables.claims import ClaimRow
from harness.tables.table import read_rows

SPEC = ROOT / "specs" / "digital_carbon.yaml"
PAGE = (ROOT / "docs" / "figure_by_figure.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "docs" / "zh" / "figure_by_figure.md").read_text(encoding="utf-8")
HEAD = ("what", "outcome", "printed", "as published, here", "as it should be, here")
# Share of its size by which a network's number may move between machines, and of the greatest in its row.
NEAR = 0.05

NUMBER = re.compile(r"[−-]?\d[\d,]*(?:\.\d+)?(?:e[−-]?\d+)?")


def tables(text):
    """Yield heading, header and rows of every table."""
    for part in text.split("\n## ")[1:]:
        heading, *lines = part.splitlines()
        lines = iter(lines)
        for line in lines:
            if line.startswith("| "):
                rows = [line, *takewhile(lambda one: one.startswith("| "), lines)]
                head, _, *cells = [[cell.strip() for cell in row.strip("| ").split(" | ")] for row in rows]
                yield heading, tuple(head), cells


def told(text):
    """Return what a text says beside its numbers, and these."""
    plain = text.replace("\u2212", "-").replace(",", "")
    return NUMBER.sub("0", plain), [float(number) for number in NUMBER.findall(plain)]


def test_what_the_page_says_is_printed_is_what_the_spec_claims():
    study = load_study(SPEC, catalogs=installed().catalogs).study
    frame = claims_table(study, {name: pd.DataFrame() for name in SOURCES})
    claims = read_rows(frame.assign(reason="", note=""), ClaimRow, table="claims")
    known = {(claim.source, study.variables[claim.outcome].label, published_text(claim)) for claim in claims}
    shown = {(heading, *row[1:3]) for heading, head, rows in tables(PAGE) if head == HEAD for row in rows}
    assert {heading for heading, *_ in shown} >= {"Table 2", *(f"Figure {at}" for at in range(4, 9))}
    assert shown <= known
    errors = [row[0] for row in next(iter(tables(PAGE)))[2][:2]]
    assert errors == ["mean squared error, Pooled OLS", "mean squared error, SOM + ANN"]


def test_open_questions_of_the_page_are_those_of_the_spec():
    study = load_study(SPEC, catalogs=installed().catalogs).study
    for part in PAGE.split("\n## ")[1:]:
        _, _, after = part.partition("Not said in the publication:\n\n")
        listed = [line.removeprefix("- ") for line in takewhile(str.strip, after.splitlines())]
        asked = [one for one in study.left_open if part.splitlines()[0] in one.sources]
        assert listed == [plain_markdown(f"{one.question.rstrip('.')}. Here: {one.taken}") for one in asked]


def test_the_chinese_page_has_the_same_numbers():
    # Cells are parted by the blank that Chinese leaves out after a wide bracket.
    both = zip(tables(CHINESE.replace("）|", "） |")), tables(PAGE), strict=True)
    n_compared = 0
    for (_, _, mine), (heading, _, theirs) in both:
        for row, other in zip(mine, theirs, strict=True):
            (_, numbers), (_, values) = told(" ".join(row[2:])), told(" ".join(other[2:]))
            assert numbers == pytest.approx(values, rel=NEAR), (heading, row)
            n_compared += len(values)
    assert n_compared > 300


@pytest.mark.slow
def test_the_page_is_what_its_run_writes(published_run):
    written = (published_run / "tables" / "figure_by_figure.md").read_text(encoding="utf-8")
    own = PAGE.partition("<!-- the run -->\n")[2]
    found, shown = list(tables("\n" + written)), list(tables("\n" + own))
    assert [one[:2] for one in shown] == [one[:2] for one in found]
    for (heading, _, mine), (_, _, theirs) in zip(shown, found, strict=True):
        for row, other in zip(mine, theirs, strict=True):
            (words, numbers), (expected, values) = told(" ".join(row)), told(" ".join(other))
            assert words == expected
            assert numbers == pytest.approx(values, rel=NEAR, abs=NEAR * max(map(abs, values))), (
                heading,
                row,
            )
