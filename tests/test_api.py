"""The same study from Python: what is returned, and what it shows."""

import json
import re
from base64 import b64decode
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVR
from sklearn.tree import DecisionTreeRegressor

import harness
from harness.evaluation.protocol import ForwardProtocol
from harness.installed import installed
from harness.running.files import sha256_of
from harness.running.folder import RunFolder
from harness.scenarios.curve.scenario import CurveScenario
from harness.splits import HeldOutEntities
from harness.study.spec.document import read_document
from harness.study.spec.load import load_study
from harness_panel import Conley, FixedEffects, PolynomialEffects, PooledOLS
from harness_rab.rab import Rab
from harness_sklearn import Splines
from small_run import SPEC, TINY, grunfeld


def test_tables_are_those_of_the_folder_with_all_digits(small_run):
    folder = RunFolder.open(small_run.path)
    for name in (
        "gain",
        "accuracy",
        "coefficients",
        "curves",
        "turning_points",
        "decomposition",
        "variation_gains",
    ):
        frame = getattr(small_run, name)
        assert len(frame), name
        pd.testing.assert_frame_equal(frame, folder.read_table(name), check_exact=True)
    assert small_run.claims["quantity"].tolist() == ["gain"]
    assert list(small_run.warnings.columns) == ["code", "where", "message", "message_code"]


def test_the_gain_of_any_two_estimators_is_that_of_the_table(small_run):
    gains = small_run.gain_between("curved", "ols").set_index("protocol")
    stored = small_run.gain.query("estimator == 'curved' and sample == 'test'").set_index("protocol")
    assert sorted(gains.index) == sorted(stored.index)
    for name in ("gain", "conf_low", "conf_high", "p_value", "p_holm", "least_detectable", "decision"):
        assert gains[name].equals(stored[name].loc[gains.index]), name
    other = small_run.gain_between("ols", "curved").set_index("protocol")
    assert ((1 - other["gain"]) * (1 - gains["gain"])).to_numpy() == pytest.approx(1)
    assert other["p_value"].to_numpy() == pytest.approx(gains["p_value"].to_numpy())


def test_a_table_that_was_not_asked_for_is_empty(small_run):
    assert small_run.surfaces.empty
    assert small_run.heterogeneity.empty
    assert small_run.table("details/networks").empty


def test_a_table_that_no_run_has_is_told_with_those_there_are(small_run):
    with pytest.raises(harness.ArtifactError, match="did you mean 'gain'"):
        small_run.table("gains")


def test_the_summary_is_what_the_report_says(small_run, capsys):
    small_run.summary()
    label, said = capsys.readouterr().out.splitlines()[:2]
    assert label == "invest"
    assert said.removeprefix("  Prediction. ") in small_run.report.read_text(encoding="utf-8")


def test_estimates_are_one_long_table(small_run):
    tidy = small_run.tidy()
    columns = "term estimator outcome estimate std_error conf_low conf_high p_value"
    assert tidy.columns.tolist() == columns.split()
    assert len(tidy) == len(small_run.coefficients)
    frame = grunfeld().reset_index().query("firm != 'American Steel'")
    X = np.column_stack([np.ones(len(frame)), frame["value"], frame["capital"]])
    slopes = np.linalg.lstsq(X, frame["invest"].to_numpy())[0]
    ols = tidy[tidy["estimator"] == "ols"].set_index("term")["estimate"]
    assert ols[["const", "value", "capital"]].tolist() == pytest.approx(slopes.tolist(), rel=1e-9)


