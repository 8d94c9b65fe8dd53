"""What a folder must hold to be reported, and what is said where it does not."""

import math

import pandas as pd
import pytest

from harness.errors import ArtifactError
from harness.tables.gain import GainRow, GainStatus
from harness.tables.preparation import VariableRow
from harness.tables.registry import PARQUET_TABLES, TABLES, with_declared
from harness.tables.table import STATUS, ResultTable, read_rows
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


def standing(low, high, p_holm, **changes):
    gain = (low + high) / 2
    cell = dict.fromkeys(("outcome", "estimator", "reference", "protocol", "sample", "status", "reason"), "")
    row = GainRow(gain=gain, conf_low=low, conf_high=high, p_holm=p_holm, **cell, **changes)
    return row.status_at(0.95, 0.1)


@pytest.mark.parametrize(
    ("low", "high", "p_holm", "status"),
    [
        (0.01, 0.2, 0.049, GainStatus.BETTER),
        (0.01, 0.2, 0.05, GainStatus.OPEN),
        (-0.2, -0.01, 0.049, GainStatus.WORSE),
        (-0.2, -0.01, 0.05, GainStatus.NOT_BETTER),
        (-0.01, 0.2, 0.2, GainStatus.OPEN),
        (-0.1, 0.1, 0.9, GainStatus.OPEN),
        (-0.1, 0.099, 0.9, GainStatus.NOT_BETTER),
        (0.01, 0.05, 0.06, GainStatus.NOT_BETTER),
        (0.01, 0.05, 0.01, GainStatus.BETTER),
        (math.nan, math.nan, math.nan, GainStatus.MISSING),
    ],
)
def test_a_gain_stands_by_its_adjusted_p_value_or_else_by_what_its_interval_leaves(low, high, p_holm, status):
    assert standing(low, high, p_holm) is status


def test_time_that_was_seen_once_tests_nothing():
    once = {"inference": "given these periods", "p_holm": math.nan}
    assert standing(0.01, 0.2, **once) is GainStatus.BETTER_ONCE
    assert standing(-0.01, 0.05, **once) is GainStatus.OPEN
    assert standing(-0.2, -0.01, **once) is GainStatus.OPEN


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


def test_tables_of_plugins_stand_beside_the_harness_own():
    lags = ResultTable("lags", ("outcome", "lag"), ("outcome",), "lags")
    other_gain = ResultTable("gain", ("outcome",), ("outcome",), "another")
    tables = with_declared([lags, other_gain])
    assert tables["lags"] == lags
    assert tables["gain"] == TABLES["gain"]
    assert set(tables) == {*TABLES, "lags"}
