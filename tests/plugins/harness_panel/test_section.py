"""One run of the rivals: each in the gain table, the curves, and beside the debiased effect."""

import numpy as np
import pandas as pd
import pytest

import harness
from harness.findings.run import read_run
from harness.installed import installed
from harness.language import spoken
from harness.plugin import random_stream
from harness.report.figures.effects import whiskers_of
from harness.report.sections.effect_rows import effects_of
from harness.report.sections.effects import effect_table
from harness.running.folder import RunFolder
from harness_panel.diagnostics.section import SECTION as DIAGNOSTICS
from harness_panel.quantiles.section import SECTION as QUANTILES
from harness_panel.section import EVENTS, SECTION, rivals
from harness_panel.spatial.section import SECTION as IMPACTS
from report.fake_run import blocks_of, names_of_figures, said_in, tables_in, texts

ESTIMATORS = [
    {"id": "ols", "use": "pooled_ols", "label": "OLS"},
    {"id": "fe", "use": "fixed_effects", "effects": ["entity", "time"], "label": "FE"},
    {"id": "iv", "use": "instrumental", "effects": ["entity"], "label": "IV"},
    {"id": "broken", "use": "threshold_effects", "bootstraps": 19, "grid": 20, "label": "Break"},
    {"id": "cubic", "use": "polynomial_effects", "degree": 2, "with_moderators": False, "label": "Parabola"},
    {"id": "sdm", "use": "spatial_durbin", "label": "Durbin", "nearest": 4},
    {"id": "mmqr", "use": "quantile_effects", "label": "Quantiles", "quantiles": [0.25, 0.5, 0.75]},
]
STUDY = {
    "spec_version": 1,
    "study": "rivals",
    "title": "Rivals",
    "seed": 1,
    "data": {"path": "rows.csv"},
    "roles": {
        "entity": "id",
        "time": "year",
        "outcomes": ["y"],
        "exposure": "x",
        "controls": ["w"],
        "instruments": ["z"],
        "latitude": "lat",
        "longitude": "lon",
    },
    "estimators": ESTIMATORS,
    "evaluation": {"reference": "ols", "protocols": ["in_sample", "held_out_entities"]},
    "scenarios": [
        "diagnostics",
        {"use": "curve", "grid": 9, "draws": 10},
        {
            "use": "effect",
            "methods": ["correlated_random_effects"],
            "forms": ["line"],
            "learners": [{"use": "splines", "knots": 3}],
        },
    ],
}


