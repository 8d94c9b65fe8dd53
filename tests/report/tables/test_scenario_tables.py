"""Tables of turning points, groups, moderators, claims, variables and networks, cell by cell."""

import dataclasses

import pytest

from harness.report.reading.run import read_run
from harness.report.tables.claim_table import claim_table, published_text
from harness.report.tables.conditional_table import conditional_table
from harness.report.tables.group_table import group_table
from harness.report.tables.network_table import map_table, search_table
from harness.report.tables.turning_table import turning_table
from harness.report.tables.variable_table import preparation_table, variable_table
from harness.report.words.findings import findings

NB = "\u00a0"


@pytest.fixture(scope="module")
def run(wage):
    return read_run(wage)


def test_turning_points_and_their_absence(run):
    table = turning_table(run, "lwage")
    assert [(row.label, row.kind) for row in table] == [
        ("Pooled OLS", "no interior turning point"),
        ("Fixed effects", "no interior turning point"),
        ("SOM + ANN", "maximum"),
        ("RAB", "maximum"),
        ("Boosting", "no interior turning point"),
    ]
    rab = table[3]
    # 0.068 / 0.0056 = 12.143, between 1.4 below and 1.1 above
    assert (rab.at, rab.interval, rab.share) == ("12.1", f"[10.7,{NB}13.2]", "92%")


def test_groups_have_levels_effects_and_differences(run):
    table = group_table(run, ("size", "size"))
    assert [block.heading for block in table.blocks] == [
        "Log wage (log dollars an hour), RAB",
        "Log wage (log dollars an hour), Pooled OLS",
    ]
    rab, ols = table.blocks
    pooled, refit = rab.rows[2].cells
    assert (rab.rows[2].name, rab.rows[2].n_obs, rab.rows[2].n_entities) == ("small and medium", "402", "52")
    assert (pooled.effect.value, pooled.effect.interval) == ("0.010", f"[0.004,{NB}0.016]")
    assert (pooled.effect.excludes_zero, refit.effect.excludes_zero) == (True, False)
    assert (pooled.median.value, pooled.median.interval) == ("1.700", f"[1.670,{NB}1.720]")
    first = rab.differences[0]
    assert (first.name, first.cells[0].effect.value) == ("large less mega and super", "0.012")
    assert not any(row.cells[0].effect.excludes_zero for row in ols.differences)


def test_a_group_that_cannot_be_refitted_says_why(run):
    table = group_table(run, ("rank", "rank"))
    refused = table.blocks[1].rows[1].cells[1]
    assert (refused.effect.value, refused.mark) == ("–", "a")
    assert table.footnotes == (
        ("a", "fold 1: experience is absorbed by the entity and time effects together"),
    )


def test_an_estimator_without_any_group_has_one_row(run):
    rows = tuple(
        dataclasses.replace(row, group="", mode="", status="refused", reason="why", effect=float("nan"))
        for row in run.groups.rows[:1]
    )
    own = dataclasses.replace(run, groups=dataclasses.replace(run.groups, rows=rows, differences=()))
    (block,) = group_table(own, run.groups.partitions[0]).blocks
    (row,) = block.rows
    assert (row.name, [cell.mark for cell in row.cells]) == ("all groups", ["a", "a"])


def test_a_moderator_has_effects_thresholds_and_interactions(run):
    table = conditional_table(run, ("educ", "educ"))
    rab, ols = table.groups[0].rows
    assert (table.moderator, rab.label, ols.label) == ("Schooling (years)", "RAB", "Pooled OLS")
    assert [one.at for one in rab.effects] == ["6", "11.45", "16"]
    # 0.068 (6 - 9.5) / 4 - 0.8 * 0.0008 * 9.818
    assert rab.effects[0].effect.value == "−0.066"
    assert [one.effect.excludes_zero for one in rab.effects] == [True, True, True]
    assert rab.thresholds == (f"9.7 [9.1,{NB}10.4], from − to +, in 98% of draws",)
    assert ols.thresholds == ("none established",)
    assert (rab.friedman_h.value, ols.friedman_h.value) == ("0.310", "0.000")
    assert rab.ale_share.interval == f"[0.060,{NB}0.220]"


