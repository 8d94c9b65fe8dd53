"""Footnotes of tables."""

from harness.text.plain_text import Footnotes


def test_footnotes_give_equal_reasons_one_mark():
    notes = Footnotes()
    assert [notes.mark(reason) for reason in ("x", "y", "x", "")] == ["a", "b", "a", ""]
    marks = [notes.mark(str(number)) for number in range(30)]
    assert (marks[23], marks[24], marks[29]) == ("z", "aa", "af")
