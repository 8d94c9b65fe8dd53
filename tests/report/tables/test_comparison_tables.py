"""Tables of where gains come from, of choices, p-values and diagnostics, against the tables of the run."""

import pytest

from harness.report.reading.results import Results
from harness.report.reading.run import read_run
from harness.report.tables.choice_table import choice_table
from harness.report.tables.decomposition_table import decomposition_table
from harness.report.tables.diagnostic_table import diagnostic_table
from harness.report.tables.gain_table import gain_table
from harness.report.tables.p_value_table import p_value_table

NB = "\u00a0"


@pytest.fixture(scope="module")
def results(wage):
    return Results(read_run(wage))


def test_parts_stand_in_order_and_end_with_their_sum(results):
    table = decomposition_table(results, "lwage")
    assert table.heads == (
        "Functional form",
        "Recognising entities and periods",
        "Selection on the test rows",
        "Optimism of in-sample fit",
        "In-sample gain",
    )
    ann = next(row for row in table.rows if row.label == "SOM + ANN")
    assert [cell.value for cell in ann.cells] == ["−14.3%", "26.4%", "19.1%", "13.5%", "44.7%"]
    assert [cell.standing for cell in ann.cells] == ["worse", "better", "better", "better", "better"]
    rab = next(row for row in table.rows if row.label == "RAB")
    assert (rab.cells[0].value, rab.cells[0].standing) == ("−3.2%", "open")
    assert table.left_out == "Fixed effects"


def test_a_gain_that_comparisons_undo_is_open(results):
    table = gain_table(results, "lwage")
    boosting = next(row for row in table.rows if row.label == "Boosting")
    published, inside = boosting.cells[:2]
    assert (published.gain, published.beneath, published.symbol) == ("26.8%", f"[22.8,{NB}30.8]", "○")
    assert published.p_adjusted == f"adjusted p{NB}={NB}0.081"
    assert (inside.symbol, inside.p_adjusted) == ("▲", f"adjusted p{NB}={NB}0.030")


def test_p_values_are_grouped_by_protocol_without_refusals(results):
    groups = p_value_table(results, "lwage")
    assert [group.protocol.id for group in groups] == [
        "as_published",
        "in_sample",
        "held_out_entities",
        "forward",
    ]
    assert [len(group.rows) for group in groups] == [4, 4, 3, 4]
    row = groups[0].rows[-1]
    assert (row.label, row.alone, row.splits, row.holm, row.best) == (
        "Boosting",
        "0.010",
        "0.074",
        "0.081",
        "0.012",
    )


def test_choices_that_move_most_come_first(results, wage):
    groups = choice_table(results.run, "lwage")
    stored = wage.read_table("multiverse_choices")
    shares = stored.groupby("choice")["share_of_variance"].first().sort_values(ascending=False)
    assert [group.heading for group in groups] == [
        "Protocol",
        "Reference",
        "Clusters",
        "Rows compared on",
        "Random seed",
    ]
    assert groups[0].share_of_variance == f"{100 * shares.iloc[0]:.1f}%"
    assert [row.label for row in groups[1].rows] == ["Pooled OLS", "Fixed effects"]
    means = wage.read_table("multiverse").groupby("sample")["gain"].mean()
    assert [(row.label, row.mean_gain) for row in groups[3].rows] == [
        ("test rows", f"{100 * means['test']:.1f}%".replace("-", "−")),
        ("all rows", f"{100 * means['all']:.1f}%".replace("-", "−")),
    ]


def test_diagnostics_stand_side_by_side(results):
    table = diagnostic_table(results.run, "lwage")
    assert table.columns == ("Pooled OLS", "Fixed effects")
    assert [row.label for row in table.tests] == ["F test of the effects", "Hausman test", "Pesaran CD test"]
    effects, hausman, dependence = table.tests
    assert effects.null_hypothesis == "all entity effects are equal"
    assert [cell.value for cell in effects.cells] == ["F(541, 3,810) = 8.317", ""]
    assert effects.cells[0].p_value == f"p{NB}<{NB}0.001"
    assert (hausman.cells[1].value, hausman.cells[1].p_value) == ("χ²(5) = 46.35", f"p{NB}={NB}0.042")
    assert (dependence.cells[0].value, dependence.cells[1].value) == ("z = 3.472", "refused")
    assert dict(table.footnotes) == {
        hausman.cells[1].mark: "the difference of covariances is no covariance",
        dependence.cells[1].mark: "too few periods",
    }
    assert [(row.label, [cell.value for cell in row.cells]) for row in table.statistics] == [
        ("Rows", ["4,360", "4,360"]),
        ("R² within", ["0.184", "0.199"]),
        ("R² overall", ["0.192", "−0.049"]),
    ]
    (chosen,) = table.selections
    assert (chosen.label, chosen.n_candidates, chosen.chosen, chosen.error) == (
        "Boosting",
        "4",
        "rounds 38",
        "0.800",
    )
