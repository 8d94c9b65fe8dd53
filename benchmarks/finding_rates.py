"""Count what whole studies establish on panels whose truth is known, for ``docs/measured/inference.md``.

Run in a checkout as ``OMP_NUM_THREADS=1 python benchmarks/finding_rates.py``: 40 panels without an effect
and 40 with a monotone one, each a study at ``--quick``, five minutes of the processor for both. Shares have
exact limits (Clopper and Pearson 1934). The panels are those of ``tests/statistics/test_finding_rates.py``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

from scipy.stats import binomtest

TESTS = Path(__file__).parents[1] / "tests"
KINDS = ("gain", "model_curve", "nonlinearity", "turning_point")


def main() -> None:
    """Count and print."""
    sys.path += [str(TESTS), str(TESTS / "statistics")]
    from test_finding_rates import CASES, N_PANELS, NETWORKS, times

    print(
        "| truth | finding | " + " | ".join(NETWORKS) + " |", "|---|---|" + "---|" * len(NETWORKS), sep="\n"
    )
    start = process_time()
    with TemporaryDirectory() as folder:
        for name in CASES:
            for kind in KINDS:
                counts = times(name, kind, Path(folder))
                cells = [limits(counts[network], N_PANELS) for network in NETWORKS]
                print(f"| {name} | {kind} | {' | '.join(cells)} |", flush=True)
    print(f"{process_time() - start:.0f} seconds of the processor")


def limits(count: int, n_panels: int) -> str:
    """Return a count with the exact 95 % limits of its share."""
    share = binomtest(count, n_panels).proportion_ci(0.95)
    return f"{count} of {n_panels} [{share.low:.3f}, {share.high:.3f}]"


if __name__ == "__main__":
    main()
