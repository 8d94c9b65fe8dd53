"""Measure where output weights that are solved for predict better, and whether a pilot of draws can tell.

Run in a checkout as ``OMP_NUM_THREADS=1 python benchmarks/output_weights.py [SPEC ...]``;
``docs/measured/networks.md`` has the numbers. Ensembles of few draws are fitted on folds of the panels of
``suites/public_panels.yaml`` by each optimiser. Errors are of the test rows, as log ratios to those of
L-BFGS; a rule takes solved weights where its draws have the smaller mean error on their selection rows.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from time import process_time

import numpy as np

import harness_neural.batch.training
from harness.installed import installed
from harness.plugin import EstimationError, Floats, Panel, random_stream
from harness.running.options import RunOptions
from harness.running.plan import Plan
from harness.running.prepare import prepare
from harness_neural.batch.progress import Trained
from harness_neural.batch.task import Settings, TrainingTask
from harness_neural.mlp import Mlp
from harness_rab.rab import Rab
from patience import PROTOCOLS

PANELS = Path(__file__).parents[1] / "suites" / "panels"
# One size and one start are searched: most of the time goes to draws then.
ONE = Mlp(sizes_around=0, restarts=1)
BASES = {
    "lbfgs": ONE,
    "solved": replace(ONE, optimiser="projected_lbfgs"),
    "solved, decay": replace(ONE, optimiser="projected_lbfgs", output_decay=0.001),
}
N_DRAWS, MOST_FOLDS, MOST_ROWS = 8, 2, 5000
# Solved weights are taken where their error is below so many times that of L-BFGS.
MARGINS = (np.inf, 1.0, 1.01, 1.02)


@dataclass(frozen=True)
class Found:
    """An ensemble on a fold: its error, that of its draws on their selection rows, and processor seconds."""

    error: float
    selection: float
    seconds: float


Fold = Mapping[str, Found]
Choice = Callable[[Fold], str]


def found_by(base: Mlp, train: Panel, test: Panel, selection: Panel | None, *, seed: int, name: str) -> Found:
    """Return what an ensemble comes to."""
    losses: list[Floats] = []
    train_task = harness_neural.batch.training.train

    def noting(task: TrainingTask, settings: Settings) -> Trained:
        trained = train_task(task, settings)
        if task.n_networks == N_DRAWS:
            losses.append(trained.selection)
        return trained

    harness_neural.batch.training.train = noting
    start = process_time()
    try:
        fit = Rab(base=base, draws=N_DRAWS).fit(
            train, rng=random_stream(seed, "rule", name), selection=selection
        )
    finally:
        harness_neural.batch.training.train = train_task
    error = float(np.square(test.observed - fit.predict(test)).mean())
    return Found(error, float(np.concatenate(losses).mean()), process_time() - start)


def folds_of(plan: Plan, *, seed: int) -> list[Fold]:
    """Return what the first folds of a plan show; none where there are too many rows, or too few."""
    outcome, (split,) = plan.study.roles.outcomes[0], plan.splits
    shown: list[Fold] = []
    for fold in split.folds[:MOST_FOLDS]:
        panel = plan.panels.panel(outcome, fit_rows=fold.train, split_unit=fold.split_unit)
        train, test = panel.take(fold.train), panel.take(fold.test)
        if train.n_obs > MOST_ROWS:
            continue
        selection = None if fold.selection is None else panel.take(fold.selection)
        try:
            shown.append(
                {
                    name: found_by(base, train, test, selection, seed=seed, name=fold.name)
                    for name, base in BASES.items()
                }
            )
        except EstimationError:
            continue
    return shown


def by_selection(found: Fold, *, solved: str, margin: float) -> str:
    """Return the optimiser that draws' errors on their selection rows ask for."""
    return solved if found[solved].selection < margin * found["lbfgs"].selection else "lbfgs"


def row(panels: list[list[Fold]], choice: Choice) -> str:
    """Return log ratios of errors, the mean and the largest, and shares of panels, folds and time."""
    logs = np.array(
        [
            np.log(np.mean([fold[choice(fold)].error for fold in one]))
            - np.log(np.mean([fold["lbfgs"].error for fold in one]))
            for one in panels
        ]
    )
    folds = [fold for one in panels for fold in one]
    taken = np.mean([choice(fold) != "lbfgs" for fold in folds])
    seconds = sum(fold[choice(fold)].seconds for fold in folds) / sum(fold["lbfgs"].seconds for fold in folds)
    worse = np.mean(logs > np.log(1.05))
    return f"{logs.mean():.3f}, {logs.max():.2f} ({worse:.2f}) | {taken:.2f} | {seconds:.2f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("specs", nargs="*", type=Path, default=sorted(PANELS.glob("*.yaml")))
    registry, everywhere = installed(), []
    choices = {
        f"{solved}, below {margin:g}": partial(by_selection, solved=solved, margin=margin)
        for solved in list(BASES)[1:]
        for margin in MARGINS
    }
    asked = parser.parse_args()
    for protocol in PROTOCOLS:
        panels = []
        for spec in asked.specs:
            override = (f"evaluation.protocols=[{protocol}]",)
            plan = prepare(RunOptions(spec, quick=True, overrides=override), registry).plan
            panels += [folds] if (folds := folds_of(plan, seed=asked.seed)) else []
        everywhere += panels
        for name, choice in choices.items():
            print(f"| {protocol} | {len(panels)} | {name} | {row(panels, choice)} |", flush=True)
    for name, choice in choices.items():
        print(f"| all | {len(everywhere)} | {name} | {row(everywhere, choice)} |")


if __name__ == "__main__":
    main()
