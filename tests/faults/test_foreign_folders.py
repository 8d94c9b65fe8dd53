"""Folders, keys and files of strangers: no link is followed, and sizes are known before anything is read."""

import os
import re
import stat
import zipfile
from dataclasses import replace

import pytest

from harness.running.files import MOST_BYTES
from harness.running.folder import RunFolder
from small_run import copy_of, exit_code


@pytest.fixture
def copy(least_run, tmp_path):
    return copy_of(least_run, tmp_path / "run")


@pytest.mark.parametrize(
    "name", ["manifest.sha256", ".harness-run", "manifest.json.sig", "gain.csv", "details", "spec.yaml"]
)
@pytest.mark.parametrize("command", ["pack", "compare"])
def test_links_of_a_folder_are_not_followed(copy, least_run, tmp_path, monkeypatch, capsys, name, command):
    there, secret = copy / name, tmp_path / "secret"
    if there.exists():
        there.rename(secret)
    else:
        secret.write_text("secret")
    there.symlink_to(secret)
    words = (str(copy), str(least_run.path))[: 1 + (command == "compare")]
    code = exit_code(monkeypatch, command, *words)
    said = capsys.readouterr()
    assert not (tmp_path / "run.zip").exists()
    if command == "pack":
        assert code == 5
        assert name in said.err
    else:
        assert "secret" not in said.out


@pytest.mark.parametrize("command", ["verify", "report", "pack", "pin", "sign"])
def test_a_manifest_that_is_too_large_is_refused_by_its_size(copy, monkeypatch, capsys, command):
    os.truncate(copy / "manifest.json", 300 << 20)
    options = ("--key", "key") if command == "sign" else ()
    assert exit_code(monkeypatch, command, str(copy), *options) == 5
    said = capsys.readouterr().err
    assert "manifest.json: has 314,572,800 bytes" in said
    assert f"{MOST_BYTES:,}" in said


@pytest.mark.parametrize("key", ["/dev/zero", "fifo", "folder"])
@pytest.mark.parametrize(("command", "option"), [("sign", "--key"), ("verify", "--signer")])
def test_a_key_that_is_no_file_is_refused(copy, tmp_path, monkeypatch, capsys, key, command, option):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    (copy / "manifest.json.sig").write_text("some signature")
    assert exit_code(monkeypatch, command, str(copy), option, str(tmp_path / key)) == 5
    assert f"{key}: is not a regular file" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["d.csv", "s.yaml", "notes.docx", "odd.suffix.zip"])
def test_a_file_that_is_no_archive_of_a_run_is_never_replaced(copy, tmp_path, monkeypatch, capsys, name):
    out = tmp_path / name
    if name.endswith("docx"):
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("word/document.xml", "years of work")
    else:
        out.write_text("years of work")
    before = out.read_bytes()
    assert exit_code(monkeypatch, "pack", str(copy), "--out", str(out)) == 5
    assert f"{name}: is there, and is no archive" in capsys.readouterr().err
    assert out.read_bytes() == before
    out.unlink()
    for _ in range(2):
        assert exit_code(monkeypatch, "pack", str(copy), "--out", str(out)) == 0
    assert zipfile.ZipFile(out).testzip() is None


def test_an_export_leaves_files_of_the_user_and_run_folders_alone(
    least_run, copy, tmp_path, monkeypatch, capsys
):
    own = tmp_path / "own"
    own.mkdir()
    (own / "linear_cells.R").write_text("years of work")
    for out in (own, copy):
        assert exit_code(monkeypatch, "export", str(least_run.path), "--to", "r", "--out", str(out)) == 5
    assert (own / "linear_cells.R").read_text() == "years of work"
    assert exit_code(monkeypatch, "verify", str(copy)) == 0


def test_pins_keep_mode_link_and_line_ends_of_a_spec(least_run, tmp_path, monkeypatch):
    home, link = tmp_path / "home", tmp_path / "study.yaml"
    home.mkdir()
    spec = home / "own.yaml"
    text = (least_run.path / "spec.yaml").read_text()
    spec.write_bytes(text.replace("\n", "\r\n").encode())
    spec.chmod(0o600)
    link.symlink_to(spec)
    run = copy_of(least_run, tmp_path / "run")
    said_to_be_no_quick_run(RunFolder(run))
    assert exit_code(monkeypatch, "pin", str(run), "--into", str(link)) == 0
    assert link.is_symlink()
    assert stat.S_IMODE(spec.stat().st_mode) == 0o600
    data = spec.read_bytes()
    assert b"expect:" in data
    assert data.count(b"\n") == data.count(b"\r\n")
    assert [path.name for path in home.iterdir()] == ["own.yaml"]


def said_to_be_no_quick_run(folder):
    """Write the manifest again as that of a run whose numbers can be pinned."""
    manifest = folder.manifest()
    folder.write_manifest(replace(manifest, study=replace(manifest.study, quick=False)))


@pytest.fixture
def tampered(least_run, tmp_path):
    """Return a copy of a run in which one cell of the gains is another."""
    folder = copy_of(least_run, tmp_path / "run")
    text = (folder / "accuracy.csv").read_text()
    (folder / "accuracy.csv").write_text(text.replace("0.", "1.", 1))
    return folder


@pytest.mark.parametrize("command", ["report", "pin", "pack", "export", "sign"])
def test_nothing_is_made_of_changed_numbers(tampered, tmp_path, monkeypatch, capsys, command):
    before = (tampered / "manifest.json").read_bytes()
    options = {"sign": ("--key", "key"), "export": ("--to", "r")}.get(command, ())
    assert exit_code(monkeypatch, command, str(tampered), *options) == 5
    said = capsys.readouterr()
    assert re.search(
        "accuracy.csv: (is not as the run wrote it|has other bytes than the run wrote)", said.err
    )
    assert "expect:" not in said.out
    assert (tampered / "manifest.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


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
