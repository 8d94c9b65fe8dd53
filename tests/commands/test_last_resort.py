"""Whatever is thrown ends as one message and an exit code; a traceback only where it is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from harness import cli

THROWN = {
    "memory": ("MemoryError()", "the memory of this machine does not suffice"),
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
