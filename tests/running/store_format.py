"""Keep a run folder of the present format beside earlier ones: ``python tests/running/store_format.py``."""

from __future__ import annotations

import sys
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1]))

from harness.installed import installed
from harness.record.manifest import FORMAT
from harness.running.files import LOCK
from harness.running.folder import RunFolder
from harness.running.options import RunOptions
from harness.running.run import write_run
from harness.running.workers import ThisProcess
from plugin_files import write_tiny_study

FORMATS = Path(__file__).resolve().parent / "formats"


def store() -> RunFolder:
    """Run the tiny study into the folder of the present format, without a report."""
    with TemporaryDirectory() as place, chdir(place):
        spec = write_tiny_study(Path(), other="pooled_ols")
        overrides = ("evaluation.protocols=[in_sample]", "report.formats=[]")
        options = RunOptions(spec=spec, out=FORMATS / str(FORMAT), overrides=overrides)
        registry = installed(options.plugins)
        folder = write_run(options, registry, workers=ThisProcess())
    (folder.path / LOCK).unlink()
    return folder


if __name__ == "__main__":
    store()
