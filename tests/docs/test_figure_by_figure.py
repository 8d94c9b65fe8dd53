"""Pages with measured tables: they are those of the spec and of a run."""

import re
from math import isnan

import pytest

import harness
from command import ROOT
from ladder_tables import gains_of, printed
from paper_results import (
    CHINESE,
    COUNTS,
    EDITIONS,
    END,
    ENGLISH,
    counts_text,
    number,
    read_results,
    results_rows,
    shown_results,
)


def without_words(rows):
    """Return the rows of a table without what a result is called, which follows the catalogs."""
    return [[row[0], *row[2:]] for row in rows]


@pytest.mark.parametrize("edition", EDITIONS, ids=lambda one: one.language)
def test_printed_results_are_those_of_the_spec_and_hold_where_the_page_says(edition):
    found = read_results(edition)
    assert len(found) > 90
    assert without_words(found) == without_words(results_rows(shown_results(), edition))
    page = edition.path.read_text(encoding="utf-8")
    assert f"{COUNTS}{counts_text(shown_results(), edition)}\n{END}" in page


def test_gains_are_the_same_in_both_languages():
    gains = [
        [[number(cell) for cell in line.strip("| ").split(" | ")[2:]] for line in table.splitlines()[2:]]
        for table in (
            edition.path.read_text(encoding="utf-8").partition("<!-- gains -->\n")[2].split("\n\n")[0].strip()
            for edition in (ENGLISH, CHINESE)
        )
    ]
    assert len(gains[0]) == 9
    assert gains[0] == gains[1]


RELIABILITY_PAGE = ROOT / "docs" / "measured" / "reliability.md"


def test_every_row_names_tests_that_are_there_and_no_fault_is_left_out():
    rows = [
        line for line in RELIABILITY_PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")
    ][1:]
    named = [re.findall(r"`([a-z_/]+\.py)`", row) for row in rows]
    assert len(rows) > 12
    assert [row for row, names in zip(rows, named, strict=True) if not names] == []
    tests = ROOT / "tests"
    shown = {tests / name for names in named for name in names}
    assert [path for path in shown if not path.is_file()] == []
    assert set((tests / "faults").glob("test_*.py")) <= shown


COUNTRIES = ROOT.parent / "shared" / "data" / "country_digital_co2" / "country_digital_co2.parquet"
# Networks of another machine may end in a neighbouring minimum.
NEAR = 0.025


@pytest.mark.slow
@pytest.mark.parametrize(
    ("study", "spec", "data"),
    [("wages", "wage_ladder", None), ("countries", "country_ladder", COUNTRIES)],
    ids=["wages", "countries"],
)
def test_gains_are_those_of_the_run(study, spec, data, tmp_path):
    if data and not data.exists():
        pytest.skip("the country panel is not there")
    run = harness.run(
        ROOT / "specs" / f"{spec}.yaml",
        data=data,
        out=tmp_path / "run",
        quick=True,
        progress=False,
        overrides=("report.formats=[]", "multiverse=null", "claims=[]"),
    )
    gains = gains_of(run.gain)
    for cell, shown in printed(study).items():
        own = [number for number in gains.loc[cell] if not isnan(number)][: len(shown)]
        # Losses have no bound: far below zero the same relative accuracy.
        assert shown == pytest.approx(own, abs=NEAR * max(1.0, *map(abs, own))), cell
