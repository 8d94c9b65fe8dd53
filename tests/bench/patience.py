"""Measure what patience costs and buys, and print the table of ``docs/decisions/when_networks_stop.md``.

Run in a checkout as ``OMP_NUM_THREADS=1 python tests/bench/patience.py [SPEC ...]``. Estimators are fitted
on the folds of whole entities held out of each shipped panel, once for each optimiser and patience; errors
are of the test rows, as ratios to those of the first.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import process_time

import numpy as np

import harness_neural.batch
from harness import Estimator, random_stream
from harness.execution.options import RunOptions
from harness.execution.plan import Plan
from harness.execution.run import prepare
from harness.installed import installed
from harness_neural.batch import Settings, Trained, TrainingTask
from harness_neural.mlp import Mlp
from harness_neural.names import OptimiserName
from harness_neural.som_ann import SomAnn
from harness_rab.rab import Rab

RULES: tuple[tuple[OptimiserName, int], ...] = (
    ("lbfgs", 150),
    ("lbfgs", 40),
    ("projected_lbfgs", 40),
    ("projected_lbfgs", 20),
    ("projected_lbfgs", 15),
    ("projected_lbfgs", 10),
)
PROTOCOL = "held_out_entities"
N_DRAWS = 10
N_SEEDS = 2
SHIPPED = (
    "grunfeld",
    "public_capital",
    "wage_panel",
    "null_effect",
    "digital_carbon",
)
SPECS = Path(__file__).parents[2] / "specs"
BASES = {"mlp": Mlp(), "som_ann": SomAnn()}


@dataclass(frozen=True)
class Cost:
    """What a fit cost: training steps of its networks, on the mean, and seconds of the processor."""

    steps: float
    seconds: float


@contextmanager
def counted_steps(found: list[int]) -> Iterator[None]:
    """Put the steps of every network that is trained meanwhile into a list."""
    train = harness_neural.batch.train

    def counting(task: TrainingTask, settings: Settings) -> Trained:
        trained = train(task, settings)
        found.extend(trained.steps.tolist())
        return trained

    harness_neural.batch.train = counting
    try:
        yield
    finally:
        harness_neural.batch.train = train


def trained_by(estimator: Rab | Mlp | SomAnn, optimiser: OptimiserName, patience: int) -> Estimator:
    """Return an estimator whose networks have this optimiser and so much patience."""
    if isinstance(estimator, Rab):
        return replace(estimator, base=trained_by(estimator.base, optimiser, patience))
    return replace(estimator, optimiser=optimiser, patience=patience)


def held_out_error(plan: Plan, outcome: str, estimator: Estimator, *, seed: int) -> tuple[float, Cost]:
    """Return the mean squared error on held-out entities, over the outcome's variance, and its cost."""
    (split,) = (split for split in plan.splits if split.entry.id == PROTOCOL)
    errors, steps, start = [], [], process_time()
    for fold in split.folds:
        panel = plan.panels.panel(outcome, fit_rows=fold.train, split_unit=fold.split_unit)
        train, test = panel.take(fold.train), panel.take(fold.test)
        selection = None if fold.selection is None else panel.take(fold.selection)
        with counted_steps(steps):
            fit = estimator.fit(train, rng=random_stream(seed, "patience", fold.name), selection=selection)
        errors.append(np.square(test.observed - fit.predict(test)))
    panel = plan.panels.panel(outcome)
    error = float(np.concatenate(errors).mean() / panel.observed.var())
    return error, Cost(float(np.mean(steps)), process_time() - start)


def row(plan: Plan, name: str, estimator: Rab | Mlp | SomAnn) -> str:
    """Return the row of a panel's first outcome: ratios of errors, and of steps and time."""
    outcome = plan.study.roles.outcomes[0]
    errors, steps, seconds = [], [], []
    for optimiser, patience in RULES:
        runs = [
            held_out_error(plan, outcome, trained_by(estimator, optimiser, patience), seed=seed)
            for seed in range(1 if isinstance(estimator, Rab) else N_SEEDS)
        ]
        errors.append(float(np.mean([error for error, _ in runs])))
        steps.append(float(np.mean([cost.steps for _, cost in runs])))
        seconds.append(sum(cost.seconds for _, cost in runs))
    ratios = [
        f"{error / errors[0]:.3f} ({taken / steps[0]:.2f}, {spent / seconds[0]:.2f})"
        for error, taken, spent in zip(errors[1:], steps[1:], seconds[1:], strict=True)
    ]
    first = f"{errors[0]:.4f} | {steps[0]:.0f}"
    return f"| {plan.study.study} | {name} | {first} | {' | '.join(ratios)} | {sum(seconds):.0f} s |"


def main() -> None:
    """Measure and print."""
    plans = [
        prepare(RunOptions(SPECS / f"{name}.yaml"), installed()).plan for name in sys.argv[1:] or SHIPPED
    ]
    estimators: dict[str, Rab | Mlp | SomAnn] = {
        f"rab, {name}": Rab(base=base, draws=N_DRAWS, fold_draws=N_DRAWS) for name, base in BASES.items()
    }
    estimators = {**estimators, **BASES}
    print(
        f"| panel | estimator | error | steps | {' | '.join(f'{name} {n}' for name, n in RULES[1:])} | all |",
        "|---|---|---|---|" + "---|" * len(RULES),
        sep="\n",
    )
    for name, estimator in estimators.items():
        for plan in plans:
            print(row(plan, name, estimator), flush=True)


if __name__ == "__main__":
    main()
