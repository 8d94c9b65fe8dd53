"""What the expected numbers of the specs beside this file cannot say of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from linearmodels.datasets import jobtraining, munnell, wage_panel
from linearmodels.iv import IV2SLS

from harness import Panel, panel_from_frame
from harness.api import prepare_study as prepare
from harness.api import run_study as run
from harness.data.read.source import DATASET
from harness.installed import installed
from harness.plugin import random_stream
from harness.running.options import RunOptions
from harness.scenarios.full_fit import FullResult
from harness_panel import Classical, ThresholdEffects

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
    assert "Expected numbers" in (folder / "appendix.html").read_text(encoding="utf-8")


def on_dummies(frame: pd.DataFrame, outcome: str, columns: list[str], effects: list[str]):
    """The outcome and the columns of a regression on dummies, the columns of interest first."""
    sets = [pd.get_dummies(frame[name], drop_first=True) for name in effects]
    return frame[outcome].to_numpy(), np.column_stack([frame[columns], np.ones(len(frame)), *sets]).astype(
        np.float64
    )


def test_errors_are_those_of_xtreg_with_time_dummies():
    """No printed page was at hand: the definition of Stata's manual, on dummies in statsmodels.

    N is 4,360, and K counts three slopes, seven years and the constant; without statsmodels' own factor
    variances are (G / (G - 1)) ((N - 1) / (N - K)) times the sandwich.
    """
    rows = wage_panel.load().assign(exper_squared=lambda frame: frame["exper"] ** 2)
    columns = ["union", "married", "exper_squared"]
    outcome, design = on_dummies(rows, "lwage", columns, ["year", "nr"])
    clusters = {"groups": rows["nr"].to_numpy(), "use_correction": False}
    expected = sm.OLS(outcome, design).fit(cov_type="cluster", cov_kwds=clusters)
    found = fits("stata_clusters")
    factor = 545 / 544 * 4359 / (4360 - 11)
    for name, of_variance in (("stata", factor), ("plm", 545 / 544 * 4359 / (4360 - 3))):
        table = found[name].coefficients.set_index("term").loc[columns]
        np.testing.assert_allclose(table["estimate"], expected.params[:3], rtol=1e-8)
        np.testing.assert_allclose(table["std_error"], np.sqrt(of_variance) * expected.bse[:3], rtol=1e-8)


def test_weighted_states_are_weighted_least_squares_on_dummies():
    """By statsmodels' WLS, whose weights are analytic as Stata's aweight are for slopes and errors."""
    rows = munnell.load().rename(columns=str.lower)
    names = {"gsp": "log_output", "p_cap": "log_public_capital", "pc": "log_private_capital"}
    names["emp"] = "log_employment"
    frame = rows.assign(**{into: np.log(rows[of]) for of, into in names.items()})
    columns = ["log_public_capital", "log_private_capital", "log_employment", "unemp"]
    found = fits("weighted_states")
    for name, effects, options in (("ols", [], {"cov_type": "HC1"}), ("within", ["st_abb"], {})):
        outcome, design = on_dummies(frame, "log_output", columns, effects)
        expected = sm.WLS(outcome, design, weights=frame["emp"].to_numpy()).fit(**options)
        table = found[name].coefficients.set_index("term").loc[columns]
        np.testing.assert_allclose(table["estimate"], expected.params[:4], rtol=1e-8)
        np.testing.assert_allclose(table["std_error"], expected.bse[:4], rtol=1e-8)


def test_prisoners_by_instruments_are_two_stage_least_squares_on_dummies_of_years():
    """By linearmodels' own API, with the factor n / (n - k) of classical errors."""
    rows = installed().of(DATASET)["prisons"].load()
    changes = ["gpolpc", "gincpc", "cunem", "cblack", "cmetro", "cag0_14", "cag15_17", "cag18_24", "cag25_34"]
    years = pd.get_dummies(rows["year"], prefix="in", drop_first=True, dtype=float)
    beside = rows[changes].join(years).assign(one=1.0)
    own = {"cov_type": "unadjusted", "debiased": True}
    iv = IV2SLS(rows["gcriv"], beside, rows[["gpris"]], rows[["final1", "final2"]]).fit(**own)
    ols = IV2SLS(rows["gcriv"], beside.join(rows["gpris"]), None, None).fit(**own)
    found = fits("prisons_instruments")
    for name, expected in (("iv", iv), ("ols", ols)):
        own_row = found[name].coefficients.set_index("term").loc["gpris"]
        assert own_row["estimate"] == pytest.approx(expected.params["gpris"], rel=1e-9)
        assert own_row["std_error"] == pytest.approx(expected.std_errors["gpris"], rel=1e-9)


