"""Parts that several answers rest on, each of which is done once."""

from __future__ import annotations

from harness.execution.dependence import Contents
from harness.scenarios.parts import Part, PartCell


class SharedParts:
    """Which parts are the same; what they hold is looked at once, however often they are made."""

    def __init__(self) -> None:
        self._contents = Contents()
        self._first: dict[tuple[str, str, str, str], PartCell] = {}
        self._known: dict[PartCell, PartCell] = {}

    def first(self, cell: PartCell, part: Part) -> PartCell:
        """Return the cell of the first part asked for that has the label and content of this one."""
        if cell not in self._known:
            content = (cell.estimator, cell.scenario, cell.part, self._contents.of(part))
            self._known[cell] = self._first.setdefault(content, cell)
        return self._known[cell]
