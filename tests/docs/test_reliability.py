"""The page of faults that were tried names tests that are there, and every test of faults."""

from __future__ import annotations

import re

from source_files import ROOT

PAGE = ROOT / "docs" / "measured" / "reliability.md"


def names_in(folder):
    """Return the names of the tests in the files of a folder."""
    texts = (path.read_text(encoding="utf-8") for path in sorted(folder.rglob("test_*.py")))
    return {name for text in texts for name in re.findall(r"^def (test_\w+)", text, flags=re.MULTILINE)}


def test_every_row_names_tests_that_are_there_and_no_fault_is_left_out():
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")][1:]
    named = [set(re.findall(r"`(test_\w+)`", row)) for row in rows]
    assert len(rows) > 25
    assert [row for row, names in zip(rows, named, strict=True) if not names] == []
    assert set().union(*named) - names_in(ROOT / "tests") == set()
    assert names_in(ROOT / "tests" / "faults") - set().union(*named) == set()
