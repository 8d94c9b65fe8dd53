"""Emissions and income of 186 countries whose truth is known: from table to sentence."""

import numpy as np
import pandas as pd
import pytest

import harness
from harness.rng import random_stream

N_COUNTRIES, YEARS = 186, np.arange(1990, 2019)
# Log GDP per head at which true emissions per head are highest; a tenth of the rows lie above it.
PEAK = 10.4

SPEC = {
    "spec_version": 1,
    "study": "countries",
    "title": "Emissions and income of countries",
    "seed": 3,
    "data": {"path": "countries.csv"},
    "roles": {"entity": "country", "time": "year", "outcomes": ["lco2"], "exposure": "lgdp"},
    "estimators": [
        {"id": "ols", "use": "pooled_ols"},
        {"id": "cubic", "use": "polynomial_effects", "effects": ["entity", "time"], "degree": 3},
    ],
    "evaluation": {"reference": "ols", "protocols": [{"use": "held_out_entities", "folds": 3}]},
    "scenarios": [{"use": "curve", "draws": 40, "grid": 25}],
    "report": {"formats": []},
}


def cubic(lgdp):
    """Return log emissions of a cubic that is lowest at 5 and highest at `PEAK`."""
    return 0.03 * (5.0 + PEAK) * lgdp**2 / 2.0 - 0.03 * 5.0 * PEAK * lgdp - 0.01 * lgdp**3


def countries(*, seed=1):
    """Return 186 countries with a first year each, gaps, levels of their own and errors that last."""
    rng = random_stream(seed, "countries")
    start = rng.uniform(6.2, 10.6, size=N_COUNTRIES)
    growth = rng.normal(0.02, 0.015, size=N_COUNTRIES)
    cycle = np.cumsum(0.04 * rng.standard_normal((N_COUNTRIES, YEARS.size)), axis=1)
    lgdp = start[:, None] + growth[:, None] * np.arange(YEARS.size) + cycle
    errors = np.zeros_like(lgdp)
    for at in range(1, YEARS.size):
        errors[:, at] = 0.7 * errors[:, at - 1] + 0.08 * rng.standard_normal(N_COUNTRIES)
    own = 0.7 * rng.standard_normal(N_COUNTRIES)[:, None]
    country, year = (axis.ravel() for axis in np.indices(lgdp.shape))
    frame = pd.DataFrame(
        {
            "country": [f"c{at:03d}" for at in country],
            "year": YEARS[year],
            "lgdp": lgdp.ravel(),
            "lco2": (cubic(lgdp) + own + errors).ravel(),
        }
    )
    first = rng.integers(0, 15, size=N_COUNTRIES)[country]
    return frame[(year >= first) & (rng.uniform(size=len(frame)) > 0.03)]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return harness.run(
        SPEC, data=countries(), out=tmp_path_factory.mktemp("countries") / "run", progress=False
    )


@pytest.mark.slow
def test_the_peak_of_a_cubic_inside_the_support_is_placed_with_its_interval(run):
    found = run.table("findings").query("finding == 'turning_point' and estimator == 'cubic'")
    peak = found.set_index("about").loc["curve: maximum"]
    assert peak["is_established"]
    assert peak["estimate"] == pytest.approx(PEAK, abs=0.1)
    assert peak["conf_low"] < PEAK < peak["conf_high"]
    assert peak["conf_high"] - peak["conf_low"] < 1.0
    support = run.table("support").query("supported")["at"]
    assert support.min() < peak["conf_low"]
    assert peak["conf_high"] < support.max()


@pytest.mark.slow
def test_a_gain_that_one_fold_of_three_carries_has_its_entities_to_rest_on(run):
    """Folds differ by more than entities do, and the test goes by entities: its interval says how far."""
    (row,) = run.table("gain").query("sample == 'test'").to_dict("records")
    assert row["n_folds"] == 3
    assert (row["conf_low"] > 0.0) == (row["p_value"] < 0.05)
    found = run.table("findings").query("finding == 'gain'").fillna({"estimator": ""}).set_index("estimator")
    assert found.loc["cubic", "is_established"] == (row["p_holm"] < 0.05)
    assert found.loc["", "text"].startswith("For entities not used in training, ")
