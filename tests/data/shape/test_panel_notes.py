"""Regressors that hold the outcome are named, and no others."""

from __future__ import annotations

import re

import numpy as np
import pytest

from harness.data.shape.panel_notes import leakage_notes
from harness.plugin import Roles

N_OBS = 400
RNG = np.random.default_rng(8)
POPULATION, PER_HEAD = np.exp(RNG.standard_normal((2, N_OBS)))
NOISE = RNG.standard_normal(N_OBS)
CO2 = POPULATION * PER_HEAD


def named(outcome, **regressors):
    """Return what notes say that the outcome is."""
    exposure, *controls = regressors
    roles = Roles("id", "year", ("co2",), exposure, controls=tuple(controls))
    notes = tuple(leakage_notes({"co2": outcome} | regressors, roles))
    assert {(note.code, note.where) for note in notes} <= {("W-LEAK", "co2")}
    said = re.compile(
        r"The outcome co2 (?:is, exactly or nearly, a function of (.+)"
        r"|equals (.+) up to a constant factor)\. Any"
    )
    return [next(filter(None, said.match(note.message).groups())) for note in notes]


@pytest.mark.parametrize(
    ("outcome", "control"),
    [
        (CO2, 1000.0 * CO2),
        (CO2, -np.sqrt(CO2)),
        (NOISE, NOISE + 0.01 * RNG.standard_normal(N_OBS)),
        ((NOISE > 0.0).astype(float), 3.0 * (NOISE > 0.0)),
    ],
    ids=["units", "root", "measured again", "two values"],
)
def test_a_function_of_the_outcome_is_named(outcome, control):
    assert named(outcome, x=RNG.standard_normal(N_OBS), control=control) == ["control"]


@pytest.mark.parametrize(
    ("outcome", "first", "second", "what"),
    [
        (CO2, POPULATION, PER_HEAD, "first × second"),
        (PER_HEAD, CO2, POPULATION, "first / second"),
        (NOISE * PER_HEAD, -PER_HEAD, NOISE, "first × second"),
    ],
    ids=["product", "quotient", "signs"],
)
def test_a_product_or_quotient_of_two_is_named(outcome, first, second, what):
    assert named(outcome, x=RNG.standard_normal(N_OBS), first=first, second=second) == [what]


@pytest.mark.parametrize(
    ("outcome", "control"),
    [
        (NOISE, NOISE + 0.05 * RNG.standard_normal(N_OBS)),
        (CO2, POPULATION),
        (NOISE, np.zeros(N_OBS)),
    ],
    ids=["measured badly", "a factor", "constant"],
)
def test_what_goes_with_the_outcome_is_not(outcome, control):
    assert named(outcome, x=RNG.standard_normal(N_OBS), control=control) == []


@pytest.mark.parametrize("seed", range(20))
def test_no_panel_of_noise_has_a_note(seed):
    rng = np.random.default_rng(seed)
    columns = {f"x{at}": values for at, values in enumerate(rng.standard_t(2, (12, 60)))}
    assert named(rng.standard_t(2, 60), **columns) == []
