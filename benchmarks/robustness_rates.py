"""How often all checks of a slope agree: ``python benchmarks/robustness_rates.py 30 60 120 --panels 300``.

Run in a checkout, with ``OMP_NUM_THREADS=1``. Panels have at most eight years of each plant, of which up to
three are missing at the start and two at the end, errors AR(.85) of t(4) innovations, a linear confounder and
entity effects that go with the exposure; least squares learn, so that the test alone is measured, or splines
with a nonlinear confounder (``--splines``). The rule was chosen on panels 0 to 299 of each size.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from harness import Panel
from harness.findings.shape import exact_limits
from harness.scenarios.robustness import BASELINE, JOINT, RobustnessScenario
from harness.scenarios.scenario import Subject
from harness.scenarios.task import answered_in_parts
from measured import Measured

TABLE = Measured(
    "robustness_rates.csv",
    ("plants", "rejects, first differences", "correlated random effects", "all checks agree"),
)

# What is counted: joint tests by method, and all checks; that they confirm an effect is told.
COUNTED = ("first_differences", "correlated_random_effects", "all agree", "all confirm")

N_YEARS = 8


def plants(seed: int, n_entities: int, *, effect: float, is_bent: bool) -> Panel:
    """Return an unbalanced panel of plants."""
    from effect_panels import _lasting
    from panels import panel_from_arrays

    rng, size = np.random.default_rng([33, seed, n_entities]), (n_entities, N_YEARS)
    entity, period = (codes.ravel() for codes in np.indices(size))
    level = np.repeat(rng.standard_normal((n_entities, 3)), N_YEARS, axis=0)
    X = np.sqrt(0.6) * level + np.sqrt(0.4) * rng.standard_normal((entity.size, 3))
    shared = 0.5 * (np.sin(1.2 * X[:, 0]) if is_bent else X[:, 0]) + 0.3 * X[:, 1]
    x = shared + 0.7 * rng.standard_normal(n_entities)[entity]
    x = x + _lasting(rng.standard_normal(size), 0.6).ravel()
    means = x.reshape(size).mean(axis=1)[entity]
    errors = _lasting(rng.standard_t(4, size=size) / np.sqrt(2.0), 0.85).ravel()
    levels = 0.6 * means + 0.5 * rng.standard_normal(n_entities)[entity]
    y = effect * x + shared + levels + 0.1 * period + errors
    first = rng.integers(0, 4, size=n_entities)[entity]
    last = (N_YEARS - rng.integers(0, 3, size=n_entities))[entity]
    there = (period >= first) & (period < last)
    X = np.column_stack([x, X])[there]
    return panel_from_arrays(entity=entity[there], period=period[there], outcome=y[there], X=X)


def main() -> None:
    """Count and print."""
    sys.path.append(str(Path(__file__).parents[1] / "tests"))
    from harness_panel import PooledOLS
    from harness_sklearn.splines import Splines

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("entities", type=int, nargs="+")
    parser.add_argument("--first", type=int, default=1000)
    parser.add_argument("--panels", type=int, default=300)
    parser.add_argument("--effect", type=float, default=0.0)
    parser.add_argument("--splines", action="store_true")
    asked = parser.parse_args()
    learner = Splines() if asked.splines else PooledOLS()
    scenario = RobustnessScenario(permutations=0)

    def rows() -> Iterator[tuple[object, ...]]:
        for n_entities in asked.entities:
            counts = dict.fromkeys(COUNTED, 0)
            for seed in range(asked.first, asked.first + asked.panels):
                panel = plants(seed, n_entities, effect=asked.effect, is_bent=asked.splines)
                answer = answered_in_parts(scenario, Subject(panel, learner, "learner", seed))
                for name, is_so in checked(answer["variation_effects"]).items():
                    counts[name] += int(is_so)
            shares = [share(count, asked.panels) for count in counts.values()]
            print(f"{n_entities} plants: all confirm on {shares.pop()}", file=sys.stderr)
            yield n_entities, *shares

    TABLE.write(rows())


def checked(rows: pd.DataFrame) -> dict[str, bool]:
    """Return what holds of the checks of one panel, by the names of `COUNTED`."""
    joint = rows[rows["variation"] == JOINT].set_index("method")["p_difference"]
    slopes = rows[(rows["variation"] == BASELINE) | rows["p_difference"].notna()]
    slopes = slopes[slopes["variation"] != JOINT]
    agree = bool((joint >= 0.05).all())
    same = bool((slopes["estimate"] > 0.0).all() or (slopes["estimate"] < 0.0).all())
    confirm = agree and same and bool((slopes["p_value"] < 0.05).all())
    rejected = {str(method): bool(p_value < 0.05) for method, p_value in joint.items()}
    return {**rejected, "all agree": agree, "all confirm": confirm}


def share(count: int, n_panels: int) -> str:
    """Return a share in per cent with its exact limits."""
    low, high = exact_limits(count, n_panels)
    return f"{100 * count / n_panels:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"


if __name__ == "__main__":
    main()