def test_a_glance_has_r2_and_the_error_of_every_protocol(small_run, capsys):
    glance = small_run.glance().set_index("estimator")
    errors = small_run.accuracy.set_index(["estimator", "protocol", "sample"])["mse"]
    assert glance.loc["ols", "mse_held_out_entities"] == errors["ols", "held_out_entities", "test"]
    variance = grunfeld().query("firm != 'American Steel'")["invest"].var(ddof=0)
    r2 = 1.0 - glance["mse_in_sample"] / variance
    assert glance["r2"].to_numpy() == pytest.approx(r2.to_numpy(), rel=1e-9)
    assert glance["n_obs"].tolist() == [200, 200]
    assert glance["r2_within"].isna().tolist() == [True, False]
    roles = {"entity": "firm", "time": "year", "outcome": "invest", "exposure": "value"}
    firms = grunfeld().reset_index().query("firm != 'American Steel'")
    panel = harness.panel_from_frame(firms, **roles, controls=["capital"])
    PolynomialEffects().fit(panel).summary()
    assert f"Within R2 {glance['r2_within'].iloc[1]:.6g}\n" in capsys.readouterr().out


def test_a_regression_table_is_printed_and_written(small_run, tmp_path):
    from docx import Document

    row = small_run.coefficients.set_index(["estimator", "term"]).loc[("ols", "value")]
    estimate, error = f"{row['estimate']:.4f}", f"({row['std_error']:.4f})"
    asked = {"estimators": ["curved", "ols"], "keep": "^value$", "digits": 4}
    lines = small_run.etable(**asked).splitlines()
    assert lines[3].split() == ["curved", "Pooled", "OLS"]
    assert lines[5].split()[:2] == ["Market", "value"]
    assert (lines[5].split()[-1], lines[6].split()[-1]) == (estimate, error)
    assert "capital" in small_run.etable()
    assert "capital" not in small_run.etable(**asked)
    for kind in ("tex", "md", "html"):
        text = small_run.etable(kind, **asked, file=tmp_path / kind)
        assert estimate in text
        assert (tmp_path / kind).read_text(encoding="utf-8") == text
    assert "<table>" in small_run.etable()._repr_html_()
    small_run.etable("docx", **asked, file=tmp_path / "table.docx")
    (grid,) = Document(str(tmp_path / "table.docx")).tables
    assert [cell.text for cell in grid.rows[2].cells][-1] == estimate


def test_figures_are_drawn_on_axes_of_ones_own(small_run):
    from matplotlib.figure import Figure

    axes = Figure().subplots(3)
    assert small_run.plot_curve("invest", estimators=["ols"], ax=axes[0]) is axes[0]
    curves = small_run.curves.query("estimator == 'ols' and kind == 'level' and band == 'pointwise'")
    assert curves["estimate"].tolist() in [list(line.get_ydata()) for line in axes[0].lines]
    assert small_run.plot_gain(protocol="in_sample", ax=axes[1]) is axes[1]
    row = small_run.gain.query("estimator == 'curved' and protocol == 'in_sample' and sample == 'test'")
    assert axes[1].lines[-1].get_xdata() == pytest.approx(100.0 * row["gain"].to_numpy())
    small_run.plot_coefficients(keep="^value$", estimators=["ols"], ax=axes[2])
    (estimate,) = small_run.tidy().query("estimator == 'ols' and term == 'value'")["estimate"]
    assert axes[2].lines[-1].get_xdata() == [estimate]
    assert [label.get_text() for label in axes[2].get_yticklabels()] == ["Market value"]


def test_a_notebook_shows_sentences_with_their_figures(small_run):
    page = small_run._repr_html_()
    assert page.index("<strong>Prediction.</strong>") < page.index("<img")
    shown = [
        b64decode(one)
        for one in re.findall(r'<img alt="[^"]+" src="data:image/svg[+]xml;base64,([^"]+)"', page)
    ]
    assert shown == [
        (small_run.path / "figures" / f"front-{kind}-invest.svg").read_bytes()
        for kind in ("gains", "curve", "effects")
    ]


def test_figures_and_tables_have_the_names_of_pyfixest_and_stand_next_to_other_fits(small_run):
    import maketables
    import statsmodels.formula.api as smf

    from harness.results import StudyResult

    assert StudyResult.coefplot is StudyResult.plot_coefficients
    model = small_run.model("ols")
    other = smf.ols("invest ~ value + capital", grunfeld().reset_index()).fit()
    text = maketables.ETable([model, other]).make("tex")
    row = small_run.tidy().query("estimator == 'ols' and term == 'value'").iloc[0]
    assert f"{row['estimate']:.3f}" in text
    assert f"{other.params['value']:.3f}" in text
    assert model.__maketables_stat__("N") == 200
    assert model.__maketables_coef_table__.loc["value", "t"] == row["estimate"] / row["std_error"]
    with pytest.raises(harness.ArtifactError, match="no event study"):
        small_run.iplot()


