"""A dask cluster as its users start it: a scheduler and workers, each a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil


class Cluster:
    """A scheduler and its workers, whose files are in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file, self.workers = folder, folder / "scheduler.json", []
        self.scheduler = self._begun("scheduler", "--port", "0")
        while not self.file.is_file():
            time.sleep(0.1)
        self.address = json.loads(self.file.read_text())["address"]

    def work(self, n=1, *words, **variables):
        """Start workers under their nannies, and wait for them; variables are of their environment."""
        before = len(self._interpreters())
        shape = ("--nworkers", str(n), "--nthreads", "1")
        self.workers.append(self._begun("worker", *shape, *words, **variables))
        while len(self._interpreters()) < before + n:
            time.sleep(0.1)
        time.sleep(3)

    def kill_one(self):
        """Kill one worker; its nanny starts another."""
        self._interpreters()[0].kill()

    def restart(self):
        """Kill all, and start the scheduler again."""
        for process in (self.scheduler, *self.workers):
            process.kill()
            process.wait()
        self.scheduler = self._begun("scheduler", "--port", self.address.rpartition(":")[2])

    def end(self):
        """End every process."""
        for process in (*self.workers, self.scheduler):
            process.terminate()
            process.wait(60)

    def _begun(self, what, *words, **variables):
        whole = [sys.executable, "-m", "dask", what, "--scheduler-file", self.file, "--no-dashboard", *words]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.Popen(whole, cwd=self.folder, env={**os.environ, **variables}, **quiet)

    def _interpreters(self):
        alive = [psutil.Process(one.pid) for one in self.workers if one.poll() is None]
        children = [child for one in alive for child in one.children()]
        # By what they are not: a worker is renamed where setproctitle is installed.
        return [child for child in children if "resource_tracker" not in " ".join(child.cmdline())]


@contextmanager
def started(folder):
    """Start a scheduler without workers, and end all at the end."""
    cluster = Cluster(folder)
    try:
        yield cluster
    finally:
        cluster.end()


def harness(*words: object, cwd: Path) -> subprocess.Popen[str]:
    """Start the command in a process from nothing, which hears Ctrl-C also where no terminal started it."""
    heard, pipe = partial(signal.signal, signal.SIGINT, signal.SIG_DFL), subprocess.PIPE
    whole = [sys.executable, "-m", "harness", *map(str, words)]
    return subprocess.Popen(whole, cwd=cwd, stdout=pipe, stderr=pipe, text=True, preexec_fn=heard)
