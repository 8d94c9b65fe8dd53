"""Run one study in one process and on a dask cluster of processes, for ``docs/planning.md``.

Run as ``python benchmarks/cluster.py [ROWS]`` on Linux. Bytes are all that went over the loopback interface.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
import pandas as pd

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from dask_cluster import harness, started
from small_run import wait_for_results

COLUMNS = [f"x{column}" for column in range(12)]
SPEC = f"""\
spec_version: 1
study: cluster
data: {{path: panel.parquet}}
roles: {{entity: firm, time: year, outcomes: [y], exposure: x0, controls: [{", ".join(COLUMNS[1:])}]}}
estimators: [pooled_ols, {{use: fixed_effects, effects: [entity]}}, boosting]
evaluation: {{protocols: [in_sample, held_out_entities]}}
scenarios: [{{use: curve, draws: 20, grid: 10}}]
report: {{formats: []}}
"""


def loopback() -> int:
    """Return the bytes that went over the loopback interface."""
    rows = map(str.split, Path("/proc/net/dev").read_text().splitlines())
    return next(int(row[9]) for row in rows if row[0] == "lo:")


def main(n_rows: int) -> None:
    """Print a row for each way to run the study."""
    rng, rows = np.random.default_rng(1), np.arange(n_rows)
    frame = pd.DataFrame(rng.normal(size=(n_rows, len(COLUMNS))), columns=COLUMNS)
    frame = frame.assign(firm=rows // 10, year=rows % 10)
    frame["y"] = frame["x0"] + frame["firm"] % 7 + rng.normal(size=n_rows)
    with TemporaryDirectory() as name, started(Path(name)) as cluster:
        frame.to_parquet(Path(name, "panel.parquet"))
        Path(name, "spec.yaml").write_text(SPEC, encoding="utf-8")

        def row(where: str, *words: str, is_killing: bool = False) -> None:
            out, before, start = Path(name, where), loopback(), perf_counter()
            run = harness("run", "spec.yaml", "--out", out, "--quick", *words, cwd=Path(name))
            if is_killing:
                wait_for_results(run, out, 5)
                cluster.kill_one()
            _, errors = run.communicate()
            seconds, sent = perf_counter() - start, (loopback() - before) / 1e6
            compared = harness("compare", "one process", out, cwd=Path(name)).communicate()[0]
            tables = [line for line in compared.splitlines() if " tables are " in line] or [errors]
            print(f"| {where} | {seconds:.0f} | {sent:.0f} | {tables[0]} |", flush=True)

        print("| where | s | MB sent | tables as of one process |\n|---|---|---|---|")
        row("one process", "--jobs", "1")
        for more, where in ((1, "1 worker"), (1, "2 workers"), (2, "4 workers")):
            cluster.work(more, "--memory-limit", "2GB")
            row(where, "--scheduler", cluster.address)
        row("4 workers, one killed", "--scheduler", cluster.address, is_killing=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
