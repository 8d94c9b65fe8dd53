"""A run whose tables stay in memory: what the command finds, without a folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from harness.findings.run import Run
from harness.record.manifest import Manifest
from harness.running.checkpoints import TaskResult
from harness.running.prepare import Prepared
from harness.running.results import RunResults, results_of
from harness.running.write import write_tables
from harness.scenarios.task import run_in_process
from harness.tables.csv_table import as_read


@dataclass(frozen=True, eq=False)
class RunInMemory:
    """What a run folder has for readers: its manifest, and its tables as they would be read from files."""

    of: Manifest
    _written: dict[str, pd.DataFrame] = field(default_factory=dict)
    _read: dict[str, pd.DataFrame] = field(default_factory=dict)

    def manifest(self) -> Manifest:
        """Return the manifest."""
        return self.of

    def files(self) -> tuple[str, ...]:
        """Return no files."""
        return ()

    def write_table(self, name: str, frame: pd.DataFrame, /) -> None:
        """Keep a tidy table."""
        self._written[name] = frame

    def read_table(self, name: str, /) -> pd.DataFrame:
        """Return a table; an empty frame without columns where there is none."""
        if name in self._written:
            self._read[name] = as_read(self._written.pop(name))
        return self._read.get(name, pd.DataFrame())

    def write_parquet(self, name: str, frame: pd.DataFrame, /) -> None:
        """Keep a large table, which is read as it is."""
        self._read[name] = frame

    read_parquet = read_table


def run_in_memory(
    prepared: Prepared, manifest: Manifest, apart: Callable[[Any], Any] = lambda task: task
) -> tuple[Run, RunResults]:
    """Return a run with all tables but findings and those of expectations, and what its tasks returned.

    Parameters
    ----------
    apart : returns a task, or what keeps it from sharing this process
    """
    plan = prepared.plan
    done: list[TaskResult] = [apart(task).run() for task in (*plan.full_tasks(), *plan.fold_tasks())]
    results = results_of(prepared, [*done, *run_in_process(plan.part_tasks(), apart)])
    store = RunInMemory(manifest)
    write_tables(store, results, manifest.study)
    return Run(manifest, store), results