def test_training_by_instruments_is_two_stage_least_squares_on_differences():
    """By linearmodels on the 45 firms with both years: effects of firms and years are a constant there."""
    rows = jobtraining.load().query("year < 1989").sort_values("year")
    change = rows.groupby("fcode")[["lscrap", "hrsemp", "grant"]].diff().dropna().assign(one=1.0)
    expected = IV2SLS(change["lscrap"], change[["one"]], change[["hrsemp"]], change[["grant"]]).fit(
        cov_type="unadjusted", debiased=True
    )
    assert len(change) == 45
    own = fits("job_training_instruments")["iv"].coefficients.set_index("term").loc["hrsemp"]
    assert own["estimate"] == pytest.approx(expected.params["hrsemp"], rel=1e-9)
    assert own["std_error"] == pytest.approx(expected.std_errors["hrsemp"], rel=1e-9)


def test_fiellers_interval_of_the_turning_point_of_wages():
    """By R, shapes.R: the roots of the squared t statistic of the slope less its critical value."""
    (found,) = fits("wage_experience")["curve"].details["polynomial_turning_points"].to_dict("records")
    assert found["at"] == pytest.approx(13.5840155472498, rel=1e-9)
    assert (found["delta_low"], found["delta_high"]) == pytest.approx(
        (11.5765147831774, 15.5915163113222), rel=1e-9
    )
    assert (found["fieller_low"], found["fieller_high"]) == pytest.approx(
        (11.9916470812872, 16.3234272773631), rel=1e-8
    )


def hansens_investment() -> pd.DataFrame:
    """The data of Hansen 1999, 565 firms from 1973 to 1987: the four columns of `invest` in R's pdR 1.9.3.

    Investment; Tobin's Q, cash flow and debt over assets, firm by firm; these three are of the year before.
    """
    frame = pd.read_csv(FOLDER / "hansen_1999.csv.gz")
    firm, year = np.divmod(np.arange(len(frame)), 15)
    frame = frame.assign(firm=firm, year=1973 + year)
    before = frame.groupby("firm")[["q", "cash_flow", "debt"]].shift()
    frame[["q", "cash_flow", "debt"]] = before
    frame = frame.assign(q2=frame["q"] ** 2, q3=frame["q"] ** 3, q_debt=frame["q"] * frame["debt"])
    return frame.dropna()


def panel_of_investment() -> Panel:
    return panel_from_frame(
        hansens_investment(),
        entity="firm",
        time="year",
        outcome="investment",
        exposure="cash_flow",
        controls=["q", "q2", "q3", "debt", "q_debt"],
    )


INVESTMENT = ThresholdEffects(
    effects=("entity",),
    variable="debt",
    regime_levels=False,
    grid=1000,
    trim=0.01,
    bootstraps=19,
    covariance=Classical(),
)


def test_the_thresholds_of_investment():
    """Hansen 1999, Journal of Econometrics 93, as Wang 2015, Stata Journal 15, has it by xthreg.

    Printed of one threshold: .0154, sum of squares 17.7818, slopes .0552 (.0053) and .0862 (.0052).
    Of two: .0154 and .5418, by a coarser grid, sum of squares 17.7258.
    """
    panel = panel_of_investment()
    one = INVESTMENT.fit(panel, rng=random_stream(1))
    (place,) = one.likelihoods
    assert place.at == pytest.approx(0.0154, abs=5e-5)
    assert place.interval()[0] < 0.0141 < 0.0167 < place.interval()[1]
    assert one.reported.rss == pytest.approx(17.7818, abs=5e-5)
    slopes = [at for at, term in enumerate(one.coefficients().terms) if term.startswith("cash_flow")]
    np.testing.assert_allclose(one.coefficients().estimate[slopes], [0.0552, 0.0862], atol=6e-5)
    np.testing.assert_allclose(one.coefficients().std_error[slopes], [0.0053, 0.0052], atol=6e-5)
    two = replace(INVESTMENT, thresholds=2).fit(panel, rng=random_stream(1))
    np.testing.assert_allclose([place.at for place in two.likelihoods], [0.0154, 0.5418], atol=2e-3)
    assert two.reported.rss <= 17.7258


@pytest.mark.parametrize(("resample", "p_values"), [("entities", (0.0, 0.03)), ("signs", (0.06, 0.2))])
def test_the_number_of_thresholds_of_investment_depends_on_whose_errors_are_drawn(resample, p_values):
    """Hansen draws firms' residuals for other firms, and finds a threshold; signs leave each firm its own."""
    estimator = replace(INVESTMENT, grid=100, bootstraps=199, resample=resample)
    test = estimator.fit(panel_of_investment(), rng=random_stream(2)).tests[0]
    assert p_values[0] < test.p_value < p_values[1]
    assert (test.critical(0.05) < 20.0) is (resample == "entities")
