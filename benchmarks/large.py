"""A large panel through a whole run: time, memory and progress, and how costs grow with rows and draws.

Run in a checkout as ``OMP_NUM_THREADS=1 python benchmarks/large.py rows draws spreads``, or with some of the
words. Each run is a process of its own with two workers. Memory is that of all its processes together, what
they share counted once, looked at twice a second (Linux).

``rows``
    Pooled OLS, two-way fixed effects and boosting, their curves with bands, two protocols, with 10^4, 10^5
    and 10^6 rows. Writes its table into ``docs/measured/performance.md``.
``draws``
    Pooled OLS and fixed effects on 5,000 rows, with 10^2, 10^3 and 10^4 draws of the curve. Writes its table
    into that page.
``spreads``
    How the spread of boosting's curve falls with the number of entities.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Literal

import numpy as np
import pandas as pd

from harness import panel_from_frame
from harness.plugin import random_stream
from harness.scenarios.draws import DrawPlan, Resamples
from harness.scenarios.grid import partial_dependence
from harness_sklearn import Boosting
from performance import machine

PAGE = Path(__file__).parents[1] / "docs" / "measured" / "performance.md"
END = "<!-- end -->\n"
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
    keys = {"entity": "entity", "time": "period", "outcome": "outcome", "exposure": "x0"}
    panel = panel_from_frame(drawn(n_entities * N_PERIODS), **keys, controls=COLUMNS[1:])
    plan = DrawPlan(draws, "entity", most_rows=panel.n_obs)
    fits = Resamples(Boosting(), panel, plan, 1, "boosting", f"{n_entities} entities").draw(range(draws))
    rows = panel.take(random_stream(1, "rows").choice(panel.n_obs, 1000, replace=False))
    curves = partial_dependence(fits, rows, np.linspace(-2.0, 2.0, 10))
    return float(np.sqrt(n_entities * curves.var(axis=0, ddof=1).mean()))


@dataclass(frozen=True)
class Growth:
    """Runs of one study in several sizes.

    Attributes
    ----------
    of : what grows, ``rows`` or ``draws``
    sizes : rows and draws of each run, ascending
    further : estimators beside pooled OLS and fixed effects
    """

    of: Literal["rows", "draws"]
    sizes: tuple[tuple[int, int], ...]
    further: str

    def measured(self) -> list[Took]:
        """Run the study in each size."""
        return [run(n_rows, draws=draws, further=self.further) for n_rows, draws in self.sizes]

    def lines(self, found: Sequence[Took]) -> Iterator[str]:
        """Yield the lines of the table; of costs in proportion, further ones are the same."""
        each = f"a further {self.of.removesuffix('s')}"
        head = ("rows", "draws", "processor", each, "wall", "memory", "longest silence")
        yield f"| {' | '.join(head)} |\n"
        yield f"|{'---|' * len(head)}\n"
        counts = [size[self.of == "draws"] for size in self.sizes]
        more = [
            f"{1e3 * (after.cpu - before.cpu) / (many - few):.2f} ms"
            for (few, many), (before, after) in zip(pairwise(counts), pairwise(found), strict=True)
        ]
        for (n_rows, draws), took, further in zip(self.sizes, found, ("", *more), strict=True):
            cells = (
                f"{n_rows:,}",
                f"{draws:,}",
                f"{took.cpu:.0f} s",
                further,
                f"{took.wall:.0f} s",
                f"{took.peak / 1e9:.1f} GB",
                f"{took.silence:.0f} s",
            )
            yield f"| {' | '.join(cells)} |\n"


GROWTHS = (
    Growth("rows", ((10_000, 200), (100_000, 200), (1_000_000, 200)), BOOSTING),
    Growth("draws", ((5000, 100), (5000, 1000), (5000, 10_000)), ""),
)


def write(growth: Growth) -> None:
    """Measure, and put the table into its place in the page."""
    on = machine()
    lines = list(growth.lines(growth.measured()))
    page = PAGE.read_text(encoding="utf-8")
    first, begin, rest = page.partition(f"<!-- {growth.of}, written by benchmarks/large.py -->\n")
    whole = "".join((begin, "\n", on, "\n", *lines, "\n", END))
    PAGE.write_text(first + whole + rest.partition(END)[2], encoding="utf-8")
    print(*lines, sep="", flush=True)


def main() -> None:
    """Measure what is asked for."""
    asked = set(sys.argv[1:]) or {growth.of for growth in GROWTHS}
    for growth in GROWTHS:
        if growth.of in asked:
            write(growth)
    if "spreads" in asked:
        print("| entities | spread of the curve times their root |\n|---|---|")
        for n_entities in (500, 1000, 2000, 10_000):
            print(f"| {n_entities:,} | {spread(n_entities):.1f} |", flush=True)


if __name__ == "__main__":
    main()
