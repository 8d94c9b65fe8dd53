"""A large panel through a whole run: time, memory and progress, and how costs grow with rows and draws.

Run in a checkout as ``OMP_NUM_THREADS=1 python tests/bench/large.py study rows draws spreads``, or with some
of the words. Each run is a process of its own with two workers. Memory is that of all its processes together,
what they share counted once, looked at twice a second (Linux).

``study``
    10^6 rows, pooled OLS, two-way fixed effects and boosting, their curves with bands, two protocols.
``rows``
    The same study with 10^5 and with 10^6 rows.
``draws``
    Pooled OLS and fixed effects on 5,000 rows, with 10^3 and with 10^4 draws of the curve.
``spreads``
    How the spread of boosting's curve falls with the number of entities.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

import numpy as np
import pandas as pd

from harness import Panel, random_stream
from harness.scenarios.draws import DrawPlan, Resamples
from harness.scenarios.partial_dependence import partial_dependence
from harness_sklearn import Boosting

N_PERIODS, N_COLUMNS = 10, 12
COLUMNS = [f"x{at}" for at in range(N_COLUMNS)]
LOOK = 0.5
"""Seconds from one look at memory to the next."""

SPEC = """
spec_version: 1
study: large
data: {{path: panel.parquet}}
roles: {{entity: entity, time: period, outcomes: [outcome], exposure: x0, controls: [{controls}]}}
estimators:
  - {{id: ols, use: pooled_ols}}
  - {{id: fe, use: fixed_effects, effects: [entity, time]}}
{further}
evaluation: {{reference: ols, protocols: [in_sample, held_out_entities]}}
scenarios: [{{use: curve, draws: {draws}}}]
"""
BOOSTING = "  - {id: boosting, use: boosting}"


def drawn(n_rows: int) -> pd.DataFrame:
    """Return a panel whose outcome is a sine of the exposure, a line in x1, effects of entities and noise."""
    rng = np.random.default_rng(1)
    n_entities = n_rows // N_PERIODS
    entity, period = np.divmod(np.arange(n_entities * N_PERIODS), N_PERIODS)
    X = 0.7 * rng.normal(size=(n_entities, N_COLUMNS))[entity] + rng.normal(size=(entity.size, N_COLUMNS))
    effect = rng.normal(size=n_entities)[entity]
    outcome = np.sin(X[:, 0]) + 0.5 * X[:, 1] + effect + rng.normal(size=entity.size)
    frame = pd.DataFrame(X, columns=COLUMNS)
    return frame.assign(entity=entity, period=2000 + period, outcome=outcome)


@dataclass(frozen=True)
class Took:
    """What a run took.

    Attributes
    ----------
    wall, cpu : seconds, the latter of all processes
    peak : bytes of all processes together
    silence : the most seconds from one line of progress to the next
    """

    wall: float
    cpu: float
    peak: float
    silence: float

    def row(self, *labels: str) -> str:
        """Return a line of a table."""
        shown = (
            f"{self.wall:.0f} s",
            f"{self.cpu:.0f} s",
            f"{self.peak / 1e9:.1f} GB",
            f"{self.silence:.0f} s",
        )
        return "| " + " | ".join((*labels, *shown)) + " |"


def run(n_rows: int, *, draws: int, further: str) -> Took:
    """Run the study on so many rows with two workers."""
    with tempfile.TemporaryDirectory() as folder:
        drawn(n_rows).to_parquet(Path(folder, "panel.parquet"))
        spec = SPEC.format(controls=", ".join(COLUMNS[1:]), further=further, draws=draws)
        Path(folder, "large.yaml").write_text(spec, encoding="utf-8")
        words = [sys.executable, "-m", "harness.cli", "run", "large.yaml", "--out", "run", "--jobs", "2"]
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), monotonic()
        process = subprocess.Popen(
            words,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        look = Memory(process.pid)
        look.start()
        heard = [start]
        for line in process.stderr or ():
            heard.append(monotonic())
            print(f"{heard[-1] - start:.0f} s: {line.rstrip()}", file=sys.stderr)
        code = process.wait()
        wall = monotonic() - start
        look.join()
    if code:
        raise SystemExit(code)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(wall, cpu, look.peak, float(np.diff([*heard, start + wall]).max()))


class Memory(Thread):
    """Looks at the memory of a session of processes until none is left.

    Attributes
    ----------
    peak : most bytes so far, each page divided among those that share it
    """

    def __init__(self, session: int) -> None:
        super().__init__(daemon=True)
        self._session = session
        self.peak = 0.0

    def run(self) -> None:
        """Look twice a second."""
        while Path(f"/proc/{self._session}").exists():
            self.peak = max(self.peak, sum(map(_bytes_of, self._processes())))
            sleep(LOOK)

    def _processes(self) -> list[int]:
        numbers = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
        return [number for number in numbers if _session_of(number) == self._session]


def _session_of(process: int) -> int:
    try:
        return os.getsid(process)
    except ProcessLookupError:
        return -1


def _bytes_of(process: int) -> float:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(1024.0 * float(line.split()[1]) for line in lines if line.startswith("Pss:"))


def spread(n_entities: int, *, draws: int = 40) -> float:
    """Return the root mean variance of boosting's curve times the root of the entities."""
    frame = drawn(n_entities * N_PERIODS)
    panel = Panel.from_frame(
        frame, entity="entity", time="period", outcome="outcome", exposure="x0", controls=COLUMNS[1:]
    )
    plan = DrawPlan(draws, "entity", most_rows=panel.n_obs)
    fits = Resamples(Boosting(), panel, plan, 1, "boosting", f"{n_entities} entities").draw(range(draws))
    rows = panel.take(random_stream(1, "rows").choice(panel.n_obs, 1000, replace=False))
    curves = partial_dependence(fits, rows, np.linspace(-2.0, 2.0, 10))
    return float(np.sqrt(n_entities * curves.var(axis=0, ddof=1).mean()))


HEAD = ("wall", "processor", "memory", "longest silence")


def table(*labels: str) -> str:
    """Return the head of a table."""
    return f"| {' | '.join((*labels, *HEAD))} |\n|{'---|' * (len(labels) + len(HEAD))}"


def main() -> None:
    """Print what is asked for."""
    asked = set(sys.argv[1:]) or {"study"}
    if asked & {"study", "rows"}:
        print(table("rows", "draws"))
        for n_rows in (100_000, 1_000_000) if "rows" in asked else (1_000_000,):
            print(run(n_rows, draws=200, further=BOOSTING).row(f"{n_rows:,}", "200"), flush=True)
    if "draws" in asked:
        print(table("rows", "draws"))
        for draws in (1000, 10_000):
            print(run(5000, draws=draws, further="").row("5,000", f"{draws:,}"), flush=True)
    if "spreads" in asked:
        print("| entities | spread of the curve times their root |\n|---|---|")
        for n_entities in (500, 1000, 2000, 10_000):
            print(f"| {n_entities:,} | {spread(n_entities):.1f} |", flush=True)


if __name__ == "__main__":
    main()
