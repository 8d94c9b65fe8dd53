import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from harness.data.data_spec import DataSpec
from harness.data.read.files import DataFolder, read_table
from harness.data.shipped import harness_datasets
from harness.errors import DataError, PluginError

CLEAN = b"id,year,y\na,2011,1.5\n"
SHIPPED = {dataset.name: dataset for dataset in harness_datasets()}


@dataclass(frozen=True)
class Toy:
    name: str = "toy"
    title: str = "A toy"
    source: str = "Nobody (1900)"
    frame: pd.DataFrame | None = None

    def load(self) -> pd.DataFrame:
        if self.frame is None:
            raise OSError("the disk is gone")
        return self.frame


def read(spec: DataSpec, root: Path, *, given: Path | None = None, datasets=SHIPPED):
    return read_table(spec, folder=DataFolder(root), given=given, datasets=datasets, entity="id", time="year")


def test_what_the_report_says_of_a_file(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "panel.csv").write_bytes(CLEAN)
    table = read(DataSpec(path="data/panel.csv"), tmp_path)
    assert table.origin == "data/panel.csv"
    assert table.title == "panel.csv"
    assert table.sha256 == hashlib.sha256(CLEAN).hexdigest()


def test_the_command_line_replaces_the_source(tmp_path, monkeypatch):
    elsewhere = tmp_path / "home" / "me"
    elsewhere.mkdir(parents=True)
    (elsewhere / "mine.csv").write_bytes(CLEAN)
    project = tmp_path / "project"
    project.mkdir()
    for spec in (DataSpec(), DataSpec(path="absent.csv"), DataSpec(dataset="wage_panel")):
        table = read(spec, project, given=elsewhere / "mine.csv")
        assert table.origin == "mine.csv"  # tells nothing of the home folder
        assert len(table.frame) == 1
    monkeypatch.chdir(elsewhere)
    assert read(DataSpec(), project, given=Path("mine.csv")).origin == "mine.csv"


def test_a_spec_without_data(tmp_path):
    with pytest.raises(DataError) as caught:
        read(DataSpec(), tmp_path)
    assert caught.value.what == "this spec names no data"
    assert caught.value.hint == "give --data FILE"


def test_unknown_dataset(tmp_path):
    with pytest.raises(DataError) as caught:
        read(DataSpec(dataset="wage_pannel"), tmp_path)
    assert "there is no dataset 'wage_pannel'" in caught.value.what
    assert caught.value.hint == "did you mean 'wage_panel'?"
    assert caught.value.expected.startswith("air_fares, basketball, ")


def test_a_file_too_large_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "panel.csv"
    path.touch()
    os.truncate(path, 50 * 2**30)  # sparse
    with pytest.raises(DataError) as caught:
        read(DataSpec(path="panel.csv"), tmp_path)
    assert caught.value.what == "51,200 MB, which may take 500 GB in memory"
    assert "at most 512 MB" in caught.value.expected


@pytest.mark.parametrize(
    ("frame", "error", "what"),
    [
        pytest.param(None, PluginError, "cannot be loaded: the disk is gone", id="raises"),
        pytest.param(pd.DataFrame({"id": []}), DataError, "0 rows", id="no-rows"),
        pytest.param(pd.DataFrame([[1, 2]], columns=["id", "id"]), DataError, "'id' (2 times)", id="double"),
    ],
)
def test_a_dataset_that_fails(tmp_path, frame, error, what):
    with pytest.raises(error) as caught:
        read(DataSpec(dataset="toy"), tmp_path, datasets={"toy": Toy(frame=frame)})
    assert what in caught.value.what


@pytest.mark.parametrize(
    ("name", "shape", "columns"),
    [
        ("wage_panel", (4360, 12), {"nr", "year", "lwage", "exper", "expersq", "educ", "hours", "union"}),
        ("public_capital", (816, 11), {"state", "yr", "p_cap", "pc", "gsp", "emp", "unemp"}),
        ("grunfeld", (220, 5), {"firm", "year", "invest", "value", "capital"}),
    ],
)
def test_harness_datasets(tmp_path, name, shape, columns):
    table = read(DataSpec(dataset=name), tmp_path)
    assert table.frame.shape == shape
    assert columns <= set(table.frame.columns)
    assert table.title
    assert table.source
