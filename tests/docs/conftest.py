"""An environment of its own for pages that install things."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

# Commands that pages use, and the modules they run.
MODULES = {"harness": "harness.cli", "pip": "pip", "pytest": "pytest"}


@pytest.fixture
def variables(tmp_path_factory):
    """Environment variables under which ``pip install`` needs no network and touches no other environment.

    What the tests are run with is there too, through a path file.
    """
    root = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root)], check=True)
    (site,) = root.glob("lib/python*/site-packages")
    there = sysconfig.get_path("purelib")
    (site / "tests.pth").write_text(f"import site; site.addsitedir({there!r})\n", encoding="utf-8")
    python = root / "bin" / "python"
    for command, module in MODULES.items():
        path = root / "bin" / command
        path.write_text(f'#!/bin/sh\nexec "{python}" -m {module} "$@"\n', encoding="utf-8")
        path.chmod(0o755)
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("HARNESS_", "PYTEST"))},
        "PATH": os.pathsep.join((str(Path(python).parent), os.environ["PATH"])),
        "OMP_NUM_THREADS": "1",
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip reads this option the other way round
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_QUIET": "1",
    }
