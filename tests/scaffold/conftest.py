"""A plugin as `harness new-plugin` writes it, and an environment that has it installed."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile

import pytest

from command import harness

BUILD = "import hatchling.build; print(hatchling.build.build_wheel(%r))"


@pytest.fixture(scope="session")
def generated(tmp_path_factory):
    """The folder of a new plugin."""
    folder = tmp_path_factory.mktemp("plugins") / "harness-nearest"
    done = harness("new-plugin", "harness-nearest", "--out", folder)
    assert done.returncode == 0, done.stderr
    assert "harness test-plugin harness_nearest" in done.stdout
    return folder


@pytest.fixture(scope="session")
def installed(generated, tmp_path_factory):
    """Return a way to run Python where the plugin's wheel is unpacked on the path, as pip would unpack it."""
    site = tmp_path_factory.mktemp("site")
    wheels = tmp_path_factory.mktemp("wheels")
    subprocess.run(
        [sys.executable, "-c", BUILD % str(wheels)], cwd=generated, check=True, capture_output=True
    )
    (wheel,) = wheels.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)

    def run(*words, cwd=generated):
        if words[0] == "harness.cli":
            return harness(*words[1:], cwd=cwd, PYTHONPATH=str(site))
        return subprocess.run(
            [sys.executable, "-m", *map(str, words)],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(site), "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )

    return run
