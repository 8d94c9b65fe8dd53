"""Damaged specs and data files are read or end in a message; no other exception escapes a reader."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from command import ROOT
from harness import DataError, SpecError
from harness.data.data_spec import DataSpec
from harness.installed import installed
from harness.study.spec.load import load_study
from spec_tables import table_of

pytestmark = pytest.mark.slow

SPECS = sorted((ROOT / "specs").glob("*.yaml"))
# What a spec's author never means, and YAML gives a meaning to.
ODD = (
    *("null", "~", "[]", "{}", "-1", "1e400", ".nan", "0x1f", "1_000", "yes", "2011-01-01", "''", "&a *a"),
    *(
        "!!python/name:os.system",
        "<<: {}",
        "? a",
        "%YAML 9",
        "---",
        "\t",
        "\u202e",
        "'\\x07'",
        "@",
        "`",
        "|",
        ">",
    ),
)

WRITERS = {
    "csv": lambda frame, path: frame.to_csv(path, index=False),
    "parquet": lambda frame, path: frame.to_parquet(path, index=False),
    "dta": lambda frame, path: frame.to_stata(path, write_index=False),
    "xlsx": lambda frame, path: frame.to_excel(path, index=False),
}
ONCE_A_FILE = settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@cache
def catalogs():
    return installed().catalogs


def require_places(error):
    """Every problem of a message says where it is and what was found."""
    assert error.problems
    assert all(problem.where and problem.what for problem in error.problems)


@ONCE_A_FILE
@given(data=st.data())
def test_a_damaged_spec_is_refused_in_words_or_read(tmp_path, data):
    lines = data.draw(st.sampled_from(SPECS)).read_text(encoding="utf-8").splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        odd = data.draw(st.one_of(st.sampled_from(ODD), st.text(max_size=12)))
        key, colon, _ = lines[at].partition(":")
        lines[at] = data.draw(
            st.sampled_from([f"{key}{colon} {odd}", f"{odd}{lines[at]}", f" {lines[at]}", ""])
        )
    path = tmp_path / "spec.yaml"
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    try:
        load_study(path, catalogs=catalogs())
    except SpecError as error:
        require_places(error)


@pytest.mark.parametrize("ending", WRITERS)
@ONCE_A_FILE
@given(data=st.data())
def test_a_damaged_data_file_is_refused_in_words_or_read(tmp_path, ending, data):
    whole = tmp_path / f"whole.{ending}"
    if not whole.exists():
        rows = np.arange(12)
        frame = pd.DataFrame(
            {"city": [f"c{row // 4}" for row in rows], "year": 2000 + rows % 4, "y": rows / 7}
        )
        WRITERS[ending](frame, whole)
    damaged = bytearray(whole.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    path = tmp_path / f"damaged.{ending}"
    path.write_bytes(bytes(damaged[: data.draw(st.integers(0, len(damaged)))]))
    try:
        table_of(DataSpec(path=path.name), tmp_path, entity="city")
    except DataError as error:
        require_places(error)
