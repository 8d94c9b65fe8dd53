"""Published numbers beside those of the run, cell by cell."""

import dataclasses

import pytest

from harness.report.model.run import read_run
from harness.report.sections.claims.table import claim_rows, claim_table, published_text

NB = "\u00a0"


@pytest.fixture(scope="module")
def run(wage):
    return read_run(wage)


def test_claims_that_cannot_be_right_come_first(run):
    table = claim_table(run)
    assert table.counts == (
        *(("inconsistent", 1), ("inconsistent under assumption", 1), ("differs", 2), ("reproduced", 1)),
        ("not comparable", 1),
    )
    contradiction, assumed = table.contradictions
    assert (contradiction.assumption, assumed.assumption) == ("", "one fit")
    assert (assumed.reason, table.groups[1].rows[0].symbol) == ("two bends", "?")
    assert contradiction.reason.startswith("the errors 0.0010 and 0.0034 give a gain of")
    assert contradiction.claims == "Table 2: Log wage, gain over the reference, 67.8582%"
    assert [group.source for group in table.groups] == ["Table 2", "Figure 4"]
    gain, mse = table.groups[0].rows
    assert (gain.status, gain.published, gain.recomputed, gain.this_run) == (
        *("inconsistent", "67.8582%", "70.59%", "31.20%"),
    )
    assert gain.recomputed_range == f"68.66% to{NB}72.46%"
    assert (mse.published, mse.this_run, mse.symbol) == ("0.0010", "0.1591", "≠")
    direction = table.groups[1].rows[3]
    assert (direction.published, direction.this_run) == ("100%", "82.00%")


@pytest.mark.parametrize(
    ("quantity", "published", "digits", "text"),
    [
        ("mse", 0.001, 4, "0.0010"),
        ("level", 920.0, -1, "920"),
        ("gain", 0.6558, 4, "65.58%"),
        ("direction", 1.0, None, "100%"),
        ("median", 2.294, None, "2.294"),
    ],
)
def test_a_published_number_keeps_its_digits(run, quantity, published, digits, text):
    row = dataclasses.replace(claim_rows(run)[0], quantity=quantity, published=published, digits=digits)
    assert published_text(row) == text
