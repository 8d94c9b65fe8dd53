"""One panel in every format: labelled values, factors and texts are one study."""

import datetime
import io
from decimal import Decimal
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

import harness
from harness.data.build import PanelBuilder
from harness.data.data_spec import DataSpec, FileSpec, Roles
from harness.data.read.columnar import STATA
from harness.data.read.files import DataFolder
from harness.data.read.source import Source
from harness.draft.draft import Answers, draft_of
from harness.draft.found_data import find_data, sniff
from harness.errors import DataError
from spec_tables import table_of

LEVELS = {
    "policy": ["none", "some", "full"],
    "place": ["urban", "rural"],
    "area": ["NA", "north", "south"],
    "married": ["single", "married"],
}


def categories() -> pd.DataFrame:
    """Return a panel whose exposure, group and control are categories, in no alphabetical order."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(product("abcdefgh", range(2010, 2016)), columns=["id", "year"])
    frame["x"], frame["y"] = np.round(rng.normal(size=(2, len(frame))), 3)
    codes = {"policy": rng.integers(3, size=len(frame)), "place": rng.integers(2, size=len(frame))}
    codes["married"] = rng.integers(2, size=len(frame))
    codes["area"] = frame["id"].map(lambda name: "abcdefgh".index(name) % 3).to_numpy()
    return frame.assign(
        **{name: pd.Categorical.from_codes(code, LEVELS[name]) for name, code in codes.items()}
    )


def write(frame, path):
    texts = frame.astype(dict.fromkeys(LEVELS, object))
    match path.suffix:
        case ".csv":
            texts.to_csv(path, index=False)
        case ".dta":
            frame.to_stata(path, write_index=False)
        case ".parquet":
            frame.to_parquet(path)
        case ".xlsx":
            texts.to_excel(path, index=False)
        case ".sav":
            pyreadstat = pytest.importorskip("pyreadstat")
            codes = frame.assign(**{name: frame[name].cat.codes for name in LEVELS})
            labels = {name: dict(enumerate(levels)) for name, levels in LEVELS.items()}
            pyreadstat.write_sav(codes, path, variable_value_labels=labels)


def tables_of(folder, suffix):
    write(categories(), folder / f"panel{suffix}")
    run = folder / f"run{suffix}"
    harness.run(
        Path(__file__).with_name("formats.yaml"), data=folder / f"panel{suffix}", out=run, progress=False
    )
    told = {"preparation.csv"}  # how cells were written
    return {path.name: path.read_bytes() for path in run.rglob("*.csv") if path.name not in told}


@pytest.fixture(scope="module")
def of_texts(tmp_path_factory):
    return tables_of(tmp_path_factory.mktemp("texts"), ".csv")


@pytest.mark.parametrize("suffix", [".dta", ".sav", ".parquet", ".xlsx"])
def test_a_panel_gives_the_same_tables_whatever_the_file(tmp_path, of_texts, suffix):
    assert b"policy=none" in of_texts["coefficients.csv"]
    assert tables_of(tmp_path, suffix) == of_texts


def as_stata(**labels):
    """Return a file of four rows whose columns married and trust have codes with these labels."""
    frame = pd.DataFrame({"id": [1, 1, 2, 2], "year": [2010, 2011] * 2, "x": [0.5, 1.0, 0.0, 2.0]})
    frame["y"], frame["married"], frame["trust"] = [1.0, 2.0, 2.5, 1.5], [0, 1, 1, 0], [3, 99, 7, 10]
    sink = io.BytesIO()
    frame.to_stata(sink, write_index=False, value_labels=labels)
    return sink.getvalue()


def column(folder, content, name, **said):
    """Return a control of the panel in a Stata file, (n_obs,), as the estimators get it."""
    (folder / "panel.dta").write_bytes(content)
    spec = DataSpec(path="panel.dta", **said)
    roles = Roles(entity="id", time="year", outcomes=("y",), exposure="x", controls=(name,))
    return PanelBuilder.build(table_of(spec, folder), spec, roles).frame()[name].tolist()


def test_init_says_which_codes_with_labels_lie_far_from_the_other_numbers(tmp_path):
    frame = pd.DataFrame({"id": [1] * 6, "year": range(6), "trust": [1, 2, 3, 4, 5, 99]})
    sink = io.BytesIO()
    frame.to_stata(sink, write_index=False, value_labels={"trust": {1: "low", 5: "high", 99: "refused"}})
    source = Source(sink.getvalue(), "panel.dta", "", "", FileSpec())
    assert sniff(source, STATA).spec.labelled == {"trust": (99.0,)}


@pytest.mark.parametrize("exposure", ["x", "married"])
def test_init_drafts_the_same_of_labels_and_of_texts(tmp_path, exposure):
    drafts = []
    for suffix in (".csv", ".dta"):
        write(categories(), path := tmp_path / f"panel{suffix}")
        found = find_data([path], Answers(outcome="y", exposure=exposure), folder=DataFolder(tmp_path))
        draft = draft_of(found.table.frame, found.answers, origin="panel")
        drafts.append(vars(draft) | {"columns": ()})
    assert drafts[0] == drafts[1]
    assert {"x", "place", "married"} == {*drafts[0]["controls"], exposure}
    assert drafts[0]["levels"] == (("married", "single") if exposure == "married" else ())


YES = {0: "no", 1: "yes"}
TRUST = {3: "low", 7: "middle", 10: "high", 99: "refused"}


@pytest.mark.parametrize(
    ("labels", "married"),
    [(YES, [0, 1, 1, 0]), ({0: "single", 1: "Married"}, [0, 1, 1, 0]), ({0: "yes", 1: "no"}, [1, 0, 0, 1])],
)
def test_of_two_texts_1_is_the_one_that_names_the_column_or_the_later(tmp_path, labels, married):
    assert column(tmp_path, as_stata(married=labels), "married") == married


@pytest.mark.parametrize("written", [["1,5", "2,5"], ["..", "yes"], ["n/a", "yes"], ["yes", "yes"]])
def test_other_texts_are_no_numbers(tmp_path, written):
    rows = [f'{who},{2010 + at},{at},{at + 1},"{cell}"\n' for who in "ab" for at, cell in enumerate(written)]
    (tmp_path / "panel.csv").write_text("id,year,x,y,z\n" + "".join(rows))
    roles = Roles(entity="id", time="year", outcomes=("y",), exposure="x", controls=("z",))
    spec = DataSpec(path="panel.csv")
    with pytest.raises(DataError, match="cells are not numbers"):
        PanelBuilder.build(table_of(spec, tmp_path), spec, roles)


def test_categories_are_no_numbers_unless_the_spec_says_so(tmp_path):
    content = as_stata(trust=TRUST)
    with pytest.raises(DataError) as caught:
        column(tmp_path, content, "trust")
    assert "column 'trust'" in caught.value.where
    assert "3 (low), 99 (refused), 7 (middle), 10 (high)" in caught.value.what
    assert "data: labelled: {trust: number}" in caught.value.hint
    assert column(tmp_path, content, "trust", labelled={"trust": "number"}) == [3, 99, 7, 10]


def test_a_label_of_a_code_among_numbers_is_asked_about(tmp_path):
    content = as_stata(trust={99: "refused", -1: "no answer"})
    with pytest.raises(DataError) as caught:
        column(tmp_path, content, "trust")
    assert "row 2 (1, 2011)" in caught.value.where
    assert "1 of 4 cells are codes with labels, 99 (refused)" in caught.value.what
    assert "labelled: {trust: [99]}" in caught.value.hint
    said = {"labelled": {"trust": (99,)}, "missing": "drop"}
    assert column(tmp_path, content, "trust", **said) == [3, 7, 10]
    assert column(tmp_path, content, "trust", labelled={"trust": "number"}) == [3, 99, 7, 10]


@pytest.mark.parametrize(("suffix", "damage"), [("sav", slice(191, 231)), ("xpt", slice(900, None))])
def test_a_damaged_file_of_spss_or_sas_is_one_error(read_bytes, tmp_path, suffix, damage):
    pyreadstat = pytest.importorskip("pyreadstat")
    frame = pd.DataFrame({"id": list("abc") * 10, "year": range(30), "y": 1.5, "u": [0, 1, 1] * 10})
    if suffix == "sav":  # so damaged, it ends the process that reads it
        labels = {"u": {0: "no", 1: "yes"}}
        pyreadstat.write_sav(frame, str(tmp_path / "whole"), variable_value_labels=labels)
    else:
        pyreadstat.write_xport(frame, tmp_path / "whole")
    content = bytearray((tmp_path / "whole").read_bytes())
    del content[damage]
    with pytest.raises(DataError) as caught:
        read_bytes(bytes(content), name=f"panel.{suffix}")
    assert caught.value.where == f"panel.{suffix}"
    assert f"cannot be read as {suffix}" in caught.value.what
    assert caught.value.hint


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
        ("parquet", as_parquet({"y": [1.0]})[:-20], "cannot be read as parquet"),
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


def stata_column(frame: pd.DataFrame) -> bytes:
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
    read = read_bytes(stata_column(frame), name="panel.dta").frame
    assert read["id"].tolist() == ["NA", "b"]
    assert read["year"].tolist() == [2011, 2012]
    assert np.isnan(read["y"].iloc[1])
    assert read["union"].tolist() == ["no", "yes"]
    assert read["note"].isna().tolist() == [True, False]
