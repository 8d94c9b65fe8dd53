"""Textbook results: a spec each, run through the planner, against the numbers in print."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.runner import RunOptions, prepare, run
from harness.scenarios.full_fit import FullResult

FOLDER = Path(__file__).parent


def fits(name: str, data: Path | None = None) -> dict[str, FullResult]:
    """Return the fit on all rows of every estimator of a spec."""
    plan = prepare(RunOptions(FOLDER / f"{name}.yaml", data=data)).plan
    return {task.estimator_id: task.run() for task in plan.full_tasks()}


def compare(result: FullResult, printed: dict[str, tuple[float, float]], *, decimals: int) -> None:
    """Assert estimates and standard errors as printed, each to half a unit of the last decimal."""
    assert result.status == "ok", result.reason
    rows = result.coefficients.set_index("term").loc[list(printed), ["estimate", "std_error"]]
    np.testing.assert_allclose(rows, list(printed.values()), rtol=0, atol=0.5001 * 10.0**-decimals)


def statistic(result: FullResult, name: str) -> float:
    table = result.details["statistics"].set_index("statistic")
    return float(table.loc[name, "value"])


GRUNFELD = {
    "ols": {"value": (0.116, 0.006), "capital": (0.231, 0.025)},
    "between": {"value": (0.135, 0.029), "capital": (0.032, 0.191)},
    "within": {"value": (0.110, 0.012), "capital": (0.310, 0.017)},
    "swar": {"value": (0.110, 0.010), "capital": (0.308, 0.017)},
}


@pytest.fixture(scope="module")
def grunfeld():
    return fits("grunfeld")


@pytest.mark.parametrize("estimator", GRUNFELD)
def test_investment_of_ten_corporations(grunfeld, estimator):
    """Baltagi, table 2.1."""
    compare(grunfeld[estimator], GRUNFELD[estimator], decimals=3)


def test_variances_of_investment(grunfeld):
    """Baltagi, table 2.1, SWAR: rho 0.72, sigma of firms 84.20, of the rest 52.77."""
    firms, rest = (statistic(grunfeld["swar"], f"variance_{one}") for one in ("entity", "idiosyncratic"))
    assert firms**0.5 == pytest.approx(84.20, abs=0.005)
    assert rest**0.5 == pytest.approx(52.77, abs=0.005)
    assert firms / (firms + rest) == pytest.approx(0.72, abs=0.005)


PUBLIC_CAPITAL = {
    "ols": [(0.155, 0.017), (0.309, 0.010), (0.594, 0.014), (-0.007, 0.001)],
    "between": [(0.179, 0.072), (0.302, 0.042), (0.576, 0.056), (-0.004, 0.010)],
    "within": [(-0.026, 0.029), (0.292, 0.025), (0.768, 0.030), (-0.005, 0.001)],
    "swar": [(0.004, 0.023), (0.311, 0.020), (0.730, 0.025), (-0.006, 0.001)],
}


@pytest.fixture(scope="module")
def public_capital():
    return fits("public_capital")


@pytest.mark.parametrize("estimator", PUBLIC_CAPITAL)
def test_productivity_of_public_capital(public_capital, estimator):
    """Baltagi & Pinnoi 1995: public capital is productive only where states' levels are not held."""
    terms = ("log_public_capital", "log_private_capital", "log_employment", "unemp")
    printed = dict(zip(terms, PUBLIC_CAPITAL[estimator], strict=True))
    compare(public_capital[estimator], printed, decimals=3)


@pytest.fixture(scope="module")
def wages(tmp_path_factory):
    from linearmodels.datasets import wage_panel

    frame = wage_panel.load()
    for year in range(1981, 1988):
        frame[f"d{year % 100}"] = (frame["year"] == year).astype(int)
    path = tmp_path_factory.mktemp("data") / "wage_panel_with_years.csv"
    frame.drop(columns=["occupation", "expersq"]).to_csv(path, index=False)
    return fits("wage_panel", path)


WAGES = {
    "ols": {
        "educ": (0.091, 0.005),
        "black": (-0.139, 0.024),
        "hisp": (0.016, 0.021),
        "exper": (0.067, 0.014),
        "married": (0.108, 0.016),
        "union": (0.182, 0.017),
    },
    "random": {
        "educ": (0.092, 0.011),
        "black": (-0.139, 0.048),
        "hisp": (0.022, 0.043),
        "exper": (0.106, 0.015),
        "married": (0.064, 0.017),
        "union": (0.106, 0.018),
    },
    "within": {"married": (0.047, 0.018), "union": (0.080, 0.019)},
}
SQUARES = {"ols": (-0.0024, 0.0008), "random": (-0.0047, 0.0007), "within": (-0.0052, 0.0007)}


@pytest.mark.parametrize("estimator", WAGES)
def test_three_estimators_of_a_wage_equation(wages, estimator):
    """Wooldridge, Introductory Econometrics, table 14.2."""
    compare(wages[estimator], WAGES[estimator], decimals=3)
    compare(wages[estimator], {"exper_squared": SQUARES[estimator]}, decimals=4)


def test_what_fixed_effects_cannot_tell_is_named(wages):
    """Experience moves with the years, so one of them goes; schooling and race never vary."""
    notes = {(note.code, note.where) for note in wages["within"].notes}
    assert {("W-ABSORBED", name) for name in ("educ", "black", "hisp")} <= notes
    assert [where for code, where in notes if code == "W-COLLINEAR"] == ["d87"]


def test_job_training_and_scrap_rates():
    """Wooldridge, Introductory Econometrics, example 14.1: n = 162, 104 degrees of freedom, R2 = 0.201."""
    within = fits("job_training")["within"]
    printed = {
        "grant": (-0.252, 0.151),
        "grant_1": (-0.422, 0.210),
        "d88": (-0.080, 0.109),
        "d89": (-0.247, 0.133),
    }
    compare(within, printed, decimals=3)
    assert statistic(within, "n_obs") == 162
    assert statistic(within, "df_resid") == 104
    assert statistic(within, "r2_within") == pytest.approx(0.201, abs=0.0005)


def test_a_run_folder_holds_coefficients_statistics_and_tests(tmp_path):
    """Baltagi, table 2.1 and section 4.2: the numbers of the study as a reader of the folder finds them."""
    folder = run(RunOptions(FOLDER / "grunfeld.yaml", out=tmp_path / "run")).path
    coefficients = pd.read_csv(folder / "coefficients.csv").set_index(["estimator", "term"])
    assert coefficients.loc[("swar", "capital"), "estimate"] == pytest.approx(0.308, abs=0.0005)
    statistics = pd.read_csv(folder / "details" / "statistics.csv").set_index(["estimator", "statistic"])
    assert statistics.loc[("swar", "theta_mean"), "value"] == pytest.approx(0.861, abs=0.0005)
    tests = pd.read_csv(folder / "details" / "diagnostics.csv").set_index(["estimator", "test"])
    assert tests.loc[("within", "f_effects"), "statistic"] == pytest.approx(49.18, abs=0.005)
    assert tests.loc[("swar", "hausman"), "statistic"] == pytest.approx(2.33, abs=0.005)
    assert tests.loc[("ols", "breusch_pagan"), "statistic"] == pytest.approx(798.16, abs=0.005)