def test_claims_that_cannot_be_right_come_first(run):
    table = claim_table(run)
    assert table.counts == (("inconsistent", 1), ("differs", 2), ("reproduced", 1), ("not comparable", 1))
    (contradiction,) = table.contradictions
    assert contradiction.reason.startswith("the errors 0.0010 and 0.0034 give a gain of")
    assert contradiction.claims == "Table 2: Log wage, gain over the reference, 67.8582%"
    assert [group.source for group in table.groups] == ["Table 2", "Figure 4"]
    gain, mse = table.groups[0].rows
    assert (gain.status, gain.published, gain.recomputed, gain.this_run) == (
        *("inconsistent", "67.8582%", "70.59%", "31.20%"),
    )
    assert gain.recomputed_range == f"68.66% to{NB}72.46%"
    assert (mse.published, mse.this_run, mse.symbol) == ("0.0010", "0.1591", "≠")
    direction = table.groups[1].rows[2]
    assert (direction.published, direction.this_run) == ("100%", "82.00%")


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
    row = dataclasses.replace(run.claims[0], quantity=quantity, published=published, digits=digits)
    assert published_text(row) == text


def test_variables_stand_by_role_with_their_preparation(run):
    groups = {group.heading: group.rows for group in variable_table(run)}
    assert list(groups) == ["Outcomes", "Exposure", "Moderators", "Controls"]
    (exposure,) = groups["Exposure"]
    assert (exposure.label, exposure.name, exposure.unit, exposure.prepared) == (
        *("Experience", "exper", "years", "square"),
    )
    assert groups["Outcomes"][0].prepared == ""
    (step,) = preparation_table(run)
    assert (step.into, step.step, step.inputs) == ("Experience", "square", "age, schooling")


def test_networks_and_maps(run):
    first = search_table(run, "lwage")[0]
    assert (first.label, first.place, first.formula, first.tried, first.chosen) == (
        *("SOM + ANN", "cluster 1", "7.5217", "6 to 8", "7"),
    )
    assert (first.training, first.selection) == ("0.270", "0.300")
    (quality,) = map_table(run)
    assert quality.label == "SOM + ANN, Log wage; RAB, Log wage"
    assert (quality.clusters, quality.topographic_error) == ("500 + 560 + 620 + 680", "4.3%")


def test_findings_in_sentences(run):
    (rab, ols, *others) = findings(run, "lwage")
    assert rab == f"RAB, turning points of the curve: a maximum at 12.1 [10.7,{NB}13.2], in 92% of draws."
    assert ols == "Pooled OLS, turning points of the curve: none is established inside the supported range."
    assert others == [
        f"RAB, effect by size (one model for all groups): large 0.034 [0.028,{NB}0.040], mega and super "
        f"0.022 [0.016,{NB}0.028] and small and medium 0.010 [0.004,{NB}0.016]. Established differences: "
        f"large less mega and super 0.012 [0.003,{NB}0.021], large less small and medium 0.024 "
        f"[0.015,{NB}0.033] and mega and super less small and medium 0.012 [0.003,{NB}0.021].",
        f"RAB, effect by rank (one model for all groups): first rank 0.034 [0.028,{NB}0.040] and other 0.022 "
        f"[0.016,{NB}0.028]. Established differences: first rank less other 0.012 [0.003,{NB}0.021].",
        f"RAB, effect by Schooling (years): −0.066 [−0.078,{NB}−0.054] at 6, 0.027 [0.015,{NB}0.039] at "
        f"11.45 and 0.104 [0.092,{NB}0.116] at 16. It changes its sign at 9.7 [9.1,{NB}10.4].",
    ]
