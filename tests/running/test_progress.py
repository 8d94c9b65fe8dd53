"""What is told while tasks run, and the lines that say so where there is no terminal."""

from __future__ import annotations

from harness.running.progress import SILENCE, Count, _Lines, progress


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


def said(capsys):
    return capsys.readouterr().err.splitlines()


def test_a_line_at_each_tenth_says_what_is_done_what_is_left_and_what_runs(capsys):
    lines = _Lines(0.0)
    for done in range(41):
        lines.tell(done, 40, f"task {done + 1}", moment=float(done))
    told = said(capsys)
    assert len(told) == 10
    assert told[0] == "4 of 40 done in 4 s, about 36 s left; now task 5"
    assert told[-1] == "40 of 40 done in 40 s; now task 41"


def test_a_long_task_is_not_silent(capsys):
    lines = _Lines(0.0)
    lines.tell(0, 3, "a slow one", moment=1.0)
    for moment in range(2, 200):
        lines.break_silence(float(moment))
    told = said(capsys)
    assert len(told) == 199 // SILENCE
    assert told[0] == "0 of 3 done in 30 s; now a slow one"
    assert told[-1] == "0 of 3 done in 3 min; now a slow one"


def test_the_watcher_ends_with_the_run(capsys):
    with progress() as on_progress:
        on_progress(1, 1, "nothing")
    assert said(capsys) == ["1 of 1 done in 0 s; now nothing"]
