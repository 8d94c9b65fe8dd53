"""The pages that go through the published study say truly which of its results hold."""

from __future__ import annotations

import pytest

from paper_results import CHINESE, EDITIONS, ENGLISH, MARKER, number, results_text, shown_results

PAGE = ENGLISH.path.read_text(encoding="utf-8")


def without_words(text):
    """Return the rows of both tables without what a result is called, which follows the catalogs."""
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    return [[*row[:1], *row[2:]] if len(row) > 4 else row for row in rows]


@pytest.mark.parametrize("edition", EDITIONS, ids=lambda one: one.language)
def test_printed_results_are_those_of_the_spec_and_hold_where_the_page_says(edition):
    page = edition.path.read_text(encoding="utf-8")
    found = without_words(page.partition(MARKER)[2])
    assert len(found) > 100
    assert found == without_words(results_text(shown_results(PAGE), edition))


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


def test_a_result_that_does_not_hold_would_be_found():
    shown = shown_results(PAGE)
    first = next(at for at, (one, _) in enumerate(shown) if one == "100.00%")
    changed = [*shown[:first], ["99.00%", shown[first][1]], *shown[first + 1 :]]
    assert results_text(changed, ENGLISH) != results_text(shown, ENGLISH)
