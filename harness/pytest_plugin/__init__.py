"""pytest collects specs: one test for each expected number of a study.

Nothing heavy is loaded before a spec with expected numbers is met, and no study runs before its first test.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.pytest_plugin.spec_file import SpecFile

EXPECTS = re.compile(rb"^expect[ \t]*:", re.MULTILINE)
IS_SPEC = re.compile(rb"^(spec_version|study)[ \t]*:", re.MULTILINE)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of replication tests."""
    group = parser.getgroup("harness", "expected numbers of panel studies")
    group.addoption(
        "--harness-quick",
        action="store_true",
        help="fewer draws, splits and restarts; numbers that rest on them will differ",
    )
    group.addoption(
        "--harness-record",
        type=Path,
        metavar="MANIFEST",
        help="manifest.json of a run: a failure names versions, code, data and spec that have changed since",
    )
    group.addoption("--harness-jobs", type=int, default=1, metavar="N", help="worker processes of a study")


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker of replication tests."""
    config.addinivalue_line("markers", "replication: an expected number of a spec")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> SpecFile | None:
    """Collect a spec with expected numbers; leave any other file alone."""
    if file_path.suffix not in {".yaml", ".yml"} or not expects_numbers(file_path.read_bytes()):
        return None
    from harness.pytest_plugin.spec_file import SpecFile

    return SpecFile.from_parent(parent, path=file_path)


def expects_numbers(content: bytes) -> bool:
    """Whether a file looks like a spec with a block ``expect:``; it need not be right, or even YAML."""
    return EXPECTS.search(content) is not None and IS_SPEC.search(content) is not None
