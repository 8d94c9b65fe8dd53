"""Tasks in worker processes."""

from __future__ import annotations

import os
from functools import partial
from types import SimpleNamespace

import pytest

from harness import ArtifactError
from harness.runs.executor import execute


def square(number):
    """Return a task that worker processes can load, which a class of this module is not."""
    return SimpleNamespace(run=partial(pow, number, 2))


DIE = SimpleNamespace(run=partial(os._exit, 1))


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_results_come_in_the_order_of_the_tasks_each_announced_once(n_jobs):
    seen = []
    results = execute((square(n) for n in range(20)), n_jobs=n_jobs, on_done=seen.append)
    assert results == [n**2 for n in range(20)]
    assert sorted(seen) == results


def test_a_worker_that_dies_is_an_error_with_a_remedy():
    with pytest.raises(ArtifactError, match="a worker process died") as error:
        execute([square(1), DIE, square(2)], n_jobs=2, on_done=lambda _: None)
    assert "--resume" in error.value.mend
