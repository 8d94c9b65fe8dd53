"""What ``harness plan`` estimates for shipped specs and what their runs take, processor seconds and memory.

Run in a checkout as ``OMP_NUM_THREADS=1 python benchmarks/preflight.py SPEC... [--quick]``; each spec runs in
processes of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile

RUN = """
import json, resource, sys, time
from pathlib import Path
import harness
marks = {}
def tell(done, n_tasks, now):
    marks.setdefault("first", time.process_time())
    marks["tasks"] = time.process_time()
from harness.api import run_study
from harness.running.options import RunOptions
options = RunOptions(spec=Path(sys.argv[1]), quick="--quick" in sys.argv, out=Path(sys.argv[2]))
folder = run_study(options, on_progress=tell)
end = time.process_time()
figures = len(list(folder.path.glob("figures/*.svg")))
peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
first, tasks = marks["first"], marks["tasks"]
took = {"start": first, "tasks": tasks - first, "conclusion": end - tasks}
print(json.dumps({**took, "all": end, "peak": peak, "figures": figures}))
"""
PLAN = """
import json, resource, sys, time
from pathlib import Path
from harness.api import prepare_study
from harness.running.options import RunOptions
from harness.preflight.cost import estimate_cost
plan = prepare_study(RunOptions(spec=Path(sys.argv[1]), quick="--quick" in sys.argv)).plan
found = estimate_cost(plan, on_probe=lambda label: None)
tasks = sum(one.all_seconds for one in found.probed)
conclusion = found.conclusion.seconds
estimate = {"start": found.start, "tasks": tasks, "conclusion": conclusion, "all": found.seconds(1)}
print(json.dumps({**estimate, "peak": found.peak, "probing": time.process_time() - found.start}))
"""


def last_line(code: str, *words: str) -> dict[str, float]:
    """Return what a process prints last."""
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    seconds: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return seconds


def main() -> None:
    """Run, estimate and print."""
    flags = [word for word in sys.argv[1:] if word.startswith("--")]
    for spec in (word for word in sys.argv[1:] if not word.startswith("--")):
        with tempfile.TemporaryDirectory() as folder:
            plan, run = last_line(PLAN, spec, *flags), last_line(RUN, spec, f"{folder}/run", *flags)
        print(spec, *flags)
        for name, took in run.items():
            if name in plan and took:
                print(f"  {name:<12}{plan[name]:14.1f} estimated{took:14.1f} taken{plan[name] / took:8.2f}")
        print(f"  probing     {plan['probing']:14.1f}; figures {run['figures']:.0f}", flush=True)


if __name__ == "__main__":
    main()
