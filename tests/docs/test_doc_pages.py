"""The tests of pages can fail."""

from __future__ import annotations

import os

import pytest

from doc_pages import Script, blocks_of, is_like


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("a  b\nc\n", "a b c\n"),
        ("one\ntwo\nthree\n", "one\n...\nthree\n"),
        ("one\n", "...\none\n...\n"),
        ("x 0.91 [ 0.89,  0.92]\n", "x 0.90 [ 0.88, 0.90]\n"),
        ("obtained 0.11012380412\n", "obtained 0.110123...\n"),
        ("plugin 0.1.0: fine\n", "plugin 0.1.0: fine\n"),
    ],
    ids=["spaces", "gap", "gaps around", "last digits", "cut off", "version"],
)
def test_what_is_printed_is_like_what_is_shown(printed, shown):
    assert is_like(printed, shown)


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("a b", "a c"),
        ("a b c", "a b"),
        ("one two", "...three..."),
        ("x 0.94", "x 0.91"),
        ("x 0.910", "x 0.91"),
        ("x -0.01", "x 0.02"),
        ("12 passed", "13 passed"),
    ],
    ids=["word", "more", "missing", "far", "more digits", "sign", "whole number"],
)
def test_what_is_printed_is_not(printed, shown):
    assert not is_like(printed, shown)


def run(tmp_path, page):
    Script(tmp_path, os.environ).run(list(blocks_of(page)))


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("```sh\ntrue\nfalse\n```\n", "line 1: exit code 1"),
        ("```sh\necho one\n```\n\n```text\ntwo\n```\n", "line 5: it printed\none"),
        ("```python\nimport warnings\nwarnings.warn('old')\n```\n", "UserWarning: old"),
    ],
    ids=["command", "output", "warning"],
)
def test_a_page_that_is_wrong_fails(tmp_path, page, words):
    with pytest.raises(AssertionError, match=words):
        run(tmp_path, page)
