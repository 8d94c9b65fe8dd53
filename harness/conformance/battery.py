"""Run a battery in a process of its own: a check that ends the process is a failure, and the others go on."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from time import perf_counter

from harness.conformance.check import Check, Verdict
from harness.conformance.report import Report, Row
from harness.registry.plugin import Plugin

_SPAWN = multiprocessing.get_context("spawn")


def run_checks(plugin: Plugin, checks: Sequence[Check]) -> Report:
    """Run checks one after the other and report them.

    They run in one process, which is started again where a check ended it: what others found is kept.
    """
    rows: list[Row] = []

    def done(verdict: Verdict, seconds: float) -> None:
        battery, rule = checks[len(rows)].battery, checks[len(rows)].rule
        battery.verdicts[rule.name] = verdict
        where = (battery.kind, battery.member, rule.name, rule.says)
        rows.append(Row(*where, verdict.status, verdict.reason, round(seconds, 3)))

    while len(rows) < len(checks):
        _run_until_the_end(checks[len(rows) :], done)
    return Report(plugin, tuple(rows))


def _run_until_the_end(checks: Sequence[Check], done: Callable[[Verdict, float], None]) -> None:
    """Run checks in a new process until all are done, or one ends the process."""
    receiver, sender = _SPAWN.Pipe(duplex=False)
    process = _SPAWN.Process(target=_work, args=(sender, tuple(checks)))
    start = perf_counter()
    process.start()
    sender.close()
    n_done = 0
    try:
        while n_done < len(checks):
            done(*receiver.recv())
            n_done, start = n_done + 1, perf_counter()
    except EOFError:
        process.join()
        reason = f"it ends the process it runs in: {_ending(process.exitcode)}"
        done(Verdict("failed", reason), perf_counter() - start)
    finally:
        receiver.close()
        process.join()


def _work(sender: Connection, checks: Sequence[Check]) -> None:
    """Run checks and send how each went; what they print goes where messages go."""
    from joblib.externals.loky import get_reusable_executor

    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    for check in checks:
        start = perf_counter()
        verdict = check.verdict()
        sender.send((verdict, perf_counter() - start))
    sender.close()
    # This process ends once its own workers have; idle ones would wait for minutes.
    get_reusable_executor().shutdown(wait=True, kill_workers=True)


def _ending(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        return f"killed by {signal.Signals(-exit_code).name}"
    return f"exit code {exit_code}"
