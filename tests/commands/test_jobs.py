"""How many workers a command starts that is not told."""

from __future__ import annotations

import pytest

from harness.commands.options import n_jobs


@pytest.mark.parametrize(("jobs", "expected"), [(None, 1), (3, 3)], ids=["not told", "told"])
def test_a_command_takes_the_cores_it_may_use_unless_it_is_told(monkeypatch, jobs, expected):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    assert n_jobs(jobs) == expected
