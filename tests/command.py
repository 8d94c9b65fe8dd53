"""The command ``harness`` as a user runs it, in a process of its own whose libraries are loaded already.

A process that has read every library and has run nothing is forked for each command, so that many commands
pay for their imports once. What hangs on the start of the interpreter itself, such as which modules an
import loads, has tests with a process from nothing.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path
from subprocess import CompletedProcess
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
LOADED = [
    *("harness.calibration.page", "harness.cli", "harness.conformance.checks", "harness.report.write"),
    *("harness_neural", "harness_panel.feols", "harness_rab", "harness_sklearn", "harness.suite.run"),
    *("docx", "linearmodels", "pyarrow.parquet", "sklearn.ensemble", "statsmodels.api", "torch"),
]
SERVED = multiprocessing.get_context("forkserver")
SERVED.set_forkserver_preload(LOADED)


def harness(*words, cwd=ROOT, **variables):
    """Run the command and return its exit code and output; further variables are of its environment."""
    with TemporaryDirectory() as folder:
        process = begun(*words, folder=folder, cwd=cwd, **variables)
        process.join()
        said = [Path(folder, name).read_text(encoding="utf-8") for name in ("stdout", "stderr")]
    return CompletedProcess(["harness", *map(str, words)], process.exitcode, *said)


def begun(*words, folder, cwd=ROOT, **variables):
    """Begin the command, whose output goes into files of a folder, and return its process."""
    argv, environment = ["harness", *map(str, words)], {**os.environ, "OMP_NUM_THREADS": "1", **variables}
    process = SERVED.Process(target=_run, args=(argv, str(cwd), environment, str(folder)))
    process.start()
    return process


def invoked(*words):
    """Run the command in this process and return how it ended; raise what it raises."""
    from click.testing import CliRunner

    from harness.cli import cli

    return CliRunner().invoke(cli, [*map(str, words)], catch_exceptions=False)


def printed(*words):
    """Return what the command prints in this process, where it has to succeed."""
    done = invoked(*words)
    assert done.exit_code == 0, done.output
    return done.output


def python(*words, cwd=ROOT, env=None, check=False, timeout=None):
    """Run Python from nothing with these words, and return its exit code and output."""
    command = [sys.executable, *map(str, words)]
    return subprocess.run(
        command, cwd=cwd, env=env, check=check, timeout=timeout, capture_output=True, text=True
    )


def do_tasks_here():
    """Let a command of one job do its tasks itself, as a script does: a worker imports everything again."""
    from harness.running.options import RunOptions
    from harness.running.workers import LocalWorkers, ThisProcess

    started = RunOptions.local_workers.fget

    def local_workers(options):
        workers = started(options)
        return ThisProcess() if workers == LocalWorkers(1) else workers

    RunOptions.local_workers = property(local_workers)


def _run(argv, cwd, environment, folder):
    do_tasks_here()
    for stream, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT), stream)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = environment.get("PYTHONPATH", "").split(os.pathsep)
    sys.argv = argv
    from harness.cli import main

    main()
