"""Published tables and figures: printed, as published, as it should be, and why they differ."""

import dataclasses
from dataclasses import replace

import pytest

from harness.findings.run import read_run
from harness.report.sections.claims import CLAIMS_SECTION, MARKDOWN, claim_table, markdown
from harness.report.sections.published import (
    conclusion_table,
    contradictions,
    differing_estimators,
    holds,
    published_figures,
    published_text,
)
from harness.study.expectations.claim import PublishedConclusion
from harness.tables.claims import CLAIMS
from report.changed_run import with_study
from report.shown_blocks import blocks_of, cells, said_in


def test_every_number_stands_three_times_in_the_order_of_the_spec(run):
    _, curve = figures = published_figures(run)
    assert [figure.source for figure in figures] == ["Table 2", "Figure 4"]
    shown = claim_table(run.manifest.study, figures)
    assert [[own[at].text for at in (1, 4, 5)] for own in cells(shown).values()] == [
        ["0.0010", "0.1591", "–"],
        ["67.8582%", "31.20%", "−14.30%"],
    ]
    level, turn, *_, direction = cells(shown, 1).values()
    assert [level[at].text for at in (1, 4, 5)] == ["1.5", "1.460", "1.430"]
    assert [direction[at].text for at in (4, 5)] == ["82.00%", "–"]
    assert turn[7].text == "the curve of this run has no minimum within its range"
    assert turn[8].text == "this run has no such curve"
    assert (curve.published, curve.counterpart) == ("RAB", "Boosting")
    _, gain = cells(shown).values()
    assert (gain[2].text, gain[3].text, gain[6].words) == ("70.59%", "68.66% to\u00a072.46%", "inconsistent")
    assert [own[6].symbol for own in cells(shown, 1).values()].count("?") == 1
    assert next(iter(cells(shown).values()))[6].symbol == "≠"


def test_how_the_numbers_stand_is_counted_and_contradictions_come_first(run):
    blocks = blocks_of(CLAIMS_SECTION, run)
    assert said_in(blocks)[0] == (
        "The spec declares 6 published numbers: inconsistent 1, inconsistent under assumption 1, differs 2, "
        "reproduced 1, not comparable 1."
    )
    contradiction, assumed = contradictions(run.manifest.study, run.rows(CLAIMS))
    assert (contradiction.assumption, assumed.assumption, assumed.reason) == ("", "one fit", "two bends")
    assert contradiction.reason.startswith(
        "the errors 0.0010 and 0.0034, allowing for rounding, imply a gain of"
    )
    assert contradiction.claims == "Table 2: Log wage, gain over the reference, 67.8582%"


def test_a_table_of_errors_is_shown_on_training_test_and_all_rows(run):
    table, curve = published_figures(run)
    assert curve.errors is None
    assert [cell.text for cell in table.errors.over[1:]] == [
        "As published (random rows)",
        "Held-out entities",
    ]
    rows = {own[1:3]: own[3:] for own, _ in table.errors.body_rows}
    samples, estimators = ("training rows", "test rows", "all rows"), ("Pooled OLS", "SOM + ANN")
    assert set(rows) == {(sample, label) for sample in samples for label in estimators}
    mse, gain, _, counterpart = rows["test rows", "SOM + ANN"]
    assert (gain, counterpart) == ("31.2%", "−14.3%")
    assert float(mse) == pytest.approx(0.2312 * (1 - 0.312), abs=1e-4)
    assert float(rows["training rows", "Pooled OLS"][0]) == pytest.approx(0.2312 * 0.96, abs=1e-4)


def test_what_two_estimators_and_two_protocols_do_otherwise_is_told(run):
    table, curve = published_figures(run)
    assert curve.estimators == (
        "RAB (as published) and Boosting (as it should be) differ in method, `rab` against `boosting`.",
    )
    (told,) = table.protocols
    published, other = told.split(" (as published); ")
    assert published.startswith("As published (random rows): A random 10% of the rows is held out")
    assert "models are selected on the test rows" in published
    assert "models are selected on the test rows" not in other
    (question,) = curve.left_open
    assert question.question == "What a resample draws."
    assert table.left_open == ()


def test_options_of_nested_estimators_are_compared_by_their_paths(run):
    study = run.manifest.study
    claim = dataclasses.replace(
        next(row for row in run.rows(CLAIMS) if row.estimator == "rab" and row.counterpart_estimator),
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
        "RAB (as published) and RAB of men (as it should be) differ in `unit`, `row` against `entity`; "
        "`base.use`, `som_ann` against `mlp`; `base.clusters`, `4` as published alone.",
    )


def test_markdown_has_every_number_and_nothing_that_is_read_as_markup(run, hostile):
    text = markdown(run.manifest.study, published_figures(run))
    assert "| gain over the reference | Log wage | 67.8582% | 31.20% | −14.30% |" in text
    assert "- What a resample draws. Here: single rows; whole men beside it" in text
    (file,) = CLAIMS_SECTION.files(run, "markdown")
    assert (file.path, file.content) == (MARKDOWN, text)
    assert list(CLAIMS_SECTION.files(run, "latex")) == []
    other = read_run(hostile)
    text = markdown(other.manifest.study, published_figures(other))
    assert "<svg" not in text
    assert "<script" not in text


@pytest.mark.parametrize(
    ("quantity", "published", "digits", "text"),
    [
        ("mse", 0.001, 4, "0.0010"),
        ("level", 920.0, -1, "920"),
        ("gain", 0.6558, 4, "65.58%"),
        ("direction", 1.0, None, "100%"),
        ("median", 2.294, None, "2.294"),
    ],
)
def test_a_published_number_keeps_its_digits(run, quantity, published, digits, text):
    row = dataclasses.replace(run.rows(CLAIMS)[0], quantity=quantity, published=published, digits=digits)
    assert published_text(row) == text


def test_a_row_counts_the_claims_that_hold_among_those_with_a_number(run):
    concluded = (
        PublishedConclusion(text="It bends.", source="Abstract", sources=("Figure 4",)),
        PublishedConclusion(text="It rises.", sources=("Figure 4",), quantities=("direction",)),
        PublishedConclusion(
            text="It is accurate.", sources=("Table 2",), quantities=("gain",), outcomes=("lwage",)
        ),
        PublishedConclusion(text="Nothing.", sources=("Table 2",), outcomes=("hours",)),
    )
    rows = conclusion_table(with_study(run, conclusions=concluded)).texts[1:]
    # 1.46 rounds to 1.5 and 82 of 100 do not reach all; 1.43 would be 1.4; two have no number
    assert [texts[1:] for texts in rows] == [
        ("4", "1 of 2 82.00%", "0 of 1"),
        ("1", "0 of 1 82.00%", "–"),
        ("1", "0 of 1 31.20%", "0 of 1 −14.30%"),
        ("0", "–", "–"),
    ]
    assert rows[0][0] == "It bends. Abstract"


def test_rounding_tolerance_and_bounds_say_what_holds(run):
    level = next(row for row in run.rows(CLAIMS) if row.quantity == "level")
    assert [holds(level, value) for value in (1.449, 1.45, 1.55, 1.551)] == [False, True, True, False]
    assert holds(replace(level, tolerance=0.1), 1.64)
    assert [holds(replace(level, bound="least"), value) for value in (1.4, 9.0)] == [False, True]
    assert [holds(replace(level, bound="most"), value) for value in (1.6, -9.0)] == [False, True]
    statement = replace(level, published=1.0, digits=None)
    assert [holds(statement, share) for share in (0.999, 1.0)] == [False, True]