def test_event_studies_are_drawn_on_axes_of_ones_own(tmp_path):
    from matplotlib.figure import Figure

    firms, years = np.repeat(np.arange(12), 10), np.tile(np.arange(2001, 2011), 12)
    treated = ((firms % 3 > 0) & (years >= 2005 + firms % 3)).astype(float)
    noise = np.random.default_rng(1).normal(size=120)
    data = pd.DataFrame({"firm": firms, "year": years, "law": treated, "sales": treated + firms + noise})
    study = {
        "study": "laws",
        "roles": {"entity": "firm", "time": "year", "outcomes": "sales", "exposure": "law"},
        "estimators": [FixedEffects(effects=["entity", "time"])],
        "evaluation": {"protocols": ["in_sample"]},
        "scenarios": [],
        "report": {"formats": []},
    }
    result = harness.run(study, data=data, out=tmp_path / "run", progress=False)
    axes = result.iplot(ax=Figure().subplots())
    stored = result.table("details/event_study")
    assert axes.lines[-1].get_ydata().tolist() == stored["estimate"].tolist()
    assert axes.lines[-1].get_xdata().tolist() == stored["event_time"].tolist()


def test_a_figure_without_axes_is_one_that_a_notebook_shows(small_run):
    from matplotlib import pyplot as plt

    axes = small_run.plot_effect()
    assert axes.figure in map(plt.figure, plt.get_fignums())
    plt.close(axes.figure)


def test_what_is_asked_for_and_not_there_is_told_with_what_is(small_run):
    for ask, words in (
        (lambda: small_run.fitted("olz"), "did you mean 'ols'"),
        (lambda: small_run.plot_curve(kind="ale"), "no such curves"),
        (lambda: small_run.plot_gain(protocol="in_sampl"), "did you mean 'in_sample'"),
        (lambda: small_run.plot_coefficients("profit"), "no outcome 'profit'"),
        (lambda: small_run.etable(keep="co2"), "no such coefficient"),
        (lambda: small_run.etable(estimators=["cruved"]), "did you mean 'curved'"),
        (lambda: small_run.etable(digits=16), "0 to 15"),
        (lambda: small_run.etable("docx"), "say file="),
        (lambda: small_run.etable("pdf"), "text, tex, md, html, docx"),
        (lambda: small_run.gain_between("ols", "cruved"), "ols, curved(?s:.*)did you mean 'curved'"),
        (lambda: small_run.gain_between("ols", "ols"), "'ols' has no gain over itself"),
        (lambda: small_run.plot_curve("invst"), "did you mean 'invest'"),
    ):
        with pytest.raises(harness.ArtifactError, match=words):
            ask()


def test_fitted_values_and_residuals_are_those_of_least_squares(small_run):
    fitted = small_run.fitted("ols")
    data = grunfeld().reset_index()
    data = data[data["firm"] != "American Steel"]
    X = np.column_stack([np.ones(len(data)), data[["value", "capital"]]])
    residuals = data["invest"] - X @ np.linalg.lstsq(X, data["invest"], rcond=None)[0]
    expected = data.assign(residual=residuals).set_index(["firm", "year"])["residual"].sort_index()
    assert fitted["residual"].to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-9)
    assert fitted["fitted"].add(fitted["residual"]).to_numpy() == pytest.approx(fitted["observed"].to_numpy())


