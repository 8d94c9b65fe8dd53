"""Files of typed columns: parquet, Stata."""

from __future__ import annotations

import datetime
import io
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from harness.errors import DataError


def as_parquet(columns: dict) -> bytes:
    sink = io.BytesIO()
    parquet.write_table(pa.table(columns), sink)
    return sink.getvalue()


def test_types_are_kept(read_bytes):
    frame = read_bytes(
        as_parquet(
            {
                "id": ["NA", "007"],
                "day": [datetime.date(2011, 1, 1), datetime.date(2012, 1, 1)],
                "gap": pa.array([1, None], pa.int64()),
                "large": pa.array([2**53 + 1, None], pa.int64()),
                "decimal": [Decimal("1.5"), Decimal("2.25")],
            }
        ),
        name="panel.parquet",
    ).frame
    assert frame["id"].tolist() == ["NA", "007"]
    assert frame["gap"].dtype == np.float64
    assert frame["large"].tolist() == [2**53 + 1, None]  # not rounded
    assert frame["decimal"].tolist() == [Decimal("1.5"), Decimal("2.25")]
    assert frame.index.tolist() == [1, 2]


def test_an_index_that_pandas_stored_is_a_column(read_bytes):
    stored = pd.DataFrame({"y": [1.0]}, index=pd.Index(["a"], name="id"))
    frame = read_bytes(stored.to_parquet(), name="panel.parquet").frame
    assert sorted(frame.columns) == ["id", "y"]


@pytest.mark.parametrize(
    ("kind", "content", "what"),
    [
        ("parquet", b"", "first bytes say it is empty"),
        ("parquet", b"PAR1" + b"\0" * 50, "cannot be read as parquet"),
        ("parquet", as_parquet({"y": [1.0]})[:-20], "cannot be read as parquet"),
        ("dta", b"id,y\na,1\n", "cannot be read as Stata"),
        ("dta", b"<stata_dta>", "cannot be read as Stata"),
        ("dta", b"PAR1", "first bytes say it is a parquet file"),
        ("sav", b"id,y\n", "does not begin as one"),
    ],
)
def test_broken_files(read_bytes, kind, content, what):
    with pytest.raises(DataError) as caught:
        read_bytes(content, name=f"panel.{kind}")
    assert caught.value.where == f"panel.{kind}"
    assert what in caught.value.what


def test_a_small_file_with_an_absurd_number_of_rows(read_bytes):
    content = as_parquet({"a": pa.nulls(150_000_000), "b": pa.nulls(150_000_000)})
    assert len(content) < 1_000_000
    with pytest.raises(DataError) as caught:
        read_bytes(content, name="panel.parquet")
    assert "150,000,000 rows x 2 columns, about 37.2 GB" in caught.value.what


def test_a_small_file_that_unpacks_to_too_much(read_bytes, monkeypatch):
    monkeypatch.setattr("harness.data.read.columnar.MAX_UNPACKED", 100_000)
    with pytest.raises(DataError, match="unpacks to"):
        read_bytes(as_parquet({"a": np.random.default_rng(1).normal(size=20_000)}), name="panel.parquet")


@pytest.mark.parametrize("is_named", [True, False], ids=["dictionary", "plain"])
def test_long_texts_that_a_small_file_repeats_are_refused_before_they_are_spelled_out(read_bytes, is_named):
    texts = pa.array(["x" * 100_000] * 1000)
    sink = io.BytesIO()
    schema = pa.schema({"id": pa.dictionary(pa.int32(), pa.string()) if is_named else pa.string()})
    with parquet.ParquetWriter(sink, schema, dictionary_pagesize_limit=2**30) as writer:
        for _ in range(30):
            writer.write_table(pa.table({"id": texts.cast(schema.field("id").type)}, schema=schema))
    assert len(sink.getvalue()) < 1_000_000
    with pytest.raises(DataError, match=r"unpacks to 2,861 MB"):
        read_bytes(sink.getvalue(), name="panel.parquet")


def test_cells_that_are_lists_or_records_are_texts(read_bytes):
    columns = {"id": ["a", "b", "c"], "many": [[1, 2], None, [3]], "named": [{"x": 1}, {"x": 2}, None]}
    frame = read_bytes(as_parquet(columns), name="panel.parquet").frame
    assert frame["many"].dropna().tolist() == ["[1 2]", "[3]"]
    assert frame["named"].dropna().tolist() == ["{'x': 1}", "{'x': 2}"]
    assert frame["many"].isna().tolist() == [False, True, False]


def as_stata(frame: pd.DataFrame) -> bytes:
    sink = io.BytesIO()
    frame.to_stata(sink, write_index=False)
    return sink.getvalue()


def test_types_are_kept_and_labels_taken(read_bytes):
    frame = pd.DataFrame(
        {
            "id": ["NA", "b"],
            "year": pd.Series([2011, 2012], dtype="int32"),
            "y": [1.5, np.nan],
            "union": pd.Categorical(["no", "yes"]),
            "note": ["", "u"],
        }
    )
    read = read_bytes(as_stata(frame), name="panel.dta").frame
    assert read["id"].tolist() == ["NA", "b"]
    assert read["year"].tolist() == [2011, 2012]
    assert np.isnan(read["y"].iloc[1])
    assert read["union"].tolist() == ["no", "yes"]
    assert read["note"].isna().tolist() == [True, False]
