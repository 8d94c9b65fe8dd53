import io

import numpy as np
import pandas as pd
import pytest

from harness.errors import DataError


def as_stata(frame: pd.DataFrame) -> bytes:
    sink = io.BytesIO()
    frame.to_stata(sink, write_index=False)
    return sink.getvalue()


def test_types_are_kept_and_labels_left_aside(read_bytes):
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
    assert read["union"].tolist() == [0, 1]
    assert read["note"].isna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        pytest.param(b"id,y\na,1\n", "cannot be read as Stata", id="text-that-begins-as-an-old-release"),
        pytest.param(b"<stata_dta>", "cannot be read as Stata", id="cut-off"),
        pytest.param(b"PAR1", "first bytes say it is a parquet file", id="parquet"),
    ],
)
def test_broken_files(read_bytes, content, what):
    with pytest.raises(DataError) as caught:
        read_bytes(content, name="panel.dta")
    assert what in caught.value.what
