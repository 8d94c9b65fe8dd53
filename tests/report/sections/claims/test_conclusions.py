"""Conclusions of a publication, beside how many of the claims behind each hold."""

from dataclasses import replace

import pytest

from harness.findings.run import read_run
from harness.report.sections.claims.conclusions import conclusion_table, holds
from harness.study.expectations.claim import PublishedConclusion
from harness.tables.claims import CLAIMS
from report.changed_run import with_study


@pytest.fixture(scope="module")
def run(wage):
    return read_run(wage)


def test_a_row_counts_the_claims_that_hold_among_those_with_a_number(run):
    concluded = (
        PublishedConclusion(text="It bends.", source="Abstract", sources=("Figure 4",)),
        PublishedConclusion(text="It rises.", sources=("Figure 4",), quantities=("direction",)),
        PublishedConclusion(
            text="It is accurate.", sources=("Table 2",), quantities=("gain",), outcomes=("lwage",)
        ),
        PublishedConclusion(text="Nothing.", sources=("Table 2",), outcomes=("hours",)),
    )
    rows = conclusion_table(with_study(run, conclusions=concluded)).texts[1:]
    # 1.46 rounds to 1.5 and 82 of 100 do not reach all; 1.43 would be 1.4; two have no number
    assert [texts[1:] for texts in rows] == [
        ("4", "1 of 2 82.00%", "0 of 1"),
        ("1", "0 of 1 82.00%", "–"),
        ("1", "0 of 1 31.20%", "0 of 1 −14.30%"),
        ("0", "–", "–"),
    ]
    assert rows[0][0] == "It bends. Abstract"


def test_rounding_tolerance_and_bounds_say_what_holds(run):
    level = next(row for row in run.rows(CLAIMS) if row.quantity == "level")
    assert [holds(level, value) for value in (1.449, 1.45, 1.55, 1.551)] == [False, True, True, False]
    assert holds(replace(level, tolerance=0.1), 1.64)
    assert [holds(replace(level, bound="least"), value) for value in (1.4, 9.0)] == [False, True]
    assert [holds(replace(level, bound="most"), value) for value in (1.6, -9.0)] == [False, True]
    statement = replace(level, published=1.0, digits=None)
    assert [holds(statement, share) for share in (0.999, 1.0)] == [False, True]
