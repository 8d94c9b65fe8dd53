import os
import pickle

import pytest

from harness.errors import DataError


class Payload:
    """A pickle that writes a file when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("name", ["model.pkl", "model.joblib", "data.npz"])
def test_files_that_run_code_are_refused_by_name(read_bytes, tmp_path, name):
    with pytest.raises(DataError) as caught:
        read_bytes(pickle.dumps(Payload(str(tmp_path / "sentinel"))), name=name)
    assert "can run code when they are read" in caught.value.what
    assert ".csv" in caught.value.expected
    assert not (tmp_path / "sentinel").exists()


@pytest.mark.parametrize("name", ["panel.csv", "panel.dta", "panel.xlsx"])
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_a_pickle_under_another_name(read_bytes, tmp_path, name, protocol):
    with pytest.raises(DataError) as caught:
        read_bytes(pickle.dumps(Payload(str(tmp_path / "sentinel")), protocol=protocol), name=name)
    assert "a Python pickle, which can run code when it is read" in caught.value.what
    assert not (tmp_path / "sentinel").exists()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        pytest.param(b"PAR1....PAR1", "a parquet file", id="parquet"),
        pytest.param(b"\x1f\x8b\x08...", "a gzip archive", id="gzip"),
        pytest.param(b"%PDF-1.7", "a PDF", id="pdf"),
    ],
)
def test_other_files_under_the_name_of_text(read_bytes, content, what):
    with pytest.raises(DataError) as caught:
        read_bytes(content)
    assert "is named as a text file" in caught.value.what
    assert what in caught.value.what
    assert "right extension" in caught.value.hint


@pytest.mark.parametrize("name", ["panel.xls", "panel", "panel.csv.gz"])
def test_formats_that_are_not_read(read_bytes, name):
    with pytest.raises(DataError) as caught:
        read_bytes(b"id,y\na,1\n", name=name)
    assert "are not read" in caught.value.what
    assert "export the data as csv or parquet" in caught.value.hint