def test_a_notebook_shows_the_verdict_and_the_gains_with_names_escaped(small_run):
    shown = small_run._repr_html_()
    assert "Investment &amp; &lt;b&gt;value&lt;/b&gt;" in shown
    assert "<b>value" not in shown
    assert "QUICK RUN" in shown
    assert "SIMULATED" not in shown
    gain = small_run.gain.set_index(["protocol", "sample"]).loc[("in_sample", "test"), "gain"]
    assert f"{100 * gain:.1f}%" in shown
    said = shown.partition("<strong>Prediction.</strong> ")[2].partition("</li>")[0]
    assert "Pooled OLS" in said
    assert said in small_run.report.read_text(encoding="utf-8")
    assert small_run.report.as_posix() in shown


def test_a_run_is_opened_again(small_run):
    again = harness.open_run(str(small_run.path))
    assert again == small_run
    pd.testing.assert_frame_equal(again.gain, small_run.gain)
    with pytest.raises(harness.ArtifactError, match="not the folder of a finished run"):
        harness.open_run(small_run.path / "figures")


def test_a_spec_of_values_and_a_table_are_kept_in_the_folder(small_run):
    manifest = RunFolder.open(small_run.path).manifest()
    assert read_document(small_run.path / "spec.yaml").data == SPEC
    assert manifest.data.sha256 == sha256_of(small_run.path / "data.parquet")
    kept = pd.read_parquet(small_run.path / "data.parquet")
    pd.testing.assert_frame_equal(kept, grunfeld().reset_index(), check_dtype=False)


