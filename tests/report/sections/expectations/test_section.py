"""Expected numbers as a reader sees them."""

from __future__ import annotations

from math import nan

from harness.report.sections.expectations.section import expectation_table
from harness.tables.claims import ExpectationRow

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
    assert (table.n_reproduced, table.n_all) == (1, 3)
    assert [group.source for group in table.groups] == ["pinned from a run", "Table 1"]
    printed = table.groups[1].rows[0]
    assert (printed.expected, printed.obtained, printed.status, printed.mark) == (
        "0.310",
        "0.3100653",
        "reproduced",
        "",
    )
    differs, missing = table.groups[0].rows
    assert (differs.expected, differs.difference, differs.mark) == ("0.1234568", "0.077", "a")
    assert (missing.expected, missing.obtained, missing.difference, missing.mark) == ("refused", "–", "", "b")
    assert table.footnotes == (("a", "off by 0.0767, 1e-07 allowed"), ("b", "no such row"))


def test_a_study_that_expects_nothing_has_no_groups():
    assert expectation_table(()).groups == ()
