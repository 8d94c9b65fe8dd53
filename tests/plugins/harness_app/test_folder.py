"""The files of the page's folder: those that the harness reads, and none of elsewhere."""

from harness.data.read.source import READER
from harness.installed import installed
from harness_app.folder import DATA, Contents, Folder


def test_data_are_what_the_readers_of_the_harness_take():
    assert {ending for reader in installed().of(READER).values() for ending in reader.suffixes} == DATA


def test_nothing_that_a_link_leads_to_outside_is_listed(tmp_path):
    inner, outer = tmp_path / "inner", tmp_path / "outer"
    for folder in (inner / "below", outer):
        folder.mkdir(parents=True)
        (folder / "rows.csv").write_text("a")
        (folder / "manifest.json").write_text("{}")
    (inner / "own.csv").write_text("a")
    (inner / "link").symlink_to(outer, target_is_directory=True)
    (inner / "link.csv").symlink_to(outer / "rows.csv")
    (inner / "same.csv").symlink_to(inner / "own.csv")
    (inner / "study.yaml").write_text("a")
    assert Folder(inner).contents() == Contents(["own.csv", "same.csv"], ["study.yaml"], ["below"])
