"""What a user would write instead: a study by the harness beside the plain script that does the same fits.

Run in a checkout, with nothing else running, as ``OMP_NUM_THREADS=1 python benchmarks/script.py``. Both run
in turn, three times, two processes each; the fastest of each counts. Memory is that of all processes
together, what they share counted once (Linux). Writes its table into ``docs/measured/performance.md``.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from harness import open_run
from processes import Took, taken_by, write_table

ROOT = Path(__file__).parents[1]
SPEC, SCRIPT = ROOT / "specs" / "grunfeld.yaml", ROOT / "benchmarks" / "scripts" / "grunfeld.py"
N_ROUNDS = 3


def lines_of(path: Path) -> int:
    """Return the lines of a file that are neither blank nor a comment."""
    lines = map(str.strip, path.read_text(encoding="utf-8").splitlines())
    return sum(bool(line) and not line.startswith("#") for line in lines)


def require_equal_gains(run: Path, script: Path) -> None:
    """Refuse two runs whose fixed effects, which neither draws, gain otherwise in sample and forward."""
    ours = open_run(run).gain.query("estimator == 'fe' and sample == 'test'").set_index("protocol")["gain"]
    theirs = pd.read_csv(script / "gains.csv").query("estimator == 'Fixed effects (firm)'")
    for protocol in ("in_sample", "forward"):
        (gain,) = theirs.loc[theirs["protocol"] == protocol, "gain"]
        if abs(ours[protocol] - gain) > 1e-9:
            raise SystemExit(f"{protocol}: the harness has {ours[protocol]}, the script {gain}")


def measured(folder: Path) -> tuple[Took, Took]:
    """Run the study and the script once, and return what each took."""
    words = ["-m", "harness.cli", "run", str(SPEC), "--quick", "--out", "run", "--jobs", "2"]
    ours = taken_by(words, cwd=folder)
    theirs = taken_by([str(SCRIPT), "script"], cwd=folder)
    require_equal_gains(folder / "run", folder / "script")
    return ours, theirs


def table(found: list[tuple[Took, Took]]) -> Iterator[str]:
    """Yield the lines of the table."""
    yield "| | wall | processor | memory | lines |\n|---|---|---|---|---|\n"
    rows = (
        ("the harness, `specs/grunfeld.yaml --quick`", SPEC),
        ("`benchmarks/scripts/grunfeld.py`", SCRIPT),
    )
    for at, (name, path) in enumerate(rows):
        best = min((pair[at] for pair in found), key=lambda took: took.cpu)
        sizes = f"{best.wall:.0f} s | {best.cpu:.0f} s | {best.peak / 1e9:.1f} GB"
        yield f"| {name} | {sizes} | {lines_of(path)} |\n"


def main() -> None:
    """Measure in turn, and write the table."""
    os.environ["PYTHONWARNINGS"] = "ignore"  # networks that reach their last step say so each time
    found = []
    for _ in range(N_ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            found.append(measured(Path(folder)))
    write_table("script, written by benchmarks/script.py", list(table(found)))


if __name__ == "__main__":
    main()
