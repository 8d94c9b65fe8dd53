"""A number that someone changed in a run folder stays found, whatever is written afterwards."""

from __future__ import annotations

import pytest

from harness.running.folder import RunFolder
from small_run import copy_of, exit_code


@pytest.fixture
def tampered(small_run, tmp_path):
    """Return a copy of a run in which one cell of the gains is another."""
    folder = copy_of(small_run, tmp_path / "run")
    text = (folder / "accuracy.csv").read_text()
    (folder / "accuracy.csv").write_text(text.replace("0.", "1.", 1))
    return folder


@pytest.mark.parametrize("command", ["report", "pin"])
def test_a_report_and_pins_of_changed_numbers_are_refused(tampered, monkeypatch, capsys, command):
    before = (tampered / "manifest.json").read_bytes()
    assert exit_code(monkeypatch, command, str(tampered)) == 5
    said = capsys.readouterr()
    assert "accuracy.csv: is not as the run wrote it" in said.err
    assert "expect:" not in said.out
    assert (tampered / "manifest.json").read_bytes() == before


def test_a_forced_report_is_recorded_and_verify_says_so_ever_after(tampered, monkeypatch, capsys):
    assert exit_code(monkeypatch, "report", str(tampered), "--force") == 0
    assert RunFolder(tampered).manifest().forced == ("accuracy.csv",)
    assert exit_code(monkeypatch, "report", str(tampered)) == 0
    assert RunFolder(tampered).manifest().forced == ("accuracy.csv",)
    capsys.readouterr()
    assert exit_code(monkeypatch, "verify", str(tampered)) != 0
    assert "--force" in "".join(capsys.readouterr())


def test_a_page_that_was_lost_or_edited_is_written_again(small_run, tmp_path, monkeypatch):
    folder = copy_of(small_run, tmp_path / "run")
    page = (folder / "report.html").read_bytes()
    (folder / "report.html").write_text("edited")
    (folder / "figures" / "gains.svg").unlink()
    assert exit_code(monkeypatch, "report", str(folder)) == 0
    assert (folder / "report.html").read_bytes() == page
