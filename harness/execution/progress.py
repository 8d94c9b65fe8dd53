"""How far tasks are: how many are done, and which of them runs."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int, str], None]
"""Called with tasks done, tasks in all, and what runs now."""


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
        self._say(self._last if self._n_done == self._n_tasks else f"what follows {label}")

    def _say(self, otherwise: str) -> None:
        if self._tell is not None:
            self._tell(self._n_done, self._n_tasks, next(iter(self._running), otherwise))
