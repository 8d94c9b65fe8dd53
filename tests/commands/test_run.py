"""What `harness run` says of a run in which nothing could be estimated."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from harness.cli import cli

SPEC = """spec_version: 1
study: towns
data: {path: towns.csv}
roles: {entity: town, time: year, outcomes: [income], exposure: tax}
estimators: [pooled_ols, mean]
evaluation: {reference: mean, protocols: [forward]}
report: {formats: []}
"""


@pytest.mark.parametrize(("outcome", "says"), [(3.0, True), (None, False)])
def test_a_run_without_any_result_says_so_beside_its_folder(tmp_path, outcome, says):
    rng = np.random.default_rng(1)
    keys = pd.MultiIndex.from_product([[f"town {at}" for at in range(6)], range(2001, 2005)])
    frame = pd.DataFrame({"tax": rng.normal(size=24), "income": rng.normal(size=24)}, index=keys)
    if outcome is not None:
        frame.loc[keys.get_level_values(1) < 2004, "income"] = outcome
    frame.to_csv(tmp_path / "towns.csv", index_label=["town", "year"])
    (tmp_path / "towns.yaml").write_text(SPEC)
    words = ["run", str(tmp_path / "towns.yaml"), "--jobs", "1", "--out", str(tmp_path / "run")]
    done = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert done.exit_code == (6 if says else 0)
    assert done.stdout.endswith(f"results: {tmp_path / 'run'}\n")
    assert ("Prediction." in done.stdout) != says
    line = "no estimator has a result, see 6 rows of accuracy.csv: fold 1: "
    assert (line in done.stderr) == says
    assert ("'income' is constant in the training rows; check the outcome" in done.stderr) == says
