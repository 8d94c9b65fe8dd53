"""Imports that end a process, or hang in it, are found where nobody is harmed."""

from __future__ import annotations

import sys

import pytest

from harness.registry.trial import deadly_imports

# By name: the code of a module, and why it cannot be imported.
MODULES = {
    "ends": ("import os\nos._exit(3)\n", "its import ended the process, with exit code 3"),
    "ends_well": ("import os\nos._exit(0)\n", "its import ended the process, with exit code 0"),
    "is_killed": (
        "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n",
        "its import ended the process, by SIGKILL",
    ),
    "sleeps": ("import time\ntime.sleep(600)\n", "its import did not come to an end within 3 s"),
    "counts": ("while True: pass\n", "its import did not come to an end within 3 s"),
    "is_well": ("x = 1\n", ""),
    "raises": ("raise SystemExit(3)\n", ""),
    "speaks": ("import os\nos.write(1, b'noise' * 100_000)\n", ""),
    "leaves_a_thread": (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\n",
        "",
    ),
    "forks": ("import os\nos.fork()\n", ""),
}


@pytest.fixture
def path(tmp_path):
    for name, (code, _) in MODULES.items():
        (tmp_path / f"{name}.py").write_text(code)
    return [*sys.path, str(tmp_path)]


def test_each_is_named_with_what_its_import_does_and_the_others_are_not(path):
    found = deadly_imports(list(MODULES), path=path, longest=3.0)
    assert found == {name: reason for name, (_, reason) in MODULES.items() if reason}


def test_there_is_nothing_to_try_where_there_are_no_plugins_of_others(path, monkeypatch):
    monkeypatch.setattr("subprocess.Popen", None)
    assert deadly_imports([], path=path) == {}
