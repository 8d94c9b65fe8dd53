"""Modules that are imported beside other work."""

from __future__ import annotations

import sys

import pytest

from harness.running.workers import imported_meanwhile

RARE = "xml.dom.pulldom"


@pytest.fixture
def absent(monkeypatch):
    monkeypatch.delitem(sys.modules, RARE, raising=False)


def test_modules_are_there_when_the_block_ends(absent):
    with imported_meanwhile([RARE]):
        done = sum(range(10))
    assert done == 45
    assert RARE in sys.modules


def test_one_that_is_missing_is_left_to_whoever_needs_it_and_those_before_it_are_there(absent):
    with imported_meanwhile([RARE, "no.module.of.this.name"]):
        done = sum(range(10))
    assert done == 45
    assert RARE in sys.modules


def test_what_the_block_raises_comes_out_once_the_modules_are_there(absent):
    with pytest.raises(KeyError, match="own"), imported_meanwhile([RARE]):
        raise KeyError("own")
    assert RARE in sys.modules
