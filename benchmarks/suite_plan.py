"""What ``harness suite plan`` estimates for studies of a suite, and what their fits took in a quick run.

Run in a checkout as ``OMP_NUM_THREADS=1 python benchmarks/suite_plan.py SUITE RUN [STUDY...]``, where RUN is
the folder that ``harness suite SUITE --quick --jobs 1 --out RUN`` wrote.
"""

from __future__ import annotations

import sys
from pathlib import Path

from harness.installed import installed
from harness.preflight.suite_cost import plan_suite
from harness.running.folder import RunFolder
from harness.running.options import RunOptions
from harness.suite.run import STUDIES
from harness.suite.spec import load_suite


def main() -> None:
    """Plan the studies and print planned against measured seconds of their fits."""
    suite, run, *only = sys.argv[1:]
    options = RunOptions(spec=Path(suite), quick=True, jobs=1)
    names = only or sorted(path.name for path in (Path(run) / STUDIES).iterdir())
    costs = plan_suite(load_suite(Path(suite)), options, installed(), only=names, on_line=print)
    print("\n| study | planned s | measured s | ratio |", "|---|---|---|---|", sep="\n")
    for one in costs:
        planned = sum(kind.all_seconds for kind in one.cost.probed)
        took = RunFolder(Path(run) / STUDIES / one.study).manifest().seconds
        print(f"| {one.study} | {planned:.1f} | {took:.1f} | {planned / took:.2f} |")


if __name__ == "__main__":
    main()
