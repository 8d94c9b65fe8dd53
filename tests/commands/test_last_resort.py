"""Whatever is thrown ends as one message and an exit code; a traceback only where it is asked for."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest

from command import ROOT, harness
from harness import ArtifactError, cli
from harness.running.files import MANIFEST, MANIFEST_SUM, sum_line
from plugin_files import write_tiny_study
from small_run import copy_of, exit_code, run_small

THROWN = {
    "memory": ("MemoryError()", "not enough memory on this machine"),
    "nesting": ("RecursionError('deep')", "the input is nested too deeply"),
    "disk": ("OSError(28, 'No space left on device', '/x/y')", "No space left on device: /x/y"),
    "anything": ("ValueError('two\\nlines')", "ValueError: two lines"),
}


def run(thrown, *words):
    """Run the command whose `doctor` throws."""
    code = (
        "import sys, click, harness.cli as c\n"
        f"@click.command()\ndef throws():\n    raise {thrown}\n"
        "c.cli.add_command(throws, 'doctor')\n"
        f"sys.argv = ['harness', *{list(words)!r}, 'doctor']\n"
        "c.main()\n"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("thrown", "what"), THROWN.values(), ids=THROWN)
def test_an_error_that_nobody_foresaw_is_one_message(thrown, what):
    done = run(thrown)
    assert done.returncode == cli.UNFORESEEN
    first, hint = done.stderr.splitlines()
    assert first == f"error: {what}"
    assert hint.startswith("    hint: ")


def test_the_traceback_is_there_for_who_asks():
    assert "Traceback" in run("ValueError('x')", "--debug").stderr


def test_an_interrupted_run_says_how_it_is_taken_up(monkeypatch, capsys):
    def interrupt(**_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.cli, "main", interrupt)
    for words, told in (
        (["run", "my study.yaml", "--jobs", "2"], "harness run 'my study.yaml' --jobs 2 --resume"),
        (["run", "s.yaml", "--resume"], "harness run s.yaml --resume"),
        (["plan", "s.yaml"], "interrupted\n"),
    ):
        monkeypatch.setattr(sys, "argv", ["harness", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code == cli.INTERRUPTED
        assert told in capsys.readouterr().err


@pytest.mark.parametrize("words", [("schema",), ("--version",)], ids=["long", "short"])
def test_a_reader_who_leaves_is_told_nothing(words):
    command = [sys.executable, "-m", "harness.cli", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as left:
        left.stdout.close()
        assert left.stderr.read() == ""
        assert left.wait() == cli.UNFORESEEN


@pytest.mark.parametrize("redirection", [">&-", "2>&-", ">&- 2>&-"])
def test_a_closed_stream_is_no_error(redirection):
    command = f"{sys.executable} -m harness.cli plugins {redirection}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_output_is_one_message():
    command = f"{sys.executable} -m harness.cli schema >/dev/full"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == cli.UNFORESEEN
    assert done.stderr.startswith("error: No space left on device\n    hint: ")


def test_a_full_output_for_errors_keeps_the_exit_code():
    command = f"{sys.executable} -m harness.cli nonsense 2>/dev/full"
    assert subprocess.run(["bash", "-c", command], check=False).returncode == 2


def test_a_thread_that_is_left_over_does_not_keep_the_command():
    code = "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\n"
    started = time.monotonic()
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"{code}import sys, harness.cli as c\nsys.argv = ['harness', '--version']\nc.main()",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert time.monotonic() - started < 60
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("harness, version ")


@pytest.mark.parametrize(
    ("out", "said"),
    [
        ("a" * 300, "File name too long"),
        pytest.param(
            "closed/run",
            "Permission denied",
            marks=pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root"),
        ),
    ],
    ids=["300 letters", "read-only"],
)
def test_a_folder_that_cannot_be_made_is_one_message(tmp_path, out, said):
    (tmp_path / "closed").mkdir(mode=0o555)
    words = ["run", str(ROOT / "specs" / "grunfeld.yaml"), "--out", str(tmp_path / out)]
    done = harness(*words)
    assert done.returncode in {1, 5}
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_backend_for_figures_that_is_none_does_not_matter(tmp_path):
    """Figures are drawn without one."""
    study = write_tiny_study(tmp_path, other="pooled_ols")
    words = ["run", str(study), "--out", str(tmp_path / "run"), "--jobs", "1"]
    done = subprocess.run(
        [sys.executable, "-m", "harness.cli", *words],
        env={**os.environ, "MPLBACKEND": "nonsense"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "run" / "figures").iterdir())


def test_a_clock_before_1980_is_said_to_be_so(monkeypatch, tmp_path):
    class Then(datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(1970, 1, 2, tzinfo=tz)

    monkeypatch.setattr("harness.running.folder.datetime", Then)
    with pytest.raises(ArtifactError, match=r"the clock of this machine: says 1970-01-02"):
        run_small(tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("command", ["report", "verify", "pin"])
def test_a_manifest_that_is_nested_beyond_reading_is_damaged(
    small_run, tmp_path, monkeypatch, capsys, command
):
    folder = copy_of(small_run, tmp_path / "run")
    content = b'{"manifest_version": 2, "study": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    (folder / MANIFEST).write_bytes(content)
    (folder / MANIFEST_SUM).write_bytes(sum_line(content))
    assert exit_code(monkeypatch, command, str(folder)) == 5
    assert "manifest.json: is damaged" in capsys.readouterr().err
