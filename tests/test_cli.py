"""Whatever is thrown ends as one message and an exit code; a traceback only where it is asked for."""

import errno
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from command import ROOT, harness, python
from harness import MachineError, cli
from harness.errors import ExitCode
from harness.running.files import HOLDER, MANIFEST, MANIFEST_SUM, WRITTEN, locked, sum_line
from harness.running.folder import RunFolder
from harness.running.graph import execute
from harness.running.workers import LocalWorkers
from plugin_files import write_tiny_study
from small_run import copy_of, exit_code
from worker_tasks import Square

THROWN = {
    "memory": ("MemoryError()", 7, "not enough memory on this machine"),
    "nesting": ("RecursionError('deep')", 3, "the input is nested too deeply"),
    "disk": ("OSError(28, 'No space left on device', '/x/y')", 7, "/x/y: No space left on device"),
    "anything": ("ValueError('two\\nlines')", 8, "ValueError: two lines"),
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
    return python("-c", code)


@pytest.mark.parametrize(("thrown", "code", "what"), THROWN.values(), ids=THROWN)
def test_an_error_that_nobody_foresaw_is_one_message(thrown, code, what):
    done = run(thrown)
    assert done.returncode == code
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
        (["suite", "s.yaml", "--quick"], "to resume: harness suite s.yaml --quick --resume\n"),
        (["suite", "enter", "s.yaml", "net.yaml"], "to resume: harness suite enter s.yaml net.yaml\n"),
        (["suite", "plan", "s.yaml"], "interrupted\n"),
        (["plan", "s.yaml"], "interrupted\n"),
    ):
        monkeypatch.setattr(sys, "argv", ["harness", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code == 130
        assert told in capsys.readouterr().err


@pytest.mark.parametrize("words", [("schema",), ("--version",)], ids=["long", "short"])
def test_a_reader_who_leaves_is_told_nothing(words):
    command = [sys.executable, "-m", "harness.cli", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as left:
        left.stdout.close()
        assert left.stderr.read() == ""
        assert left.wait() == cli.UNREAD


@pytest.mark.parametrize("redirection", [">&-", "2>&-"])
def test_a_closed_stream_is_no_error(redirection):
    command = f"{sys.executable} -m harness.cli plugins {redirection}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_output_is_one_message():
    command = f"{sys.executable} -m harness.cli schema >/dev/full"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == ExitCode.MACHINE
    assert done.stderr.startswith(
        "error: standard output: No space left on device\n    hint: free some space"
    )


def test_a_full_output_for_errors_keeps_the_exit_code():
    command = f"{sys.executable} -m harness.cli nonsense 2>/dev/full"
    assert subprocess.run(["bash", "-c", command], check=False).returncode == 2


@pytest.mark.slow
@pytest.mark.parametrize(("streams", "code"), [(">&- 2>&- <&-", 0), (">/dev/full 2>/dev/full", 7)])
def test_streams_that_take_nothing_end_no_run_of_two_workers(tmp_path, streams, code):
    """What is printed at the end of the run is lost with the second; the run is whole."""
    study = write_tiny_study(tmp_path, other="pooled_ols")
    command = f"{sys.executable} -m harness run {study} --jobs 2 --out {tmp_path}/run --set report.formats=[]"
    done = subprocess.run(["bash", "-c", f"{command} {streams}"], check=False)
    assert done.returncode == code
    cells = json.loads((tmp_path / "run" / MANIFEST).read_text(encoding="utf-8"))["cells"]
    assert {cell["status"] for cell in cells} == {"ok"}


@pytest.mark.parametrize(
    "words", [("validate",), pytest.param(("run", "--jobs", "2"), marks=pytest.mark.slow)]
)
def test_a_name_in_utf_8_can_be_written_where_the_system_says_ascii(tmp_path, words):
    folder = tmp_path / "été"
    folder.mkdir()
    study = write_tiny_study(folder, other="pooled_ols")
    done = python(
        "-m", "harness", *words, study, cwd=folder, env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0"}
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes of any kind on Linux")
def test_a_name_in_no_encoding_is_refused_before_anything_is_fitted(tmp_path):
    study = write_tiny_study(tmp_path, other="pooled_ols").rename(os.fsdecode(bytes(tmp_path) + b"/caf\xe9"))
    done = harness("run", os.fsdecode(study), "--out", tmp_path / "run")
    assert done.returncode == 2
    assert "spec: is no usable path" in done.stderr
    assert not (tmp_path / "run").exists()


def test_a_disk_that_locks_no_files_is_written_to_all_the_same(tmp_path, monkeypatch, capsys):
    def refuse(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", refuse)
    with locked(tmp_path):
        assert (tmp_path / HOLDER).read_text(encoding="utf-8").startswith(f"{os.getpid()} ")
    assert "locks no files" in capsys.readouterr().err


def test_a_lock_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("fcntl.flock", refuse)
    with (
        pytest.raises(MachineError, match=r"\.lock: Read-only file system\n.*choose another place"),
        locked(tmp_path),
    ):
        pass


def test_workers_need_no_semaphores(monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    pytest.importorskip("joblib")  # it warns on import where there are none
    monkeypatch.setattr("_multiprocessing.SemLock", refuse)
    assert execute([Square(3)], workers=LocalWorkers(2), on_done=lambda _: None) == [9]


def test_a_thread_that_is_left_over_does_not_keep_the_command():
    code = "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\n"
    started = time.monotonic()
    done = python(
        "-c", f"{code}import sys, harness.cli as c\nsys.argv = ['harness', '--version']\nc.main()", timeout=60
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
    assert done.returncode == ExitCode.MACHINE
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_backend_for_figures_that_is_none_does_not_matter(tmp_path):
    """Figures are drawn without one."""
    study = write_tiny_study(tmp_path, other="pooled_ols")
    words = ["run", str(study), "--out", str(tmp_path / "run"), "--jobs", "1"]
    done = python("-m", "harness.cli", *words, env={**os.environ, "MPLBACKEND": "nonsense"})
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "run" / "figures").iterdir())


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


def test_a_damaged_list_of_written_files_names_none(tmp_path):
    folder = RunFolder.create(tmp_path / "run")
    (folder.path / WRITTEN).write_bytes(b"a.csv\nb\0.csv\n\xff.csv\n../c.csv\n")
    assert {name for name in folder.own() if name.isascii()} == {"a.csv"}


def test_too_little_memory_is_refused_at_once_with_what_it_takes(tmp_path):
    study = write_tiny_study(tmp_path, other="pooled_ols")
    command = f"ulimit -v 900000; {sys.executable} -m harness.cli run {study} --jobs 2"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 7
    said = "error: the limit of memory (ulimit -v): is 0.9 GB\n    expected: at least 2 GB"
    assert done.stderr.startswith(said)


@pytest.mark.parametrize("name", ["two\nlines.yaml", "bell\a.yaml"])
def test_a_name_that_would_move_a_cursor_is_refused_and_escaped(name, monkeypatch, capsys):
    assert exit_code(monkeypatch, "validate", name) == 2
    assert f"spec: is no usable path: {name!a}" in capsys.readouterr().err
