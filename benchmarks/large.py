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

import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from harness import panel_from_frame
from harness.plugin import random_stream
from harness.scenarios.draws import DrawPlan, Resamples
from harness.scenarios.grid import partial_dependence
from harness_sklearn import Boosting
from processes import Took, taken_by, write_table

N_PERIODS, N_COLUMNS = 10, 12
COLUMNS = [f"x{at}" for at in range(N_COLUMNS)]

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


def run(n_rows: int, *, draws: int, further: str) -> Took:
    """Run the study on so many rows with two workers."""
    with tempfile.TemporaryDirectory() as folder:
        drawn(n_rows).to_parquet(Path(folder, "panel.parquet"))
        spec = SPEC.format(controls=", ".join(COLUMNS[1:]), further=further, draws=draws)
        Path(folder, "large.yaml").write_text(spec, encoding="utf-8")
        words = ["-m", "harness.cli", "run", "large.yaml", "--out", "run", "--jobs", "2"]
        return taken_by(words, cwd=Path(folder))


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


def main() -> None:
    """Measure what is asked for."""
    asked = set(sys.argv[1:]) or {growth.of for growth in GROWTHS}
    for growth in GROWTHS:
        if growth.of in asked:
            write_table(f"{growth.of}, written by benchmarks/large.py", list(growth.lines(growth.measured())))
    if "spreads" in asked:
        print("| entities | spread of the curve times their root |\n|---|---|")
        for n_entities in (500, 1000, 2000, 10_000):
            print(f"| {n_entities:,} | {spread(n_entities):.1f} |", flush=True)


if __name__ == "__main__":
    main()
