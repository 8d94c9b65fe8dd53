"""What is told while tasks run: how many are done, and the one that has run longest."""

from __future__ import annotations

from harness.execution.progress import Count


def test_the_task_that_has_run_longest_is_what_runs_now():
    told = []
    count = Count(3, lambda *words: told.append(words), last="writing")
    count.begun("a")
    count.begun("b")
    count.done("a")
    count.done("b")
    count.done("kept by an earlier run")
    assert told == [(0, 3, "a"), (0, 3, "a"), (1, 3, "b"), (2, 3, "what follows b"), (3, 3, "writing")]


def test_nobody_need_listen():
    count = Count(0, None, last="writing")
    count.begun("a")
    count.done("a")
