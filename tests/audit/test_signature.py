"""Signed runs: the right key and another, no signature, and a run that was changed after it was signed."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from harness.running.files import MANIFEST, MANIFEST_SUM, SIGNATURE, sum_line
from harness.running.folder import RunFolder
from small_run import copy_of, exit_code, run_small

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Return the paths of two keys."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("own", "other"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "a comment", "-f", str(folder / name)]
        subprocess.run(words, check=True)
    return folder / "own", folder / "other"


@pytest.fixture
def signed(small_run, keys, tmp_path, monkeypatch, capsys):
    folder = copy_of(small_run, tmp_path / "run")
    assert exit_code(monkeypatch, "sign", str(folder), "--key", str(keys[0])) == 0
    assert f"signature: {folder / SIGNATURE}" in capsys.readouterr().out
    return folder


def public(key):
    return str(key.with_suffix(".pub"))


def test_a_signed_run_is_known_by_the_key_of_its_signer(signed, keys, monkeypatch, capsys):
    assert exit_code(monkeypatch, "verify", str(signed), "--signer", public(keys[0])) == 0
    assert f"holds: the manifest is signed by {public(keys[0])}: SHA256:" in capsys.readouterr().out
    assert exit_code(monkeypatch, "verify", str(signed)) == 0
    assert "which --signer would compare with one that you know" in capsys.readouterr().out


def test_the_key_of_somebody_else_is_told_from_it(signed, keys, monkeypatch, capsys):
    assert exit_code(monkeypatch, "verify", str(signed), "--signer", public(keys[1])) == 5
    said = capsys.readouterr()
    assert "does not hold: the manifest is signed by" in said.out
    assert "is not a signature by" in said.err


def test_a_forger_who_writes_new_hashes_has_no_signature_for_them(signed, keys, monkeypatch, capsys):
    manifest = (signed / MANIFEST).read_bytes().replace(b'"seed": 7', b'"seed": 8')
    (signed / MANIFEST).write_bytes(manifest)
    (signed / MANIFEST_SUM).write_bytes(sum_line(manifest))
    for options in ((), ("--signer", public(keys[0]))):
        assert exit_code(monkeypatch, "verify", str(signed), *options) == 5
        assert "manifest.json.sig: is not a" in capsys.readouterr().err
    assert exit_code(monkeypatch, "sign", str(signed), "--key", str(keys[1])) == 0
    assert exit_code(monkeypatch, "verify", str(signed), "--signer", public(keys[0])) == 5


def test_a_run_that_nobody_signed_is_said_to_be_so(small_run, keys, monkeypatch, capsys):
    assert exit_code(monkeypatch, "verify", str(small_run.path)) == 0
    assert "signed" not in capsys.readouterr().out
    assert exit_code(monkeypatch, "verify", str(small_run.path), "--signer", public(keys[0])) == 5
    assert "is missing: nobody signed this run" in capsys.readouterr().err


def test_a_tampered_run_is_not_signed(small_run, keys, tmp_path, monkeypatch, capsys):
    folder = copy_of(small_run, tmp_path / "run")
    (folder / "report.html").write_text("edited")
    assert exit_code(monkeypatch, "sign", str(folder), "--key", str(keys[0])) == 5
    assert "report.html: has other bytes than the run wrote" in capsys.readouterr().err
    assert not (folder / SIGNATURE).exists()


@pytest.mark.parametrize(
    ("command", "option", "said"),
    [("sign", "--key", "cannot sign: "), ("verify", "--signer", "holds no public key of ssh")],
)
def test_a_file_that_is_no_key_is_named(signed, tmp_path, monkeypatch, capsys, command, option, said):
    wrong = tmp_path / "wrong.pub"
    wrong.write_text("nothing")
    assert exit_code(monkeypatch, command, str(signed), option, str(wrong)) == 5
    assert said in capsys.readouterr().err


def test_the_next_run_removes_the_signature_of_the_last(signed):
    run_small(signed)
    assert not (signed / SIGNATURE).exists()
    assert RunFolder(signed).own() >= {MANIFEST, MANIFEST_SUM}
