"""Count what whole studies establish on panels whose truth is known, for ``docs/measured/inference.md``.

Run in a checkout as ``OMP_NUM_THREADS=1 python benchmarks/finding_rates.py``: 40 panels without an effect
and 40 with a monotone one, each a study at ``--quick``, five minutes of the processor for both. Shares have
exact limits (Clopper and Pearson 1934). The panels are those of ``tests/statistics/test_finding_rates.py``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

from measured import Measured, with_limits

TESTS = Path(__file__).parents[1] / "tests"
TABLE = Measured("finding_rates.csv", ("truth", "found", "network", "bootstrapped network"))

# Rows of the table, by spec and kind of finding.
ROWS = {
    ("null_effect", "model_curve"): ("no effect", "a slope significantly different from zero anywhere"),
    ("null_effect", "nonlinearity"): ("no effect", "nonlinearity"),
    ("null_effect", "turning_point"): ("no effect", "a turning point"),
    ("monotone", "turning_point"): ("monotone, nonlinear", "a turning point"),
    ("monotone", "model_curve"): ("monotone, nonlinear", "a slope significantly different from zero (true)"),
    ("monotone", "nonlinearity"): ("monotone, nonlinear", "nonlinearity (true)"),
}


def main() -> None:
    """Count and print."""
    sys.path += [str(TESTS), str(TESTS / "statistics")]
    from test_finding_rates import N_PANELS, NETWORKS, times

    def rows(folder: Path) -> Iterator[tuple[str, ...]]:
        for (name, kind), cells in ROWS.items():
            counts = times(name, kind, folder)
            yield *cells, *(with_limits(counts[network], N_PANELS) for network in NETWORKS)

    start = process_time()
    with TemporaryDirectory() as folder:
        TABLE.write(rows(Path(folder)))
    print(f"{process_time() - start:.0f} seconds of the processor", file=sys.stderr)


if __name__ == "__main__":
    main()
