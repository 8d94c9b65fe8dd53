"""One changed byte in any file of a run folder is found; a run that was changed after it was signed too."""

import os
import platform
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.audit.pin import PinSelection, pinned
from harness.audit.verification import DISAGREEMENT, agreement, verify
from harness.errors import ArtifactError
from harness.installed import installed
from harness.running.files import MANIFEST, MANIFEST_SUM, SIGNATURE, locked, sum_line
from harness.running.folder import RunFolder
from small_run import copy_of, exit_code, problems_of, run_least, without_key


def files_of(path):
    return sorted(file for file in Path(path).rglob("*") if file.is_file() and file.stat().st_size)


@pytest.fixture(scope="module")
def copy(small_run, tmp_path_factory):
    return copy_of(small_run, tmp_path_factory.mktemp("copy") / "run")


def flipped(file, at, bit):
    """Flip one bit, and return the bytes as they were."""
    before = file.read_bytes()
    after = bytearray(before)
    after[at % len(after)] ^= 1 << bit
    file.write_bytes(bytes(after))
    return before


def test_a_flipped_byte_in_any_file_is_found(copy):
    unseen = []
    for file in files_of(copy):
        before = flipped(file, file.stat().st_size // 2, 0)
        try:
            found = problems_of(copy)
        finally:
            file.write_bytes(before)
        if not found:
            unseen.append(file)
    assert unseen == []


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_flipped_bit_anywhere_is_found(copy, data):
    file = data.draw(st.sampled_from(files_of(copy)))
    at, bit = data.draw(st.integers(0, file.stat().st_size - 1)), data.draw(st.integers(0, 7))
    before = flipped(file, at, bit)
    try:
        assert problems_of(copy)
    finally:
        file.write_bytes(before)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("figures/curve-invest.svg", "is missing"),
        ("manifest.sha256", "is missing"),
        (".harness-run", "does not hold"),
        ("predictions.parquet", "is missing"),
        ("spec.yaml", "is missing"),
    ],
)
def test_a_missing_file_is_named(small_run, tmp_path, name, words):
    copy = copy_of(small_run, tmp_path / "run")
    (copy / name).unlink()
    (problem,) = problems_of(copy)
    assert problem.where == name
    assert words in problem.what


def test_rows_that_were_doubled_by_who_wrote_the_hashes_are_named(small_run, tmp_path):
    folder = RunFolder(copy_of(small_run, tmp_path / "run"))
    head, *rows = (folder.path / "gain.csv").read_text().splitlines(keepends=True)
    folder.write_text("gain.csv", "".join([head, *rows, *rows]))
    folder.write_manifest(folder.manifest())
    (problem,) = problems_of(folder.path)
    assert str(problem).startswith("gain.csv: holds several rows of one key: outcome=invest, estimator=")


def test_a_text_among_numbers_and_a_broken_report_are_named_where_hashes_were_made_again(least_run, tmp_path):
    folder = RunFolder(copy_of(least_run, tmp_path / "run"))
    folder.write_text("gain_report.json", "{broken")
    folder.write_manifest(folder.manifest())
    (problem,) = problems_of(folder.path)
    assert str(problem).startswith("the files cannot be computed with: JSONDecodeError")
    accuracy = folder.read_table("accuracy")
    folder.write_table("accuracy", accuracy.assign(mse=accuracy["mse"].map(lambda cell: f"O{cell}")))
    folder.write_manifest(folder.manifest())
    problems = [str(problem) for problem in problems_of(folder.path)]
    assert any(one.startswith("accuracy.csv: column 'mse': could not convert string") for one in problems)
    with pytest.raises(ArtifactError, match=r"^accuracy\.csv: column 'mse': holds the text"):
        pinned(folder, PinSelection(("accuracy",)))


@pytest.mark.slow
def test_a_run_whose_plugins_are_not_here_ends_as_a_spec_that_cannot_be_read(least_run, monkeypatch, capsys):
    assert exit_code(monkeypatch, "-p", "no:harness_panel", "verify", str(least_run.path)) == 2
    assert "install the plugins of the run" in capsys.readouterr().err


