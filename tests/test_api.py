"""The same study from Python: what is returned, and what it shows."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import harness
from harness.running.files import sha256_of
from harness.running.folder import RunFolder
from harness.study.spec.document import read_document
from small_run import SPEC, TINY, grunfeld


def test_importing_the_package_stays_light():
    heavy = {"pandas", "torch", "scipy", "matplotlib", "rich", "ruamel"}
    code = f"import sys, harness; harness.run; harness.StudyResult; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "set()\n"


def test_tables_are_those_of_the_folder_with_all_digits(small_run):
    folder = RunFolder.open(small_run.path)
    for name in (
        "gain",
        "accuracy",
        "coefficients",
        "curves",
        "turning_points",
        "decomposition",
        "multiverse",
    ):
        frame = getattr(small_run, name)
        assert len(frame), name
        pd.testing.assert_frame_equal(frame, folder.read_table(name), check_exact=True)
    assert small_run.claims["quantity"].tolist() == ["gain"]
    assert list(small_run.warnings.columns) == ["code", "where", "message"]


def test_the_in_sample_error_is_that_of_least_squares(small_run):
    frame = grunfeld().reset_index().query("firm != 'American Steel'")
    X = np.column_stack([np.ones(len(frame)), frame["value"], frame["capital"]])
    _, residual, _, _ = np.linalg.lstsq(X, frame["invest"].to_numpy())
    errors = small_run.accuracy.set_index(["estimator", "protocol", "sample"])["mse"]
    assert errors["ols", "in_sample", "all"] == pytest.approx(residual[0] / len(frame), rel=1e-9)


def test_a_table_that_was_not_asked_for_is_empty(small_run):
    assert small_run.surfaces.empty
    assert small_run.heterogeneity.empty
    assert small_run.table("details/networks").empty


def test_a_table_that_no_run_has_is_told_with_those_there_are(small_run):
    with pytest.raises(harness.ArtifactError, match="did you mean 'gain'"):
        small_run.table("gains")


def test_coefficients_stand_side_by_side(small_run):
    table = small_run.coefficient_table()
    assert table.columns.tolist() == ["Pooled OLS", "curved"]
    assert table.loc["Market value", "Pooled OLS"] == "0.116 (0.016)"
    assert table.loc["Observations"].tolist() == ["200", "200"]
    with pytest.raises(harness.ArtifactError, match="invest"):
        small_run.coefficient_table("profit")


def test_maketables_takes_the_fits(small_run):
    import maketables

    latex = maketables.ETable(list(small_run.fits("invest").values())).make("tex")
    row = small_run.coefficients.set_index(["estimator", "term"]).loc[("ols", "value")]
    assert f"{row['estimate']:.3f}" in latex
    assert f"({row['std_error']:.3f})" in latex
    assert "Market value" in latex
    assert "clustered by entity" in latex
    (effects,) = [line for line in latex.splitlines() if line.startswith("entity &")]
    assert [cell.strip() for cell in effects.removesuffix(r" \\").split("&")] == ["entity", "-", "x"]


def test_a_gain_is_a_number_with_its_interval(small_run):
    gain = small_run.gain_of("curved", "in_sample")
    rows = small_run.gain.set_index(["estimator", "protocol", "sample"])
    row = rows.loc[("curved", "in_sample", "test")]
    assert float(gain) == gain.gain == row["gain"]
    assert (gain.conf_low, gain.conf_high) == pytest.approx((row["conf_low"], row["conf_high"]), nan_ok=True)
    assert repr(gain) == f"Gain({row['gain']:.4g} [{row['conf_low']:.4g}, {row['conf_high']:.4g}])"


def test_what_is_asked_for_and_not_there_is_told_with_what_is(small_run):
    for ask, words in (
        (lambda: small_run.gain_of("curvd", "in_sample"), "did you mean 'curved'"),
        (lambda: small_run.gain_of("curved", "forward"), "no gain with protocol 'forward'"),
        (lambda: small_run.fitted("olz"), "did you mean 'ols'"),
        (lambda: small_run.plot_surface("conditional", "ols"), "no figure 'surface-conditional-ols'"),
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


def test_figures_are_shown_as_svg(small_run):
    figure = small_run.figures["curve-invest"]
    assert figure._repr_svg_().startswith("<svg ")


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
