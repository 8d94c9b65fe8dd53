"""Runs that differ from a written one in a table or in what was asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pandas as pd

from harness.findings.run import Run, RunReader


@dataclass(frozen=True)
class ChangedTable:
    """A run folder of which one table is another."""

    folder: RunReader
    name: str
    table: pd.DataFrame

    def read_table(self, name):
        return self.table if name == self.name else self.folder.read_table(name)

    def manifest(self):
        return self.folder.manifest()

    def messages(self):
        return self.folder.messages()

    def files(self):
        return self.folder.files()


def with_table(run: Run, name: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Run:
    """Return a run of which one table is changed."""
    return Run(run.manifest, ChangedTable(run.folder, name, change(run.frame(name))))


def with_study(run: Run, **changes) -> Run:
    """Return a run of a study that differs in some fields."""
    study = replace(run.manifest.study, **changes)
    return Run(replace(run.manifest, study=study), run.folder)


def with_truth(run: Run, scenario: str, *rows: dict[str, object]) -> Run:
    """Return a run of simulated data with the true numbers of one scenario, for the first outcome."""
    columns = ["kind", "at", "moderator_at", "group", "truth"]
    frame = pd.DataFrame([{"group": "", **row} for row in rows]).reindex(columns=columns)
    return with_table(
        run, "truth", lambda _: frame.assign(outcome=run.manifest.study.outcomes[0], scenario=scenario)
    )
