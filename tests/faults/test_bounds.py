"""Sizes that no machine holds are refused with the number and what is allowed, before memory is taken."""

from __future__ import annotations

import pandas as pd
import pytest

import harness
from harness import DataError, SpecError
from harness.data.simulate.simulation import SIMULATION
from harness.installed import installed
from harness.study.spec.load import load_study
from harness.study.spec.written import written_spec
from small_run import SPEC


@pytest.mark.parametrize(
    ("override", "most"),
    [
        ("scenarios=[{use: curve, draws: 1000000000000}]", "1000000"),
        ("evaluation.protocols=[{use: random_rows, repeats: 1000000000000}]", "10000"),
        ("estimators.1={use: rab, id: curved, draws: 1000000000000}", "1000000"),
        ("estimators.1={use: mlp, id: curved, hidden: 1000000000000}", "1000000"),
        ("estimators.1={use: threshold_effects, id: curved, bootstraps: 1000000000000}", "1000000"),
    ],
)
def test_a_number_beyond_all_machines_is_refused_with_the_most_that_is_allowed(override, most):
    with pytest.raises(SpecError) as error:
        load_study(written_spec(SPEC), catalogs=installed().catalogs, overrides=(override,))
    said = str(error.value).replace(",", "").replace("_", "")
    assert "1000000000000" in said
    assert most in said.replace("1000000000000", "")


@pytest.mark.parametrize("simulation", ["digital_carbon", "s_curve"])
def test_a_simulated_panel_beyond_all_machines_is_refused_before_it_is_drawn(simulation):
    members = installed().of(SIMULATION)
    with pytest.raises(DataError, match=r"10,000,000,000 rows.*\n.*at most 5,000,000 rows"):
        members[simulation](n_entities=1_000_000, n_periods=10_000).draw()


def test_groups_for_nearly_every_row_are_refused_before_anything_is_fitted(tmp_path):
    n_rows = 10_000
    frame = pd.DataFrame(
        {"firm": [f"f{row // 2}" for row in range(n_rows)], "year": [2000, 2001] * (n_rows // 2)}
    )
    frame["invest"] = frame["value"] = frame["capital"] = 1.0 * frame.index
    frame["own"] = [f"g{row}" for row in range(n_rows)]
    spec = SPEC | {"scenarios": [{"use": "heterogeneity", "by": "own"}], "data": {}}
    with pytest.raises(DataError, match=r"(?s)'own'.*10,000 groups.*at most 250.*classes"):
        harness.run(spec, data=frame, out=tmp_path / "run", progress=False)
