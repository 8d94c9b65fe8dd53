"""Gains, errors and p-values by protocol and estimator, cell by cell, and the dots of the figure."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from harness.api import run_study
from harness.findings.gains import Gains
from harness.findings.lines import Band, Curve
from harness.findings.run import read_run
from harness.report.sections.accuracy import error_table, gain_figure, gain_table, metric_tables
from harness.report.sections.verdict import (
    effect_table,
    effects,
    findings_table,
    other_gains,
    read_curve,
    shown_findings,
)
from harness.running.options import RunOptions
from harness.study.spec.document import written_spec
from report.changed_run import with_table
from report.shown_blocks import cells, plotted

REFUSED = ("a", "fold 1: experience is absorbed by the entity and time effects together")


def test_errors_of_every_protocol_honest_ones_first(run):
    table = error_table(run, "lwage")
    assert [group.heading for group in table.groups][::2] == [
        "Held-out entities",
        "As published (random rows)",
    ]
    ols, fe = list(cells(table, 2).values())[:2]
    assert [cell.text for cell in ols[:3]] == ["0.2220", "0.2312", "0.2243"]
    assert [own[1].look for own in cells(table, 2).values()] == ["", "lowest", "", "", ""]
    assert [cell.text for cell in fe[3:]] == ["0.472", "0.528", "1,308", "545"]
    refused = table.groups[0].rows[1].cells
    assert (refused[0].mark, refused[1], table.footnotes[0][0]) == ("a", "–", "a")


def test_gains_have_a_symbol_an_interval_and_a_p_value_on_hover(run):
    table = gain_table(Gains(run))
    found = cells(table)
    assert list(found) == ["Fixed effects", "SOM + ANN", "RAB", "Boosting"]
    assert [(cell.words, cell.symbol) for cell in found["SOM + ANN"]] == [
        *(("−14.3%", "▼"), ("2.1%", "●"), ("31.2%", "▲"), ("44.7%", "▲"))
    ]
    assert found["SOM + ANN"][0].beneath == ("[−20.3,\u00a0−8.3]",)
    refused = found["Fixed effects"][0]
    assert (refused.words, refused.mark, refused.look, table.footnotes) == (
        "refused",
        "a",
        "none",
        (REFUSED,),
    )
    published, inside = found["Boosting"][2:]
    assert (published.symbol, published.hint) == ("○", "cannot tell, p\u00a0=\u00a00.081")
    assert (inside.symbol, inside.look) == ("▲", "better")
    assert [column.mark for column in table.columns] == ["", "", "", "†", "†"]


@pytest.fixture(scope="module")
def figure(run):
    return plotted(gain_figure, Gains(run)).content


def test_gains_stand_where_their_numbers_are(run, figure):
    titles = [one.title for one in run.manifest.study.honest_first if one.keeps_test_rows_apart]
    assert [axes.get_title(loc="left").replace("\n", " ") for axes in figure.axes] == titles
    held_out, forward = figure.axes[:2]
    dots = [line for line in forward.lines if line.get_marker() in {"^", "v", "o"}]
    assert [float(line.get_xdata()[0]) for line in dots] == pytest.approx([39.5, 2.1, 3.4, -5.4])
    assert [line.get_marker() for line in dots] == ["^", "o", "o", "v"]
    assert [text.get_text() for text in held_out.texts] == ["refused", "−162%"]
    assert [line.get_marker() for line in held_out.lines].count("<") == 1


STUDY = {
    "spec_version": 1,
    "study": "losses",
    "title": "Other losses",
    "seed": 3,
    "data": {"dataset": "grunfeld"},
    "roles": {"entity": "firm", "time": "year", "outcomes": ["invest"], "exposure": "value"},
    "estimators": [{"id": "ols", "use": "pooled_ols"}, {"id": "fe", "use": "fixed_effects"}],
    "evaluation": {
        "reference": "ols",
        "protocols": ["forward"],
        "metrics": [{"id": "mae", "use": "absolute_error"}],
    },
    "report": {"formats": []},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return run_study(RunOptions(written_spec(STUDY), out=tmp_path_factory.mktemp("run") / "losses"))


def test_values_are_those_of_the_stored_predictions(folder):
    (table,) = metric_tables(read_run(folder))
    assert table.caption == "Absolute error, and the gain over ols"
    rows = pd.read_parquet(folder.path / "predictions.parquet")
    test = rows[rows["sample"] == "test"]
    losses = (test["observed"] - test["predicted"]).abs().groupby(test["estimator"]).mean()
    found = cells(table)
    for label, (cell,) in found.items():
        assert float(cell.words.replace(",", "")) == pytest.approx(losses[label], rel=1e-3)
    assert found["ols"][0].beneath == ()
    gain = float(found["fe"][0].beneath[0].partition("%")[0].replace("−", "-"))
    assert gain == pytest.approx(100 * (1 - losses["fe"] / losses["ols"]), abs=0.051)


@pytest.fixture(scope="module")
def run_of_verdict(wage):
    return read_run(wage)


def test_the_first_screen_tells_of_one_protocol_and_the_section_of_the_others(run_of_verdict):
    assert other_gains(run_of_verdict, "lwage").startswith("For later periods of the same men, ")
    assert "not used in training" not in other_gains(run_of_verdict, "lwage")


def test_findings_of_no_estimator_stand_there_and_of_featured_ones_what_is_significant(run_of_verdict):
    significant = with_table(run_of_verdict, "findings", lambda frame: frame.assign(is_established=True))
    shown = {row.estimator for row in shown_findings(significant, "lwage")}
    assert shown == {"ols", "rab"}
    kinds = {row.finding for row in shown_findings(significant, "lwage")}
    assert kinds.isdisjoint({"gain", "lowest_error"})
    none = with_table(run_of_verdict, "findings", lambda frame: frame.assign(is_established=False))
    assert shown_findings(none, "lwage") == ()
    rows = shown_findings(significant, "lwage")
    table = findings_table(run_of_verdict, "lwage", rows)
    labels = [row[0] for row, _ in table.body_rows]
    assert len(labels) == len(rows)
    assert all(len(label) < 80 for label in labels)


AT = np.array([0.0, 1.0, 2.0, 4.0])


def curve(kind, estimate, half, supported=(True, True, True, True)):
    estimate = np.asarray(estimate, dtype=float)
    return Curve(
        scenario="curve",
        outcome="y",
        estimator="ann",
        kind=kind,
        at=AT,
        estimate=estimate,
        supported=np.array(supported),
        share_of_rows=np.full(4, np.nan),
        bands=(Band("pointwise", 40, 0.95, "entity", estimate - half, estimate + half, estimate),),
    )


def test_a_reading_uses_the_supported_points_alone():
    level = curve("level", [9.0, 1.0, 3.0, 6.0], 0.5, (False, True, True, True))
    slope = curve("slope", [5.0, 0.4, 0.6, -0.7], 0.5, (False, True, True, True))
    fewer = curve("level_supported", [9.0, 1.0, 3.0, 4.5], 0.5, (False, True, True, True))
    reading = read_curve(level, slope, fewer)
    assert reading.supported_change == 3.5
    assert (reading.low_at, reading.high_at, reading.change) == (1.0, 4.0, 5.0)
    assert (reading.rising, reading.falling) == pytest.approx((1 / 3, 1 / 3))


def test_a_slope_on_the_other_side_of_zero_than_its_band_neither_rises_nor_falls():
    """Networks of resamples can all rise where the network of all rows falls."""
    level, slope = curve("level", [1.0, 2.0, 3.0, 4.0], 0.5), curve("slope", [0.6, 0.6, 0.6, -0.7], 0.5)
    other = replace(slope, estimate=np.array([-0.1, 0.6, 0.0, 0.2]))
    reading = read_curve(level, other, None)
    assert (reading.rising, reading.falling) == (0.25, 0.0)


def test_effects_put_coefficient_and_curve_of_an_estimator_together(run_of_verdict):
    found = {one.estimator.id: one for one in effects(run_of_verdict, "lwage")}
    assert list(found) == ["ols", "fe", "ann", "rab", "boosting"]
    assert found["ols"].coefficient.estimate == 0.110124
    assert found["ann"].coefficient is None
    assert found["ols"].curve.change == pytest.approx(0.03 * (15.0 - 0.75))


def test_coefficients_of_an_outcome_of_very_small_numbers_are_told_apart_from_their_errors(run_of_verdict):
    def small(table):
        return table.assign(
            **{name: 1e-9 * table[name] for name in ("estimate", "std_error", "conf_low", "conf_high")}
        )

    changed = with_table(run_of_verdict, "coefficients", small)
    table = effect_table(changed, "lwage", effects(changed, "lwage"))
    coefficient, interval, *_ = next(iter(cells(table).values()))
    assert (coefficient.words, coefficient.beneath) == ("1.101 × 10⁻¹⁰", ("(1.186 × 10⁻¹¹)",))
    assert "10⁻¹¹" in interval.text


def test_bands_that_rounding_of_a_level_leaves_off_zero_are_at_zero():
    """A mean of 8 at every exposure is summed to slopes of 1e-15, the same in every draw."""
    level = curve("level", [8.0, 8.0, 8.0, 8.0], 0.5)
    rounding = curve("slope", [4e-15, -4e-15, 2e-15, 0.0], 1e-16)
    reading = read_curve(level, rounding, None)
    assert (reading.rising, reading.falling) == (0.0, 0.0)
    steep = read_curve(level, curve("slope", [4e-12, -4e-12, 2e-12, 0.0], 1e-16), None)
    assert (steep.rising, steep.falling) == (0.5, 0.25)
