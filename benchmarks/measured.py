"""The tables of ``docs/measured`` that scripts print: ``python benchmarks/gain_rates.py > FILE``."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """A file of ``docs/measured`` and its columns, of which a script prints all rows or those asked for."""

    file: str
    columns: tuple[str, ...]

    def write(self, rows: Iterable[Sequence[object]]) -> None:
        """Print the table, each row as soon as it is measured."""
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(self.columns)
        for row in rows:
            assert len(row) == len(self.columns), row
            writer.writerow(row)
            sys.stdout.flush()


def with_limits(count: int, n_panels: int) -> str:
    """Return a count with the exact 95 % limits of its share (Clopper and Pearson 1934)."""
    from harness.findings.shape import exact_limits

    low, high = exact_limits(count, n_panels)
    return f"{count} of {n_panels} [{low:.3f}, {high:.3f}]"
