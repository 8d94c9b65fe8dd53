"""The memory of a fit is what it takes, whatever was taken before."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from harness.suite.run import with_memory

MEGABYTE = 1e6

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems do not tell")


def take(megabytes):
    return float(np.ones(int(megabytes * MEGABYTE / 8)).sum())


@on_linux
@pytest.mark.parametrize("megabytes", [8, 200])
def test_what_is_taken_is_told(megabytes):
    found, memory = with_memory(lambda: take(megabytes))
    assert found == megabytes * MEGABYTE / 8
    assert memory == pytest.approx(megabytes * MEGABYTE, rel=0.05, abs=8 * MEGABYTE)


@on_linux
def test_what_was_taken_and_given_back_before_is_not_counted():
    take(300)
    _, memory = with_memory(lambda: take(10))
    assert memory == pytest.approx(10 * MEGABYTE, abs=8 * MEGABYTE)
