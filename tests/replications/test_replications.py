"""What the expected numbers of the specs beside this file cannot say of them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from harness.api import prepare_study as prepare
from harness.api import run_study as run
from harness.execution.options import RunOptions
from harness.scenarios.full_fit import FullResult

FOLDER = Path(__file__).parent


def fits(name: str) -> dict[str, FullResult]:
    """Return the fit on all rows of every estimator of a spec."""
    plan = prepare(RunOptions(FOLDER / f"{name}.yaml")).plan
    return {task.estimator_id: task.run() for task in plan.full_tasks()}


def test_variances_of_investment():
    """Baltagi 2013, table 2.1, SWAR: rho 0.72, sigma of firms 84.20, of the rest 52.77."""
    table = fits("grunfeld")["swar"].details["statistics"].set_index("statistic")["value"]
    firms, rest = (float(table[f"variance_{one}"]) for one in ("entity", "idiosyncratic"))
    assert firms**0.5 == pytest.approx(84.20, abs=0.005)
    assert rest**0.5 == pytest.approx(52.77, abs=0.005)
    assert firms / (firms + rest) == pytest.approx(0.72, abs=0.005)


def test_what_fixed_effects_cannot_tell_is_named():
    """Experience moves with the years, so one of them goes; schooling and race never vary."""
    notes = {(note.code, note.where) for note in fits("wage_panel")["within"].notes}
    assert {("W-ABSORBED", name) for name in ("educ", "black", "hisp")} <= notes
    assert [where for code, where in notes if code == "W-COLLINEAR"] == ["d87"]


def test_a_run_folder_holds_what_was_expected_and_what_was_obtained(tmp_path):
    folder = run(RunOptions(FOLDER / "grunfeld.yaml", out=tmp_path / "run")).path
    found = pd.read_csv(folder / "expectations.csv")
    assert set(found["status"]) == {"reproduced"}
    assert (found["difference"].abs() <= found["tolerance"]).all()
    assert set(found["origin"]) == {"publication", "run"}
    assert "Expected numbers" in (folder / "report.html").read_text(encoding="utf-8")
