"""Tasks kept from each other: what the code of one does to its process is undone before the next runs."""

from __future__ import annotations

import os
from typing import TypeVar

from harness.estimators.guard import what_broke
from harness.execution.task import CanFail, Task
from harness.execution.traces import TRACES
from harness.execution.workers import IS_WORKER
from harness.registry.process_state import ProcessState

R = TypeVar("R")


def run_apart(task: Task[R]) -> R:
    """Run a task, and put back whatever it changed of its process.

    A copy of the process that comes back from a task, because a plugin forked in it, ends here. A worker
    hears no Ctrl-C, so a `KeyboardInterrupt` there is the plugin's own.
    """
    process, before = os.getpid(), ProcessState.now()
    TRACES.forget()
    try:
        result = task.run()
    except KeyboardInterrupt as error:
        if IS_WORKER not in os.environ or not isinstance(task, CanFail):
            raise
        result = task.failed(what_broke(error))
    finally:
        if os.getpid() != process:
            os._exit(0)
        exchanged = before.restore()
    if exchanged and isinstance(task, CanFail):
        result = task.failed(f"exchanged {', '.join(exchanged)} for its own, so none of its numbers counts")
    return result
