"""Every result table is declared once, and what is declared holds together."""

from __future__ import annotations

import pytest

from harness.tables.registry import PARQUET_TABLES, TABLES, with_declared
from harness.tables.table import STATUS, ResultTable

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
