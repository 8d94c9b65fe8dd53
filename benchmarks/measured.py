"""The tables of ``docs/measured`` that scripts write: ``python benchmarks/gain_rates.py > FILE`` or by name.

Scripts of many cheap panels keep a row a panel in ``build/measured``, by the hash of the code that makes it,
and go on from there. ``made_by.json`` next to their tables says what made these.
"""

from __future__ import annotations

import csv
import hashlib
import inspect
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "measured"
ORIGINS = FOLDER / "made_by.json"


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

    def save(self, rows: Iterable[Sequence[object]], script: str, code: Sequence[object]) -> None:
        """Write the table, and what made it: a script, the version, and the hash of its code."""
        from harness import __version__

        table = pd.DataFrame([*rows], columns=[*self.columns], dtype=str)
        table.to_csv(FOLDER / self.file, index=False, lineterminator="\n")
        origins = json.loads(ORIGINS.read_text(encoding="utf-8")) if ORIGINS.exists() else {}
        origins[self.file] = {"made_by": script, "panel-harness": __version__, "sha256": digest(code)}
        ORIGINS.write_text(f"{json.dumps(origins, indent=1, sort_keys=True)}\n", encoding="utf-8")
        print(table.to_csv(index=False, lineterminator="\n"), end="")


def digest(code: Sequence[object]) -> str:
    """Return the SHA-256 of values and of the source of functions, without docstrings and spaces."""
    source = "".join(inspect.getsource(part) if callable(part) else repr(part) for part in code)
    return hashlib.sha256(re.sub(r'""".*?"""|\s+', "", source, flags=re.DOTALL).encode()).hexdigest()


def counted(
    name: str, row_of: Callable[[int], Mapping[str, float]], n_panels: int, code: Sequence[object]
) -> pd.DataFrame:
    """Return the rows of the first panels, those that were kept and the others, which are added."""
    path = ROOT / "build" / "measured" / digest(code)[:12] / f"{name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    n_kept = len(pd.read_csv(path)) if path.exists() else 0
    with path.open("a", buffering=1, encoding="utf-8", newline="") as file:
        for number in range(n_kept, n_panels):
            row = row_of(number)
            writer = csv.DictWriter(file, [*row], lineterminator="\n")
            if number == 0:
                writer.writeheader()
            writer.writerow(row)
    return pd.read_csv(path).iloc[:n_panels]


def share_with_limits(count: int, n_panels: int) -> str:
    """Return a share in per cent with the exact 95 % limits (Clopper and Pearson 1934)."""
    from harness.findings.shape import exact_limits

    low, high = exact_limits(count, n_panels)
    return f"{100 * count / n_panels:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def with_limits(count: int, n_panels: int) -> str:
    """Return a count with the exact 95 % limits of its share (Clopper and Pearson 1934)."""
    from harness.findings.shape import exact_limits

    low, high = exact_limits(count, n_panels)
    return f"{count} of {n_panels} [{low:.3f}, {high:.3f}]"
