import os
from pathlib import Path

import pytest

from harness.data.read.files import DataFolder
from harness.errors import DataError


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
        pytest.param("s3://bucket/a.csv", "an address", "download it", id="s3"),
        pytest.param("file:/etc/passwd", "an address", "download it", id="file-url"),
    ],
)
def test_refused_paths(project, asked, what, hint):
    with pytest.raises(DataError) as caught:
        find(asked, project)
    assert asked.replace("\0", "\\x00") in caught.value.where
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


def test_pipe(project):
    os.mkfifo(project / "pipe.csv")
    with pytest.raises(DataError, match="device or pipe"):
        find("pipe.csv", project)
