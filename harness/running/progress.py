"""Progress of a run: how many tasks are done, and a bar or lines on standard error that show it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from harness.language import marked
from harness.terminal import echo, rewrite, terminal_text

# Called with tasks done, tasks in all, and what runs now.
Progress = Callable[[int, int, str], None]


class Count:
    """How many tasks are done, told as it changes with the one that has run longest.

    Parameters
    ----------
    n_tasks : tasks in all
    tell : what is told; None where nobody listens
    last : what comes once all tasks are done
    """

    def __init__(self, n_tasks: int, tell: Progress | None, *, last: str) -> None:
        self._n_tasks, self._tell, self._last = n_tasks, tell, last
        self._n_done = 0
        self._running: dict[str, None] = {}

    def begun(self, label: str) -> None:
        """Take note of a task that was handed to a worker."""
        self._running[label] = None
        self._say(label)

    def done(self, label: str) -> None:
        """Count a task that need not be run any more."""
        self._n_done += 1
        self._running.pop(label, None)
        following = terminal_text(FOLLOWING).format(label=terminal_text(label))
        self._say(self._last if self._n_done == self._n_tasks else following)

    def _say(self, otherwise: str) -> None:
        if self._tell is not None:
            self._tell(self._n_done, self._n_tasks, next(iter(self._running), otherwise))


# What runs before the first task, between two and after the last; what lines say.
START, FOLLOWING = marked("reading the data"), marked("what follows {label}")
SAYS, LEFT = marked("{done} of {total} done in {time}{left}; now {now}"), marked(", about {time} left")
LASTS, SECONDS, MINUTES = marked(", for {time} so far"), marked("{n} s"), marked("{n} min")
MESSAGES = (marked("writing tables and report"), marked("writing tables and pages"))

# Seconds after which a line is written even where nothing was finished.
SILENCE = 20.0

# Characters of a line that is renewed, so that none of a longer one before it remain.
LINE = 120


@contextmanager
def progress() -> Iterator[Progress]:
    """Show how much is done, what runs now and the time that is left.

    On a terminal that is a bar, and in a notebook with ipywidgets; in one without them a line renews itself;
    elsewhere a line at each tenth, and one wherever `SILENCE` passed without.
    """
    from rich.console import Console

    console = Console(stderr=True)
    if not (console.is_terminal or (console.is_jupyter and find_spec("ipywidgets"))):
        with _lines(renewed=console.is_jupyter) as on_progress:
            yield on_progress
        return
    from rich import progress as shown

    done = (shown.BarColumn(), shown.MofNCompleteColumn(), shown.TimeElapsedColumn())
    left = (shown.TextColumn(terminal_text(marked("left"))), shown.TimeRemainingColumn())
    now = shown.TextColumn("{task.fields[now]}", markup=False)
    with shown.Progress(*done, *left, now, console=console) as bar:
        task = bar.add_task("", total=None, now=terminal_text(START))
        yield lambda done, total, now: bar.update(task, completed=done, total=total, now=terminal_text(now))


@contextmanager
def _lines(*, renewed: bool) -> Iterator[Progress]:
    """Write lines, or one that is renewed, from a thread of their own where a task takes long."""
    lines = _Renewed(time.monotonic()) if renewed else _Lines(time.monotonic())
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(1.0):
            lines.break_silence(time.monotonic())

    watcher = threading.Thread(target=watch, name="progress", daemon=True)
    watcher.start()
    try:
        yield lambda done, total, now: lines.tell(done, total, now, time.monotonic())
    finally:
        ended.set()
        watcher.join()
        lines.close()


class _Lines:
    """What was done and said so far.

    Parameters
    ----------
    start : moment of the beginning, seconds of a clock that never goes back
    """

    silence = SILENCE

    def __init__(self, start: float) -> None:
        self._start = self._last_line = self._since = start
        self._done, self._total, self._now = 0, 0, START
        self._past = deque([(start, 0)])
        self._lock = threading.Lock()

    def tell(self, done: int, total: int, now: str, moment: float) -> None:
        """Take note of what is done; write a line where another tenth is."""
        with self._lock:
            is_tenth = bool(total) and 10 * done // total > 10 * self._done // total
            self._since = self._since if now == self._now else moment
            self._done, self._total, self._now = done, total, now
            self._past.append((moment, done))
            if is_tenth:
                self._write(moment)

    def break_silence(self, moment: float) -> None:
        """Write a line where none was written for long."""
        with self._lock:
            if moment - self._last_line >= self.silence:
                self._write(moment)

    def _write(self, moment: float) -> None:
        self._last_line = moment
        passed, seconds = moment - self._start, self._remaining(moment)
        left = terminal_text(LEFT).format(time=_spell(seconds)) if seconds else ""
        waited = moment - self._since
        now = terminal_text(self._now)
        now += terminal_text(LASTS).format(time=_spell(waited)) if waited >= SILENCE else ""
        line, time = terminal_text(SAYS), _spell(passed)
        self._show(line.format(done=self._done, total=self._total, time=time, left=left, now=now))

    def _remaining(self, moment: float) -> float:
        """Return the time left by the pace of the latter half, which results taken up do not quicken."""
        halfway = (self._start + moment) / 2
        while len(self._past) > 1 and self._past[1][0] <= halfway and self._past[1][1] < self._done:
            self._past.popleft()
        since, before = self._past[0]
        n_done = self._done - before
        return (moment - since) / n_done * (self._total - self._done) if n_done else 0.0

    def _show(self, text: str) -> None:
        echo(text, err=True)

    def close(self) -> None:
        """End what is shown."""


class _Renewed(_Lines):
    """One line of a notebook, written over whenever a second has passed."""

    silence = 1.0

    def _show(self, text: str) -> None:
        rewrite(text, LINE)

    def close(self) -> None:
        """Let what follows begin a line."""
        echo(err=True)


def _spell(seconds: float) -> str:
    unit, n = (SECONDS, seconds) if seconds < 100 else (MINUTES, seconds / 60)
    return terminal_text(unit).format(n=f"{n:.0f}")
