"""What the tasks of a run tell as they go."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.running.checkpoints import CheckpointStore
from harness.running.dependence import Surroundings
from harness.running.graph import run_tasks


@dataclass
class Watched:
    """Labels of tasks, as each was handed to a worker and as each was done."""

    handed_out: list[str] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)

    def begun(self, label: str) -> None:
        self.handed_out.append(label)

    def done(self, label: str) -> None:
        self.finished.append(label)


def run_all(tasks, *, workers, listener=None):
    """Run tasks without an earlier run, and return their results."""
    with TemporaryDirectory() as place:
        store = CheckpointStore(Path(place) / "checkpoints")
        kept = run_tasks(tasks, store, Surroundings({}, {}), workers=workers, listener=listener or Watched())
    return kept.results
