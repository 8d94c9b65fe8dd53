"""What became of networks in public studies of the shape of a study."""

from dataclasses import replace

import numpy as np
import pytest

from findings.wage_effects import part
from harness.findings.rules import gain_caveat
from harness.findings.rules.gain_caveat import base_rate


@pytest.fixture(scope="module")
def studies():
    rng = np.random.default_rng(2)
    sizes = np.exp(rng.uniform([2.5, 1.0], [7.0, 4.0], size=(90, 2))).round()
    beaten = rng.random((90, 2)) < [0.5, 0.1]
    names = ("n_entities", "n_periods", "same", "new")
    return [dict(zip(names, row, strict=True)) for row in np.hstack([sizes, beaten]).tolist()]


def test_a_base_rate_counts_studies_within_a_factor_of_three_in_entities_and_in_periods(studies):
    counts = [0, 0, 0]
    for one in studies:
        if 100 / 3 <= one["n_entities"] <= 300 and 8 / 3 <= one["n_periods"] <= 24:
            counts = [
                before + more for before, more in zip(counts, (1, one["same"], one["new"]), strict=True)
            ]
    rate = base_rate(100, 8, studies)
    assert [rate.n_studies, rate.n_same, rate.n_new] == counts
    assert counts[0] >= 10


def test_a_shape_without_ten_studies_has_no_base_rate(studies):
    assert base_rate(100_000, 8, studies) is None
    assert base_rate(100, 2000, studies) is None
    assert base_rate(100, 8, studies[:9]) is None


def test_the_first_screen_of_observed_data_names_the_base_rate(run, studies, monkeypatch):
    data = run.manifest.data
    of_shape = [one | {"n_entities": data.n_entities, "n_periods": data.n_periods} for one in studies[:41]]
    monkeypatch.setattr(gain_caveat, "public_studies", lambda: of_shape)
    observed = replace(run, manifest=replace(run.manifest, data=replace(data, simulated=False)), _kept={})
    (row,) = (one for one in part(observed, "trust") if one.code == "base_rate")
    n_same, n_new = (sum(one[name] for one in of_shape) for name in ("same", "new"))
    assert row.text == (
        "Among 41 public studies of about this shape, a network predicted significantly better than the best "
        f"simple rival for new entities in {n_new:.0f}, for the same entities in {n_same:.0f}."
    )
    simulated = replace(run, manifest=replace(run.manifest, data=replace(data, simulated=True)), _kept={})
    assert "base_rate" not in {one.code for one in part(simulated, "trust")}
