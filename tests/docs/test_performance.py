"""The page of measured times has the rows that its script writes, each of a test that there is."""

from __future__ import annotations

from pathlib import Path

import performance as script

BENCH = Path(script.__file__).parent


def test_every_row_is_one_that_the_script_writes():
    page = script.PAGE.read_text(encoding="utf-8")
    lines = script.lines_of(page)
    assert page.count("\n| ") == len(lines) + 1  # the head
    rows = [row for row in script.ROWS if row.test in lines]
    assert list(lines) == [row.test for row in rows]
    for row in rows:
        begin, end = script.line(row, "|").split("| | |")
        assert lines[row.test].startswith(begin)
        assert lines[row.test].endswith(end)


def test_every_row_is_of_a_test_that_there_is():
    for row in script.ROWS:
        file, _, name = row.test.partition("::")
        code = (BENCH / file).read_text(encoding="utf-8")
        assert f"\ndef {name.partition('[')[0] or 'main'}(" in code