def rows():
    """Rows whose x moves with the error, by 0.8 of it; its effect is one."""
    rng = random_stream(3, "side by side")
    entity, period = (axis.ravel() for axis in np.indices((40, 6)))
    z, w, error = rng.normal(size=(3, 240))
    x = z + 0.8 * error + 0.3 * rng.normal(size=240) + 0.5 * rng.normal(size=40)[entity]
    y = rng.normal(size=40)[entity] + x + w + error
    places = {"lat": 30.0 + entity % 7, "lon": 100.0 + entity // 7}
    return pd.DataFrame({"id": entity, "year": 2001 + period, "y": y, "x": x, "w": w, "z": z, **places})


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rivals") / "run"
    return harness.run(STUDY, data=rows(), out=folder, quick=True, progress=False), folder


def test_every_rival_has_gains_and_a_curve(result):
    run, _ = result
    gains, curves = run.table("gain"), run.table("curves")
    assert set(gains.query("status == 'ok'")["estimator"]) >= {"fe", "iv", "broken", "cubic"}
    assert set(curves.query("status == 'ok'")["estimator"]) == {one["id"] for one in ESTIMATORS}


def test_the_instrumented_effect_stands_beside_least_squares_and_the_debiased_effect(result):
    run, folder = result
    stored = read_run(RunFolder.open(folder))
    (found,) = effects_of(stored)
    rows = [own[0] for own, is_heading in effect_table(stored, [found]).body_rows if not is_heading]
    assert rows == ["Correlated random effects, slope", "OLS", "FE", "IV", "Quantiles"]
    slopes = {row.estimator: row for row in found.slopes}
    assert slopes["iv"].conf_low < 1.0 < slopes["iv"].conf_high
    assert slopes["ols"].conf_low > 1.0
    shown = run.table("coefficients").query("estimator == 'iv' and term == 'x'")["estimate"].item()
    assert slopes["iv"].estimate == pytest.approx(shown)


def test_neither_a_break_nor_a_parabola_has_a_single_slope(result):
    _, folder = result
    run = read_run(RunFolder.open(folder))
    (found,) = effects_of(run)
    assert found.curved == ("cubic", "sdm")
    assert [one.label for one in whiskers_of(run, found)][1:] == ["OLS", "FE", "IV", "Quantiles"]
    said = "Parabola, Durbin: the exposure has powers, products or means"
    assert said in (folder / "report.html").read_text("utf-8")


def test_the_shape_of_the_parabola_is_told(result):
    run, folder = result
    shown = tables_in(blocks_of(SECTION, read_run(RunFolder.open(folder))))[-1]
    assert shown.caption == "Shapes of polynomials"
    ((label, (tests, _)),) = texts(shown).items()
    assert label == "Parabola, y"
    stored = run.table("effect_tests").query("estimator == 'cubic'").set_index("test")
    wanted = f"an inverted U: {stored.loc['inverted U', 'statistic']:.2f}, p\u00a0".replace("-", "−")
    assert wanted in tests
    assert "p\u00a00.000" not in tests
    assert "p\u00a0=\u00a00.000" not in tests
    assert "Shapes of polynomials" in (folder / "report.html").read_text("utf-8")


def test_data_are_tested_with_a_sentence_each(result):
    run, folder = result
    tests = run.table("data_tests").set_index(["test", "variable"]).sort_index()
    correlations, shown = blocks_of(DIAGNOSTICS, read_run(RunFolder.open(folder)))
    assert texts(correlations)["(3) w"] == [f"{rows()[name].corr(rows()['w']):.2f}" for name in ("y", "x")]
    said = {row.cells[0]: row.cells[1:] for row in shown.groups[0].rows}
    rows_of = run.table("findings").query("finding == 'data_test'").set_index("key")["text"]
    (serial,) = tests.loc[("serial_correlation",), "p_value"]
    means = "Errors of an entity are" if serial < 0.05 else "No evidence of serial correlation"
    assert said["Wooldridge serial correlation"][2].text.startswith(means)
    morans = tests.loc[("moran", "y")]
    assert len(morans) == 6
    assert morans["p_value"].min() > 0.05 / 6
    moran = rows_of["data_test/y/scenario=diagnostics/test=moran/variable=y"]
    assert said["Moran's I by period, y"][2].text == moran == "y: no evidence that neighbours are alike."
    assert set(rows_of) <= {str(getattr(cells[2], "text", "")) for cells in said.values()}


def test_impacts_of_the_exposure_are_shown_and_said(result):
    run, folder = result
    found = run.table("details/impacts").set_index(["variable", "impact"])["estimate"]
    table, said = blocks_of(IMPACTS, read_run(RunFolder.open(folder)))
    numbers = [f"{found['x', impact]:.2f}".replace("-", "−") for impact in ("direct", "indirect", "total")]
    assert [cell.split()[0] for cell in texts(table)["x"]] == numbers
    step = read_run(RunFolder.open(folder)).manifest.study.scale("x").step
    for impact, words in (("direct", "id changes its own y by"), ("indirect", "all others together by")):
        assert f"{words} {step * found['x', impact]:.2f} [".replace("-", "−") in said.words


def test_slopes_by_quantile_are_shown_and_drawn(result):
    run, folder = result
    found = run.table("details/slopes_by_quantile").query("term == 'x'")
    table, figure = blocks_of(QUANTILES, read_run(RunFolder.open(folder)))
    numbers = [f"{slope:.2f}".replace("-", "−") for slope in found["estimate"]]
    assert {at: cells[0].split()[0] for at, cells in texts(table).items()} == dict(
        zip(("0.25", "0.5", "0.75"), numbers, strict=True)
    )
    assert names_of_figures([figure]) == ["quantiles-y-mmqr-x"]
    (line,) = (line for line in figure.content.axes[0].lines if len(line.get_xdata()) == 3)
    assert line.get_ydata() == pytest.approx(found["estimate"].to_numpy())


def test_thresholds_are_shown_with_their_likelihood(result):
    run = read_run(RunFolder.open(result[1]))
    (row,) = (row for rival in rivals(run) for row in rival.breaks)
    stored = result[0].table("thresholds").query("kind == 'break'")
    assert [row.at] == pytest.approx(stored["at"].tolist())
    blocks = blocks_of(SECTION, run)
    (label, *_, tests) = tables_in(blocks)[0].texts[1]
    assert label == "Break, y"
    statistic = result[0].table("effect_tests").query("test == 'one threshold'")["statistic"].item()
    assert tests.startswith(f"1: F {statistic:.2g}, p")
    assert names_of_figures(blocks) == ["threshold-y-broken"]
    with spoken("zh", installed().messages):
        assert SECTION.headed(run) == "门槛、形状与处理效应"


def test_treatments_are_shown_by_periods_since_they_started(tmp_path):
    entity, period = (axis.ravel() for axis in np.indices((30, 6)))
    zone = ((entity < 10) & (period >= 3)) | ((entity >= 25) & (period >= 4))
    levels, error = random_stream(1).normal(size=(2, 180))
    columns = {"id": entity, "year": 2001 + period, "y": levels[entity] + 1.5 * zone + 0.2 * error}
    study = STUDY | {
        "roles": {"entity": "id", "time": "year", "outcomes": ["y"], "exposure": "zone"},
        "estimators": [ESTIMATORS[0], ESTIMATORS[1] | {"event_window": 2}],
        "evaluation": {"protocols": ["in_sample"]},
        "scenarios": [],
    }
    data = pd.DataFrame(columns | {"zone": zone.astype(float)})
    result = harness.run(study, data=data, out=tmp_path / "run", progress=False)
    run = read_run(RunFolder.open(tmp_path / "run"))
    blocks = blocks_of(SECTION, run)
    events = [row.event_time for rival in rivals(run) for row in rival.rows(EVENTS)]
    assert events == [-2, -1, 0, 1, 2]
    assert tables_in(blocks) == []
    (sentence,) = said_in(blocks)
    assert sentence.startswith("FE, y: the joint test of no effect before the start has F ")
    assert names_of_figures(blocks) == ["event-study-y-fe"]
    assert "W-STAGGERED" in set(result.warnings["code"])