def test_a_spec_file_gives_what_its_values_give(tmp_path):
    csv = tmp_path / "panel.csv"
    grunfeld().reset_index().to_csv(csv, index=False)
    (tmp_path / "study.yaml").write_text(json.dumps(SPEC | {"data": SPEC["data"] | {"path": "panel.csv"}}))
    by_file = harness.run(tmp_path / "study.yaml", out=tmp_path / "a", overrides=TINY, progress=False)
    by_values = harness.run(SPEC, data=csv, out=tmp_path / "b", overrides=TINY, progress=False)
    for name in ("accuracy", "gain", "coefficients"):
        first, second = ((run.path / f"{name}.csv").read_bytes() for run in (by_file, by_values))
        assert first == second
    command = RunFolder.open(by_values.path).manifest().command
    assert f"{by_values.path.as_posix()}/spec.yaml --data {csv.as_posix()}" in command


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (pd.DataFrame({1: [1.0]}), "no name"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "more than once"),
        (pd.DataFrame({"a": [1.0]}, index=pd.Index([1], name="a")), "more than once"),
        (pd.DataFrame({"a": [1, "x", 2.5]}), "one type"),
        (pd.DataFrame({"a": []}), "0 rows"),
        ([[1, 2]], "DataFrame"),
    ],
    ids=["name", "names", "index", "types", "empty", "list"],
)
def test_a_table_that_is_no_panel_is_told(tmp_path, frame, words):
    with pytest.raises(harness.DataError, match=words):
        harness.run(SPEC, data=frame, out=tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


def test_equal_tables_have_equal_bytes():
    from harness.data.read.files import frame_file

    one = frame_file(grunfeld())
    assert frame_file(grunfeld().reset_index()) == one
    assert frame_file(grunfeld() + 1.0) != one


def test_progress_is_told_on_standard_error(tmp_path, capsys):
    harness.run(SPEC, data=grunfeld(), out=tmp_path, overrides=TINY)
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith("1 of 6 done in ")
    assert told[-1].endswith("now writing tables and report")


ROLES = {"entity": "firm", "time": "year", "outcomes": "invest", "exposure": "value", "controls": ["capital"]}
STUDIES = Path(__file__).with_name("studies")
FILE = (STUDIES / "grunfeld_study.yaml").read_text(encoding="utf-8")


def written():
    return harness.Spec(
        {
            "study": "grunfeld",
            "seed": 3,
            "data": {"dataset": "grunfeld"},
            "roles": ROLES,
            "estimators": [
                {"use": PooledOLS(), "id": "ols", "label": "Pooled"},
                {"use": "pooled_ols", "id": "alone", "controls": []},
                FixedEffects(effects=["entity", "time"]),
                Rab(base=Splines(), draws=30),
                {"use": SVR(C=3.0), "id": "svr"},
            ],
            "evaluation": {"reference": "ols", "protocols": ["in_sample", ForwardProtocol(windows=2)]},
            "scenarios": [CurveScenario(draws=40, grid=9)],
        }
    )


def test_it_is_the_study_of_the_file(tmp_path):
    spec = written()
    (tmp_path / "file.yaml").write_text(FILE, encoding="utf-8")
    catalogs = installed().catalogs
    own = load_study(spec.save(tmp_path / "own.yaml"), catalogs=catalogs).study
    assert own == load_study(tmp_path / "file.yaml", catalogs=catalogs).study
    assert repr(spec) == "Spec('grunfeld')"
    assert {spec} == {written()}


def test_options_that_are_objects_are_written_whole():
    roles = ROLES | {"latitude": "lat", "longitude": "lon"}
    estimator = PooledOLS(covariance=Conley(cutoff_km=100.0))
    spec = harness.Spec({"study": "near", "roles": roles, "estimators": [estimator]})
    (entry,) = yaml.safe_load(spec.text)["estimators"]
    assert entry["covariance"]["use"] == "conley"
    assert entry["covariance"]["cutoff_km"] == 100.0


def test_mistakes_are_those_of_a_file():
    wrong = {
        "study": "grunfeld",
        "roles": ROLES | {"control": "x"},
        "estimators": ["pooled_olss"],
        "seed": -1,
    }
    with pytest.raises(harness.SpecError) as caught:
        harness.Spec(wrong)
    said = str(caught.value)
    for message in ("roles", "did you mean 'pooled_ols'", "seed"):
        assert message in said
    assert len(caught.value.problems) == 3


def test_a_text_is_kept_and_its_mistakes_have_lines():
    assert harness.Spec(FILE).text == FILE
    with pytest.raises(harness.SpecError, match=r"(?s)spec:10:\d+: .*did you mean 'splines'"):
        harness.Spec(FILE.replace("use: splines", "use: spline"))


@pytest.mark.parametrize("choice", [3, object(), make_pipeline(FunctionTransformer(np.log), SVR())], ids=type)
def test_what_is_no_choice_is_refused(choice):
    with pytest.raises(harness.SpecError, match=r"estimators\[0\]|a ufunc is neither an estimator nor"):
        harness.Spec({"study": "grunfeld", "roles": ROLES, "estimators": [choice]})


def test_models_are_compared_in_one_call(tmp_path):
    data = grunfeld().reset_index()
    columns = {"outcome": "invest", "exposure": "value", "controls": ["capital"]}
    panel = harness.panel_from_frame(data, entity="firm", time="year", **columns)
    models = {"line": LinearRegression(), "tree": DecisionTreeRegressor(max_depth=2, random_state=0)}
    table = harness.compare_models(models, panel, seed=7, out=tmp_path / "run").set_index("estimator")
    kept = harness.open_run(tmp_path / "run").gain_between("tree", "line").iloc[0]
    assert kept[table.columns].equals(table.loc["tree"])
    frame = panel.frame()
    splitter = HeldOutEntities(frame["firm"].to_numpy(), frame["year"].to_numpy(), seed=7)
    X, y = frame[["value", "capital"]], frame["invest"]
    errors = {
        name: (cross_val_predict(model, X, y, cv=splitter) - y).pow(2).mean()
        for name, model in models.items()
    }
    assert table.loc["tree", "gain"] == pytest.approx(1 - errors["tree"] / errors["line"], rel=1e-7)
    with pytest.raises(harness.SpecError, match="there is 1"):
        harness.compare_models(["pooled_ols"], panel)


def test_a_script_runs_it(tmp_path):
    text = (
        FILE[: FILE.index("  - {id: alone")] + "evaluation: {protocols: [in_sample]}\nreport: {formats: []}\n"
    )
    result = harness.run(text, out=tmp_path / "run", progress=False)
    assert result.accuracy["estimator"].unique().tolist() == ["ols"]
    assert (result.path / "spec.yaml").read_text(encoding="utf-8") == text
