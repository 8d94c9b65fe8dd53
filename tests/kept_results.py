"""The results that a run has kept on disk, while it goes on or after it was cut off."""

from __future__ import annotations

import time
from subprocess import Popen

from harness.running.files import CHECKPOINTS


def kept_results(run):
    """Return the files of finished tasks in a run folder; one still being written has another name."""
    return [file for file in run.glob(f"{CHECKPOINTS}/*") if not file.name.startswith(".")]


def wait_for_results(process: Popen, run, n=1):
    """Wait until a run has kept as many results, or has ended."""
    while process.poll() is None and len(kept_results(run)) < n:
        time.sleep(0.05)
