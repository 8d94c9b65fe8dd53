"""Numbers of printed tables: what stands in cells, and how many of its own a run reproduces."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from command import harness as command
from harness.installed import installed
from harness.printed.expected import PrintedValue, block_of, expected_entries, read_values
from harness.printed.files import read_tables
from harness.printed.table import PrintedTable
from harness.running.folder import RunFolder
from harness.study.expectations.cell import check_expectations
from harness.study.spec.document import WrittenSpec
from harness.study.spec.load import load_study


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0.110***", [("0.110", "")]),
        ("−1,877.974‡", [("-1877.974", "")]),
        (".5 (.02)", [("0.5", ""), ("0.02", "(")]),
        ("−7.009 × 10⁻⁴", [("-0.0007009", "")]),
        ("1.20e-3*", [("0.00120", "")]),
        ("9.2e2", [("9.2e+2", "")]),
        ("31.20%†", [("0.3120", "")]),
        ("(2.31)", [("2.31", "(")]),
        ("{0.04}", [("0.04", "{")]),
        ("Yes", None),
        ("(a)", None),
        ("1.2.3", None),
        ("[0.1, 0.3", None),
        ("", []),
    ],
)
def test_numbers_of_a_cell_keep_their_digits(text, values):
    result = read_values(text)
    assert result == (None if values is None else tuple(PrintedValue(*value) for value in values))


def test_an_interval_has_two_ends():
    assert read_values("[−20.3, −8.3]") == (PrintedValue("-20.3", "[", ("-20.3", "-8.3")),)


@given(
    st.decimals(-10_000, 10_000, places=3),
    st.sampled_from(["", "*", "***", "†"]),
    st.sampled_from(["−", "-", "–"]),
)
def test_a_number_is_read_as_it_is_printed(number, stars, minus):
    (result,) = read_values(f"{number:,.3f}".replace("-", minus) + stars)
    assert Decimal(result.text) == number
    assert result.text.partition(".")[2] == f"{number:.3f}".partition(".")[2]


@pytest.mark.parametrize("kind", ["csv", "tex", "docx"])
def test_the_reports_own_table_is_reproduced_by_its_run(finished, kind):
    path = finished / f"regressions-invest.{kind}"
    catalogs = installed().catalogs
    text = (finished / "study.yaml").read_text(encoding="utf-8")
    study = load_study(WrittenSpec(text), catalogs=catalogs).study
    entries = expected_entries(read_tables(path), source="the report", study=study)
    # Estimates and errors of three terms in one column and two in the other, and rows of both.
    assert len(entries.matched) == 2 * 5 + 2
    assert {entry["where"]["term"] for entry in entries.unmatched} == {"R²", "Within R²"}
    assert len(entries.unread) == 2  # whether there are effects
    expected = load_study(WrittenSpec(f"{text}\n{block_of(entries)}"), catalogs=catalogs).study.expect
    result = check_expectations(expected, RunFolder.open(finished / "run").read_table)
    assert [one.reason for one in result] == [""] * len(entries.matched)


def test_the_command_writes_a_block_and_lists_what_it_cannot_match(finished, tmp_path):
    printed = " ,(1),Other\nMarket value,0.110***,\n,(2.1),1\nCapital,x,\nAge,,3\n,,(1)\n,,[2]\n"
    (tmp_path / "t.csv").write_text(printed, encoding="utf-8")
    done = command("claims", tmp_path / "t.csv", "--spec", finished / "study.yaml", "--source", "Li 2020")
    assert done.returncode == 0, done.stderr
    (estimate, error) = YAML(typ="safe").load(done.stdout)["expect"]
    assert estimate["where"] == error["where"] == {"estimator": "ols", "term": "value"}
    assert (estimate["value"], error["column"]) == (0.11, "std_error")
    assert "value: 0.110," in done.stdout
    assert "# - {table: coefficients, where: {estimator: Other, term: Age}, column: estimate" in done.stdout
    assert "Capital, (1): x" in done.stdout
    assert "Age, Other: [2] (nothing says which number this is)" in done.stdout


def test_notes_say_what_stands_in_brackets_and_heads_are_joined():
    rows = [
        [("", 1), ("Wage", 2)],
        [("", 1), ("(1)", 1), ("FE", 1)],
        [("educ", 1), ("0.10", 1), ("0.2", 1)],
        [("", 1), ("(3.10)", 1), ("(1)", 1)],
    ]
    table = PrintedTable.of(rows, notes="t statistics in brackets")
    entries = expected_entries([table], source="S")
    assert [(one["where"]["estimator"], one["column"]) for one in entries.matched] == [
        *(
            ("Wage (1)", "estimate"),
            ("Wage FE", "estimate"),
            ("Wage (1)", "statistic"),
            ("Wage FE", "statistic"),
        )
    ]
