"""What a folder must hold to be reported, and what is said where it does not."""

import math

import pandas as pd
import pytest

from harness.errors import ArtifactError, HarnessError
from harness.tables.decision import ABOVE, BELOW, CONDITIONAL, NEGLIGIBLE, OPEN, UNTESTED
from harness.tables.gain import ENTITIES, GAIN, GIVEN_PERIODS, GainRow, decide_gain
from harness.tables.preparation import VariableRow
from harness.tables.registry import PARQUET_TABLES, TABLES
from harness.tables.table import STATUS, read_rows
from report.fake_run import manifest, read_manifest


def test_every_mistake_of_a_manifest_is_named():
    content = manifest(outcomes={"y": ("Y", "")})
    del content["study"]["seed"]
    content["data"]["n_obs"] = "many"
    with pytest.raises(ArtifactError) as raised:
        read_manifest(content)
    assert {one.where for one in raised.value.problems} == {
        "manifest.json: study.seed",
        "manifest.json: data.n_obs",
    }


def test_labels_fall_back_to_names_and_units_are_in_brackets():
    study = read_manifest(manifest(outcomes={"y": ("Output", "tons")})).study
    assert [study.axis_label(name) for name in ("y", "nr", "union")] == ["Output (tons)", "man", "union"]
    assert study.estimator_label("gone") == "gone"


def test_a_table_without_a_column_is_refused():
    with pytest.raises(ArtifactError, match=r"gain\.csv: the table lacks estimator, reference, protocol"):
        read_rows(pd.DataFrame({"outcome": ["y"]}), GainRow, table="gain")


def test_empty_cells_become_nothing_and_more_columns_are_passed_over():
    frame = pd.DataFrame(
        {
            "variable": ["NA"],
            "role": pd.Series([pd.NA], dtype="string"),
            "n": [3.0],
            "mean": [None],
            "sd": [1.5],
            "min": [0],
            "max": [2],
            "sd_within": [0.1],
            "sd_between": [0.2],
            "more": ["x"],
        }
    )
    (row,) = read_rows(frame, VariableRow, table="summary")
    assert (row.variable, row.role, row.n, row.sd, row.max) == ("NA", "", 3, 1.5, 2.0)
    assert row.mean != row.mean


def decided(low, high, p_holm, inference=ENTITIES):
    gain = (low + high) / 2
    return decide_gain(gain, low, high, p_holm, inference=inference, size=0.05, least_gain=0.1)


@pytest.mark.parametrize(
    ("low", "high", "p_holm", "decision"),
    [
        (0.01, 0.2, 0.049, ABOVE),
        (0.01, 0.2, 0.05, OPEN),
        (-0.2, -0.01, 0.049, BELOW),
        (-0.2, -0.01, 0.05, NEGLIGIBLE),
        (-0.01, 0.2, 0.2, OPEN),
        (-0.1, 0.1, 0.9, OPEN),
        (-0.1, 0.099, 0.9, NEGLIGIBLE),
        (0.01, 0.05, 0.06, NEGLIGIBLE),
        (0.01, 0.05, 0.01, ABOVE),
        (math.nan, math.nan, math.nan, UNTESTED),
    ],
)
def test_a_gain_is_decided_by_its_adjusted_p_value_or_else_by_what_its_interval_leaves(
    low, high, p_holm, decision
):
    assert decided(low, high, p_holm) == decision


def test_time_that_was_seen_once_tests_nothing():
    assert decided(0.01, 0.2, math.nan, GIVEN_PERIODS) == CONDITIONAL
    assert decided(-0.01, 0.05, math.nan, GIVEN_PERIODS) == OPEN
    assert decided(-0.2, -0.01, math.nan, GIVEN_PERIODS) == OPEN


ALL = (*TABLES.values(), *PARQUET_TABLES)


@pytest.mark.parametrize("table", ALL, ids=lambda table: table.file)
def test_keys_and_measures_are_columns(table):
    assert len(set(table.columns)) == len(table.columns)
    assert {*table.key, *table.measures, *table.study_wide} <= set(table.columns)
    assert not set(table.key) & {*table.measures, *STATUS}
    assert table.key
    assert table.description[0].islower()


def test_no_two_tables_share_a_file():
    assert len({table.file for table in ALL}) == len(ALL)
    assert {name: table.name for name, table in TABLES.items()} == {name: name for name in TABLES}


def test_a_key_that_repeats_is_named_and_a_mistake_of_the_harness():
    cell = {"outcome": "y", "estimator": "fe", "protocol": "forward", "reference": "ols", "sample": "test"}
    rows = pd.DataFrame([cell, {**cell, "sample": "train"}])
    GAIN.require_unique(rows)
    GAIN.require_unique(pd.DataFrame())
    with pytest.raises(HarnessError, match=r"gain.csv: would hold several rows of one key: outcome=y, estim"):
        GAIN.require_unique(pd.concat([rows, rows]))
