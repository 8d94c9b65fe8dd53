"""Expected numbers as a reader sees them."""

from __future__ import annotations

from math import nan

from harness.report.sections.expectations import ExpectationRow, expectation_table
from report.shown_blocks import cells

ROWS = (
    ExpectationRow(
        *("coefficients", "estimator=fe, term=capital", "estimate", "0.31", "0.3100653", 6.53e-5, 5e-4),
        *("publication", "Table 1", "reproduced", "", "", 3),
    ),
    ExpectationRow(
        *("gain", "estimator=fe", "gain", "0.123456789", "0.2", 0.0767, 1e-7),
        *("run", "", "differs", "off by 0.0767, 1e-07 allowed", ""),
    ),
    ExpectationRow(
        *("gain", "estimator=twfe", "status", "refused", "", nan, nan),
        *("run", "", "missing", "no such row", ""),
    ),
)


def test_missed_numbers_come_first_by_source_and_keep_their_printed_zeros():
    table = expectation_table(ROWS)
    assert [group.heading for group in table.groups] == ["pinned from a run", "Table 1"]
    (printed,) = cells(table, 1).values()
    assert [cell.text for cell in printed] == ["0.310", "0.3100653", "6.5 × 10⁻⁵", "0.00050", "reproduced"]
    differs, missing = cells(table).values()
    assert (differs[0].text, differs[2].text, differs[4].mark) == ("0.1234568", "0.077", "a")
    assert [missing[0].text, missing[1].text, missing[2].text, missing[4].mark] == ["refused", "–", "", "b"]
    assert table.footnotes == (("a", "off by 0.0767, 1e-07 allowed"), ("b", "no such row"))
