"""What the tasks of a run tell as they go."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Watched:
    """Labels of tasks, as each was handed to a worker and as each was done."""

    handed_out: list[str] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)

    def begun(self, label: str) -> None:
        self.handed_out.append(label)

    def done(self, label: str) -> None:
        self.finished.append(label)
