"""Laws that hold for any panel: what the order of rows and columns, and the kind of file, do not change."""

import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from harness.data.build import PanelBuilder
from harness.data.data_spec import DataSpec
from harness.data.prepare.factor_index import FactorIndex
from harness.data.prepare.panel_steps import Lag
from harness.data.prepare.row_steps import Square
from harness.data.read.source import Table
from harness.data.roles import Roles
from spec_tables import table_of

ROLES = Roles("id", "year", ("y",), "d", (), ("x1", "d2"))
STEPS = (FactorIndex("d", ("p", "q", "r")), Lag("x1", "x"), Square("d2", "d"))
FINITE = st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: round(x, 6))


def build(frame: pd.DataFrame) -> PanelBuilder:
    table = Table(frame, origin="panel", title="", source="", sha256="")
    return PanelBuilder.build(table, DataSpec(prepare=STEPS), ROLES)


@st.composite
def panels(draw) -> pd.DataFrame:
    """Return a table of several entities in consecutive years, with cells of any size."""
    entities = draw(st.lists(st.text("abcä北1", min_size=1, max_size=3), min_size=3, max_size=6, unique=True))
    n_years = draw(st.integers(3, 4))
    n_obs = len(entities) * n_years
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    cells = {name: rng.normal(size=n_obs) * 10.0 ** draw(st.integers(-6, 6)) for name in ("p", "q", "r", "x")}
    cells["y"] = np.array(draw(st.lists(FINITE, min_size=n_obs, max_size=n_obs)))
    keys = {
        "id": np.repeat(entities, n_years),
        "year": np.tile(np.arange(2011, 2011 + n_years), len(entities)),
    }
    return pd.DataFrame(keys | cells)


def assert_same(original: PanelBuilder, other: PanelBuilder, *, rtol: float = 0.0) -> None:
    first, second = original.panel("y"), other.panel("y")
    np.testing.assert_allclose(first.X, second.X, rtol=rtol, atol=rtol / 10)
    np.testing.assert_array_equal(first.observed, second.observed)
    np.testing.assert_array_equal(first.period, second.period)
    assert first.entity.labels == second.entity.labels
    np.testing.assert_array_equal(first.entity.codes, second.entity.codes)
    assert first.time.labels == second.time.labels


@settings(max_examples=25, deadline=None)
@given(frame=panels(), order=st.randoms(use_true_random=False))
def test_the_order_of_rows_and_columns_changes_no_bit(frame, order):
    rows, columns = list(range(len(frame))), list(frame.columns)
    order.shuffle(rows)
    order.shuffle(columns)
    assert_same(build(frame), build(frame.iloc[rows].reset_index(drop=True)[columns]))


@settings(max_examples=25, deadline=None)
@given(frame=panels(), factor=st.integers(2, 7), shift=st.integers(-500, 500))
def test_the_unit_and_start_of_time_do_not_matter(frame, factor, shift):
    moved = frame.assign(year=frame["year"] * factor + shift)
    original, other = build(frame).panel("y"), build(moved).panel("y")
    np.testing.assert_array_equal(original.period, other.period)
    np.testing.assert_array_equal(original.X, other.X)


def as_bytes(frame: pd.DataFrame, suffix: str) -> bytes:
    sink = io.BytesIO()
    if suffix == "csv":
        return frame.to_csv(index=False).encode()
    if suffix == "parquet":
        frame.to_parquet(sink)
    elif suffix == "dta":
        frame.to_stata(sink, write_index=False, version=118)
    else:
        frame.to_excel(sink, index=False)
    return sink.getvalue()


@pytest.mark.parametrize("suffix", ["csv", "dta", "xlsx"])
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(frame=panels())
def test_the_kind_of_file_does_not_matter(tmp_path, suffix, frame):
    (tmp_path / f"panel.{suffix}").write_bytes(as_bytes(frame, suffix))
    spec = DataSpec(path=f"panel.{suffix}", prepare=STEPS)
    table = table_of(spec, tmp_path)
    original = build(frame)
    assume(not any(note.code == "W-INDEX" for note in original.notes))
    # A workbook keeps 16 digits of a number, which are not always enough to tell it from its neighbours.
    assert_same(original, PanelBuilder.build(table, spec, ROLES), rtol=1e-6 if suffix == "xlsx" else 0.0)