def test_a_file_that_cannot_be_read_is_named(small_run, tmp_path):
    """The spec, where the manifest was written again without it, and hashes hold."""
    copy = copy_of(small_run, tmp_path / "run")
    (copy / "spec.yaml").unlink()
    folder = RunFolder(copy)
    folder.write_manifest(folder.manifest())
    (problem,) = problems_of(copy)
    assert problem.where == "spec.yaml"
    assert "is not the spec" in problem.what


@pytest.mark.parametrize("name", ["surfaces.csv", "details/networks.csv", "figures/other.png"])
def test_a_file_that_a_report_would_read_is_named(small_run, tmp_path, name):
    copy = copy_of(small_run, tmp_path / "run")
    (copy / name).parent.mkdir(exist_ok=True)
    (copy / name).write_text("outcome\n")
    (problem,) = problems_of(copy)
    assert problem.where == name
    assert "not written by the run" in problem.what


@pytest.mark.parametrize("command", ["verify", "pack", "pin", "report", "sign", "export"])
def test_a_run_that_a_live_process_writes_is_left_alone(small_run, tmp_path, monkeypatch, capsys, command):
    copy = copy_of(small_run, tmp_path / "run")
    options = {"sign": ("--key", "none"), "export": ("--to", "r")}.get(command, ())
    with locked(copy):
        assert exit_code(monkeypatch, command, str(copy), *options) == 5
    assert f"process {os.getpid()} on " in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {"run"}


def test_a_finished_run_holds_where_a_later_one_was_cut_off_and_says_how_far_two_computations_lie(
    small_run, tmp_path
):
    copy = copy_of(small_run, tmp_path / "run")
    (copy / ".running").write_text(f"{os.getpid()} 1 {platform.node()}\n")
    (copy / "checkpoints").mkdir()
    first, *others = verify(RunFolder.open(copy), catalogs=installed().catalogs)
    assert first.what.endswith("a later run or report was cut off and left it as it was")
    assert not [problem for check in (first, *others) for problem in check.problems]
    (said,) = [check.what for check in others if check.what.startswith("two computations")]
    statistics = RunFolder.open(copy).read_table("details/statistics")
    told = statistics.loc[statistics["statistic"] == DISAGREEMENT, "value"]
    fits = f"the coefficients of {len(told)} fits"
    assert said == f"two computations of {fits} agree, to {told.max():.1g} at most"
    assert 0.0 <= told.max() < 1e-8
    (copy / "manifest.json").unlink()
    with pytest.raises(ArtifactError, match="holds a run that was cut off") as caught:
        RunFolder.open(copy)
    assert "--resume" in caught.value.hint


def test_the_command_says_what_holds_and_ends_with_5_where_something_does_not(
    small_run, tmp_path, monkeypatch, capsys
):
    """Notes of one's own in the folder are nobody's affair."""
    copy = copy_of(small_run, tmp_path / "run")
    (copy / "notes.md").write_text("mine")
    assert exit_code(monkeypatch, "verify", str(copy)) == 0
    said = capsys.readouterr().out
    assert said.count("holds: ") == 9
    assert "signed" not in said
    flipped(copy / "curves.csv", 100, 3)
    assert exit_code(monkeypatch, "verify", str(copy)) == 5
    assert "curves.csv: has other bytes" in capsys.readouterr().err


def test_a_manifest_that_lacks_what_is_needed_is_told(small_run, tmp_path):
    folder = RunFolder(copy_of(small_run, tmp_path / "run"))
    without_key(folder, "study", "level")
    (problem,) = problems_of(folder.path)
    assert problem.where == "manifest.json: study.level"


