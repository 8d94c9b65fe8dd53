"""Warnings about how intervals are made."""

from __future__ import annotations

import numpy as np
import pytest

from harness.scenarios.scenario import Resampled
from scenarios.least_squares import random_panel

PANEL = random_panel(np.random.default_rng(0), lambda x, _m: x)


def codes(options, panel=PANEL):
    return [note.code for note in options.notes(panel)]


@pytest.mark.parametrize(
    ("draws", "level", "expected"),
    [
        (200, 0.95, []),
        (40, 0.95, []),
        (39, 0.95, ["W-FEWBOOT"]),
        (20, 0.9, []),
        (19, 0.9, ["W-FEWBOOT"]),
        (199, 0.99, ["W-FEWBOOT"]),
    ],
)
def test_few_draws_are_warned_of(draws, level, expected):
    assert codes(Resampled(draws=draws, level=level)) == expected


def test_resampled_rows_are_warned_of():
    assert codes(Resampled(unit="row")) == ["W-ROWBOOT"]


def test_rows_that_are_entities_may_be_resampled():
    panel = random_panel(np.random.default_rng(0), lambda x, _m: x, n_periods=1)
    assert codes(Resampled(unit="row"), panel) == []
