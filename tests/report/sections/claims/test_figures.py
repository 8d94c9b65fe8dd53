"""Published tables and figures: printed, as published, as it should be, and why they differ."""

import base64
import csv
import dataclasses
import io
import re

import pytest

from harness.report.model.run import read_run
from harness.report.sections.claims.differences import differing_estimators
from harness.report.sections.claims.figures import published_figures
from harness.report.sections.claims.markdown import markdown
from harness.report.sections.claims.rows import claim_rows
from harness.report.sections.claims.section import MARKDOWN, ClaimsSection


@pytest.fixture(scope="module")
def run(wage):
    return read_run(wage)


def test_every_number_stands_three_times_in_the_order_of_the_spec(run):
    shown = published_figures(run)
    assert [figure.source for figure in shown.figures] == ["Table 2", "Figure 4"]
    table, curve = shown.figures
    error, gain = table.rows
    assert (error.printed, error.published, error.counterpart) == ("0.0010", "0.1591", "–")
    assert (gain.printed, gain.published, gain.counterpart) == ("67.8582%", "31.20%", "−14.30%")
    level, turn, *_, direction = curve.rows
    assert (level.printed, level.published, level.counterpart) == ("1.5", "1.460", "1.430")
    assert (direction.published, direction.counterpart) == ("82.00%", "–")
    assert turn.missing == turn.reason == "the curve of this run has no minimum within its range"
    assert turn.counterpart_missing == "this run draws no such curve"
    assert level.missing == level.counterpart_missing == ""
    assert (curve.published, curve.counterpart) == ("RAB", "Boosting")


def test_how_each_number_stands_is_beside_it_and_contradictions_come_first(run):
    shown = published_figures(run)
    assert shown.counts == (
        *(("inconsistent", 1), ("inconsistent under assumption", 1), ("differs", 2), ("reproduced", 1)),
        ("not comparable", 1),
    )
    assert [status for status, _ in shown.meanings] == [status for status, _ in shown.counts]
    contradiction, assumed = shown.contradictions
    assert (contradiction.assumption, assumed.assumption) == ("", "one fit")
    assert assumed.reason == "two bends"
    assert contradiction.reason.startswith("the errors 0.0010 and 0.0034 give a gain of")
    assert contradiction.claims == "Table 2: Log wage, gain over the reference, 67.8582%"
    table, curve = shown.figures
    mse, gain = table.rows
    assert (gain.status, gain.recomputed) == ("inconsistent", "70.59%")
    assert gain.recomputed_range == "68.66% to\u00a072.46%"
    assert (mse.status, mse.symbol) == ("differs", "≠")
    assert [row.symbol for row in curve.rows].count("?") == 1


def test_every_number_is_listed_once_in_the_file_of_the_table(wage, run):
    page = (wage.path / "report.html").read_text(encoding="utf-8").partition('<section id="claims">')[2]
    address = re.search(r'href="data:text/csv;charset=utf-8;base64,([^"]*)"', page)[1]
    _, *listed = csv.reader(io.StringIO(base64.b64decode(address).decode("utf-8-sig")))
    numbers = [
        (row.outcome, row.printed, row.published)
        for one in published_figures(run).figures
        for row in one.rows
    ]
    assert [(row[1], row[2], row[5]) for row in listed if row[1]] == numbers


def test_a_table_of_errors_is_shown_on_training_test_and_all_rows(run):
    table, curve = published_figures(run).figures
    assert curve.errors is None
    assert (table.errors.published, table.errors.counterpart) == (
        "As published (random rows)",
        "Held-out entities",
    )
    rows = {(row.sample, row.estimator): row for row in table.errors.rows}
    samples, estimators = ("training rows", "test rows", "all rows"), ("Pooled OLS", "SOM + ANN")
    assert set(rows) == {(sample, label) for sample in samples for label in estimators}
    network = rows["test rows", "SOM + ANN"]
    assert network.published.gains == ("31.2%",)
    assert network.counterpart.gains == ("−14.3%",)
    assert float(network.published.mse) == pytest.approx(0.2312 * (1 - 0.312), abs=1e-4)
    assert float(rows["training rows", "Pooled OLS"].published.mse) == pytest.approx(0.2312 * 0.96, abs=1e-4)


def test_what_two_estimators_and_two_protocols_do_otherwise_is_told(run):
    table, curve = published_figures(run).figures
    assert curve.estimators == (
        "RAB (as published) and Boosting (as it should be) differ in method, rab against boosting.",
    )
    (told,) = table.protocols
    published, other = told.split(" (as published); ")
    assert published.startswith("As published (random rows): A random 10% of the rows are held out")
    assert "models are selected on the test rows" in published
    assert "models are selected on the test rows" not in other
    (question,) = curve.left_open
    assert question.question == "What a resample draws."
    assert table.left_open == ()


def test_options_of_nested_estimators_are_compared_by_their_paths(run):
    study = run.manifest.study
    claim = dataclasses.replace(
        next(row for row in claim_rows(run) if row.estimator == "rab" and row.counterpart_estimator),
        counterpart_estimator="own",
    )
    rab = next(entry for entry in study.estimators if entry.id == "rab")
    options = {"unit": "row", "base": {"use": "som_ann", "clusters": 4}}
    other = {"unit": "entity", "base": {"use": "mlp"}}
    changed = dataclasses.replace(
        study,
        estimators=(
            dataclasses.replace(rab, options=options),
            dataclasses.replace(rab, id="own", label="RAB of men", options=other),
        ),
    )
    assert differing_estimators(changed, [claim]) == (
        "RAB (as published) and RAB of men (as it should be) differ in unit, row against entity; "
        "base.use, som_ann against mlp; base.clusters, 4 as published alone.",
    )


def test_markdown_has_every_number_and_nothing_that_is_read_as_markup(run):
    text = markdown(published_figures(run))
    assert "| gain over the reference | Log wage | 67.8582% | 31.20% | −14.30% |" in text
    assert "- What a resample draws. Here: single rows; whole men beside it" in text
    (file,) = ClaimsSection().files(run, "markdown")
    assert (file.path, file.content) == (MARKDOWN, text)
    assert list(ClaimsSection().files(run, "latex")) == []


def test_hostile_text_stays_text(hostile):
    text = markdown(published_figures(read_run(hostile)))
    assert "<svg" not in text
    assert "<script" not in text