def test_a_fit_whose_two_computations_differ_does_not_hold(small_run, tmp_path):
    folder = RunFolder.open(copy_of(small_run, tmp_path / "run"))
    warnings = folder.read_table("warnings")
    row = {"code": "W-DISAGREE", "where": "invest · fe · value", "message": "0.31 by one, 0.32 by the other"}
    folder.write_table("warnings", pd.concat([warnings, pd.DataFrame([row])], ignore_index=True))
    (check,) = agreement(folder)
    assert [problem.what for problem in check.problems] == [row["message"]]


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Return the paths of two keys."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("own", "other"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "a comment", "-f", str(folder / name)]
        subprocess.run(words, check=True)
    return folder / "own", folder / "other"


@pytest.fixture
def signed(least_run, keys, tmp_path, monkeypatch, capsys):
    folder = copy_of(least_run, tmp_path / "run")
    assert exit_code(monkeypatch, "sign", str(folder), "--key", str(keys[0])) == 0
    assert f"signature: {folder / SIGNATURE}" in capsys.readouterr().out
    return folder


def public(key):
    return str(key.with_suffix(".pub"))


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
def test_a_signed_run_is_known_by_the_key_of_its_signer(signed, keys, monkeypatch, capsys):
    assert exit_code(monkeypatch, "verify", str(signed), "--signer", public(keys[0])) == 0
    assert f"holds: the manifest is signed by {public(keys[0])}: SHA256:" in capsys.readouterr().out
    assert exit_code(monkeypatch, "verify", str(signed)) == 0
    assert "which --signer would compare with one that you know" in capsys.readouterr().out


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
def test_the_key_of_somebody_else_is_told_from_it(signed, keys, monkeypatch, capsys):
    assert exit_code(monkeypatch, "verify", str(signed), "--signer", public(keys[1])) == 5
    said = capsys.readouterr()
    assert "does not hold: the manifest is signed by" in said.out
    assert "is not a signature by" in said.err


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
def test_a_forger_who_writes_new_hashes_has_no_signature_for_them(signed, keys, monkeypatch, capsys):
    manifest = (signed / MANIFEST).read_bytes().replace(b'"seed": 7', b'"seed": 8')
    (signed / MANIFEST).write_bytes(manifest)
    (signed / MANIFEST_SUM).write_bytes(sum_line(manifest))
    for options in ((), ("--signer", public(keys[0]))):
        assert exit_code(monkeypatch, "verify", str(signed), *options) == 5
        assert "manifest.json.sig: is not a" in capsys.readouterr().err
    assert exit_code(monkeypatch, "sign", str(signed), "--key", str(keys[1])) == 0
    assert exit_code(monkeypatch, "verify", str(signed), "--signer", public(keys[0])) == 5


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
def test_a_run_that_nobody_signed_is_said_to_be_so(least_run, keys, monkeypatch, capsys):
    assert exit_code(monkeypatch, "verify", str(least_run.path), "--signer", public(keys[0])) == 5
    assert "is missing: nobody signed this run" in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
def test_a_tampered_run_is_not_signed(least_run, keys, tmp_path, monkeypatch, capsys):
    folder = copy_of(least_run, tmp_path / "run")
    (folder / "gain.csv").write_text("edited")
    assert exit_code(monkeypatch, "sign", str(folder), "--key", str(keys[0])) == 5
    assert "gain.csv: has other bytes than the run wrote" in capsys.readouterr().err
    assert not (folder / SIGNATURE).exists()


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
@pytest.mark.parametrize(
    ("command", "option", "said"),
    [("sign", "--key", "cannot sign: "), ("verify", "--signer", "holds no public key of ssh")],
)
def test_a_file_that_is_no_key_is_named(signed, tmp_path, monkeypatch, capsys, command, option, said):
    wrong = tmp_path / "wrong.pub"
    wrong.write_text("nothing")
    assert exit_code(monkeypatch, command, str(signed), option, str(wrong)) == 5
    assert said in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
def test_the_next_run_removes_the_signature_of_the_last(signed):
    run_least(signed)
    assert not (signed / SIGNATURE).exists()
    assert RunFolder(signed).own() >= {MANIFEST, MANIFEST_SUM}
