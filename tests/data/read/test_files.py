"""Data of a study: files found and read, datasets, formats that are refused, files that change."""

import json
import os
import pickle
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from command import invoked, printed
from harness.api import run_study as run
from harness.data.data_spec import DataSpec, FileSpec
from harness.data.read.files import DataFolder, read_source
from harness.data.read.source import FileReader, Source
from harness.errors import DataError, PluginError
from harness.running.options import RunOptions
from harness.study.spec.document import written_spec
from small_run import SPEC, TINY, grunfeld
from spec_tables import table_of

CLEAN = b"id,year,y\na,2011,1.5\n"


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


def test_the_command_line_replaces_the_source(tmp_path, monkeypatch):
    elsewhere = tmp_path / "home" / "me"
    elsewhere.mkdir(parents=True)
    (elsewhere / "mine.csv").write_bytes(CLEAN)
    project = tmp_path / "project"
    project.mkdir()
    for spec in (DataSpec(), DataSpec(path="absent.csv"), DataSpec(dataset="wage_panel")):
        table = table_of(spec, project, given=elsewhere / "mine.csv")
        assert table.origin == "mine.csv"  # tells nothing of the home folder
        assert len(table.frame) == 1
    monkeypatch.chdir(elsewhere)
    assert table_of(DataSpec(), project, given=Path("mine.csv")).origin == "mine.csv"


def test_a_spec_without_data(tmp_path):
    with pytest.raises(DataError) as caught:
        table_of(DataSpec(), tmp_path)
    assert caught.value.what == "this spec names no data"
    assert caught.value.hint == "give --data FILE"


def test_unknown_dataset(tmp_path):
    with pytest.raises(DataError) as caught:
        table_of(DataSpec(dataset="wage_pannel"), tmp_path)
    assert "there is no dataset 'wage_pannel'" in caught.value.what
    assert caught.value.hint == "did you mean 'wage_panel'?"
    assert caught.value.expected.startswith("air_fares, airline_costs, ")


def test_a_file_too_large_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "panel.csv"
    path.touch()
    os.truncate(path, 50 * 2**30)  # sparse
    with pytest.raises(DataError) as caught:
        table_of(DataSpec(path="panel.csv"), tmp_path)
    assert caught.value.what == "51,200 MB, which may take 500 GB in memory"
    assert "at most 512 MB" in caught.value.expected


@pytest.mark.parametrize(
    ("frame", "error", "what"),
    [
        pytest.param(None, PluginError, "cannot be loaded: the disk is gone", id="raises"),
        pytest.param([1], PluginError, "returned a list", id="no-frame"),
        pytest.param(pd.DataFrame({"id": []}), DataError, "0 rows", id="no-rows"),
        pytest.param(pd.DataFrame([[1, 2]], columns=["id", "id"]), DataError, "'id' (2 times)", id="double"),
    ],
)
def test_a_dataset_that_fails(tmp_path, frame, error, what):
    with pytest.raises(error) as caught:
        table_of(DataSpec(dataset="toy"), tmp_path, datasets={"toy": Toy(frame=frame)})
    assert what in caught.value.what


def test_a_reader_that_returns_no_reading_is_named():
    bare = FileReader("bare", (".bare",), lambda _: pd.DataFrame({"x": [1.0]}))
    with pytest.raises(PluginError) as caught:
        read_source(Source(b"", "file.bare", "id", "year", FileSpec()), bare)
    assert str(caught.value).startswith("reader bare: read: returned a DataFrame of shape (1, 1)\n")


def find(asked: str, root: Path, *, allow_outside: bool = False) -> Path:
    return DataFolder(root, allow_outside=allow_outside).find(asked)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "data").mkdir(parents=True)
    (root / "data" / "cities.csv").write_text("a\n1\n")
    (tmp_path / "secret.csv").write_text("a\n1\n")
    return root


@pytest.mark.parametrize(
    ("asked", "what", "hint"),
    [
        pytest.param("data/citys.csv", "no such file", "did you mean 'cities.csv'?", id="misspelt"),
        pytest.param("data", "is a folder", "name the file itself", id="folder"),
        pytest.param("../secret.csv", "outside of the spec's folder", "--allow-outside", id="parent"),
        pytest.param("b\udcff.csv", "no usable path", "PYTHONUTF8=1", id="not-utf-8"),
        pytest.param("file:/etc/passwd", "an address", "download it", id="file-url"),
    ],
)
def test_refused_paths(project, asked, what, hint):
    with pytest.raises(DataError) as caught:
        find(asked, project)
    assert (asked if asked.isascii() else ascii(asked)) in caught.value.where
    assert what in caught.value.what
    assert hint in caught.value.hint


def test_link_out_of_the_project(project):
    (project / "link.csv").symlink_to(project.parent / "secret.csv")
    with pytest.raises(DataError, match="outside"):
        find("link.csv", project)
    assert find("link.csv", project, allow_outside=True) == project.parent / "secret.csv"


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_devices(project, device):
    with pytest.raises(DataError, match="device or pipe"):
        find(device, project, allow_outside=True)


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


@pytest.mark.parametrize(("content", "what"), [pytest.param(b"PAR1....PAR1", "a parquet file", id="parquet")])
def test_other_files_under_the_name_of_text(read_bytes, content, what):
    with pytest.raises(DataError) as caught:
        read_bytes(content)
    assert "is named as a text file" in caught.value.what
    assert what in caught.value.what
    assert "right extension" in caught.value.hint


READER = """\
import io

import pandas as pd
from harness.plugin import FileReader, Reading, hookimpl


def read(source):
    with source.read_as("JSON lines"):
        frame = pd.read_json(io.BytesIO(source.content), orient="records", lines=True)
    return Reading(frame)


@hookimpl
def harness_readers():
    return [FileReader("json_lines", (".jsonl",), read)]
"""


def test_a_plugins_format_is_read_as_any_other_by_the_spec_and_by_init(tmp_path):
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins/lines.py").write_text(READER, encoding="utf-8")
    rows = [
        {"id": i, "year": 2000 + t, "y": i * 1.5 + t * t, "x": f"{i - t}%"}
        for i in range(4)
        for t in range(3)
    ]
    (tmp_path / "panel.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    words = ["--plugins-folder", str(tmp_path / "plugins")]
    draft = ["init", str(tmp_path / "panel.jsonl"), "--outcome", "y", "--exposure", "x"]
    printed(*words, *draft)
    assert "percent: number" in (tmp_path / "panel.yaml").read_text(encoding="utf-8")
    printed(*words, "validate", tmp_path / "panel.yaml")
    with pytest.raises(DataError, match=r"files ending in '\.jsonl' are not read"):
        invoked("validate", tmp_path / "panel.yaml")


def options(tmp_path):
    data = tmp_path / "panel.csv"
    grunfeld().reset_index().to_csv(data, index=False)
    return RunOptions(written_spec(SPEC), data=data, out=tmp_path / "run", overrides=TINY)


def test_a_file_that_is_not_what_it_was_is_told_and_nothing_is_reported(tmp_path):
    requested = options(tmp_path)

    def change(done, *_):
        if done == 1:
            requested.data.write_bytes(requested.data.read_bytes().replace(b"1935", b"1925", 1))

    with pytest.raises(DataError, match="changed while the study") as error:
        run(requested, on_progress=change)
    assert "--resume" in error.value.hint
    assert not (tmp_path / "run" / "manifest.json").exists()
    assert not (tmp_path / "run" / "gain.csv").exists()
