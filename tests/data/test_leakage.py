"""Regressors that hold the outcome are named, and no others."""

from __future__ import annotations

import re

import numpy as np
import pytest

from harness.data.shape.leakage import MOST_ROWS, leakage_notes
from harness.plugin import Roles

N_OBS = 400
RNG = np.random.default_rng(8)
POPULATION, PER_HEAD = np.exp(RNG.standard_normal((2, N_OBS)))
NOISE = RNG.standard_normal(N_OBS)
CO2 = POPULATION * PER_HEAD
ENTITY = np.repeat(np.arange(20.0), 20)


def named(outcome, **regressors):
    """Return what notes say that the outcome is."""
    exposure, *controls = regressors
    roles = Roles("id", "year", ("co2",), exposure, controls=tuple(controls))
    notes = leakage_notes({"co2": outcome} | regressors, roles)
    assert {(note.code, note.where) for note in notes} <= {("W-LEAK", "co2")}
    said = re.compile(
        r"The outcome co2 is (?:a function of )?(.+), (?:or nearly so|up to a constant factor): "
    )
    return [said.match(note.message)[1] for note in notes]


@pytest.mark.parametrize(
    ("outcome", "control"),
    [
        (CO2, 1000.0 * CO2),
        (CO2, np.log(CO2)),
        (CO2, -np.sqrt(CO2)),
        (NOISE, NOISE**2 + 5.0 * NOISE),
        (NOISE, NOISE + 0.01 * RNG.standard_normal(N_OBS)),
        (np.exp(NOISE), NOISE),
        ((NOISE > 0.0).astype(float), 3.0 * (NOISE > 0.0)),
    ],
    ids=["units", "log", "root", "parabola", "measured again", "exp", "two values"],
)
def test_a_function_of_the_outcome_is_named(outcome, control):
    assert named(outcome, x=RNG.standard_normal(N_OBS), control=control) == ["control"]


@pytest.mark.parametrize(
    ("outcome", "first", "second", "what"),
    [
        (CO2, POPULATION, PER_HEAD, "first × second"),
        (1e-4 * CO2, POPULATION, PER_HEAD, "first × second"),
        (PER_HEAD, CO2, POPULATION, "first / second"),
        (PER_HEAD, 3.6 * POPULATION, CO2, "second / first"),
        (np.round(CO2, 2), POPULATION, PER_HEAD, "first × second"),
        (NOISE * PER_HEAD, -PER_HEAD, NOISE, "first × second"),
    ],
    ids=["product", "other units", "quotient", "the other way", "rounded", "signs"],
)
def test_a_product_or_quotient_of_two_is_named(outcome, first, second, what):
    assert named(outcome, x=RNG.standard_normal(N_OBS), first=first, second=second) == [what]


@pytest.mark.parametrize(
    ("outcome", "control"),
    [
        (NOISE, NOISE + 0.05 * RNG.standard_normal(N_OBS)),
        (ENTITY + 1e-3 * NOISE, np.sin(7.0 * ENTITY)),
        (CO2, POPULATION),
        (NOISE**2, np.abs(NOISE) * (1.0 + 0.1 * RNG.standard_normal(N_OBS))),
        (NOISE, np.zeros(N_OBS)),
    ],
    ids=["measured badly", "one value an entity", "a factor", "a rough function", "constant"],
)
def test_what_goes_with_the_outcome_is_not(outcome, control):
    assert named(outcome, x=RNG.standard_normal(N_OBS), control=control) == []


@pytest.mark.parametrize("seed", range(20))
def test_no_panel_of_noise_has_a_note(seed):
    rng = np.random.default_rng(seed)
    columns = {f"x{at}": values for at, values in enumerate(rng.standard_t(2, (12, 60)))}
    assert named(rng.standard_t(2, 60), **columns) == []


def test_large_panels_are_looked_at_in_equal_steps():
    n_obs = 3 * MOST_ROWS
    outcome, other = np.random.default_rng(1).standard_normal((2, n_obs))
    copied = np.where(np.arange(n_obs) % 3 == 0, outcome, other)
    assert named(outcome, x=other, control=copied) == ["control"]
