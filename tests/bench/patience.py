"""Measure what patience costs and buys, and print the table of ``docs/decisions/when_networks_stop.md``.

Run in a checkout as ``OMP_NUM_THREADS=1 python tests/bench/patience.py [--effects] [SPEC ...]``. Estimators
are fitted on the folds of whole entities held out of each shipped panel, with ``--effects`` networks beside
effects of entity and period on those of random rows as well, once for each optimiser and patience; errors are
of the test rows, as ratios to those of the first.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import process_time
from typing import Literal

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


@dataclass(frozen=True)
class Rule:
    """How networks are trained, and when they stop."""

    optimiser: OptimiserName
    patience: int
    output_decay: float | Literal["auto"] = "auto"

    def __str__(self) -> str:
        decay = "" if self.output_decay == "auto" else f", decay {self.output_decay:g}"
        return f"{self.optimiser} {self.patience}{decay}"


Rules = tuple[Rule, ...]
USUAL = Rule("lbfgs", 150)
RULES: Rules = (
    USUAL,
    Rule("lbfgs", 40),
    *(Rule("projected_lbfgs", steps) for steps in (40, 30, 20, 10)),
)
EFFECT_RULES: Rules = (USUAL, *(Rule("projected_lbfgs", steps) for steps in (30, 10)))
DECAY_RULES: Rules = (
    USUAL,
    Rule("projected_lbfgs", 30),
    *(Rule("projected_lbfgs", steps, output_decay=0.001) for steps in (30, 60, 100)),
)
PROTOCOL = "held_out_entities"
EFFECT_PROTOCOLS = ("random_rows", PROTOCOL)
PROTOCOLS = ("random_rows", PROTOCOL, "forward")
N_DRAWS = 10
N_SEEDS = 2
SHIPPED = (
    "grunfeld",
    "public_capital",
    "wage_panel",
    "null_effect",
    "digital_carbon",
)
WITH_EFFECTS = ("digital_carbon", "public_capital", "wage_panel", "grunfeld")
SPECS = Path(__file__).parents[2] / "specs"
BASES: dict[str, Mlp | SomAnn] = {"mlp": Mlp(), "som_ann": SomAnn()}
# One size and one start are searched: most of the time goes to draws then.
EFFECT_BASES: dict[str, Mlp | SomAnn] = {
    "mlp with effects": Mlp(effects=("entity", "time"), sizes_around=0, restarts=1)
}
DECAY_BASES: dict[str, Mlp | SomAnn] = {"mlp": Mlp(sizes_around=0, restarts=1)}


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


def trained_by(estimator: Rab | Mlp | SomAnn, rule: Rule) -> Estimator:
    """Return an estimator whose networks are trained by a rule."""
    if isinstance(estimator, Rab):
        return replace(estimator, base=trained_by(estimator.base, rule))
    return replace(
        estimator, optimiser=rule.optimiser, patience=rule.patience, output_decay=rule.output_decay
    )


def held_out_error(
    plan: Plan, outcome: str, estimator: Estimator, *, protocol: str, seed: int
) -> tuple[float, Cost]:
    """Return the mean squared error on rows held out, over the outcome's variance, and its cost."""
    (split,) = (split for split in plan.splits if split.entry.id == protocol)
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


def row(plan: Plan, name: str, estimator: Rab | Mlp | SomAnn, *, protocol: str, rules: Rules) -> str:
    """Return the row of a panel's first outcome: ratios of errors, and of steps and time."""
    outcome = plan.study.roles.outcomes[0]
    errors, steps, seconds = [], [], []
    for rule in rules:
        runs = [
            held_out_error(plan, outcome, trained_by(estimator, rule), protocol=protocol, seed=seed)
            for seed in range(1 if isinstance(estimator, Rab) else N_SEEDS)
        ]
        errors.append(float(np.mean([error for error, _ in runs])))
        steps.append(float(np.mean([cost.steps for _, cost in runs])))
        seconds.append(sum(cost.seconds for _, cost in runs))
    ratios = [
        f"{error / errors[0]:.3f} ({taken / steps[0]:.2f}, {spent / seconds[0]:.2f})"
        for error, taken, spent in zip(errors[1:], steps[1:], seconds[1:], strict=True)
    ]
    first = f"{protocol} | {errors[0]:.4f} | {steps[0]:.0f}"
    return f"| {plan.study.study} | {name} | {first} | {' | '.join(ratios)} | {sum(seconds):.0f} s |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--effects", action="store_true", help="networks beside effects of entity and period")
    parser.add_argument("--decay", action="store_true", help="with a decay of output weights, all protocols")
    parser.add_argument("specs", nargs="*")
    parser.add_argument("--protocol", choices=PROTOCOLS)
    parser.add_argument("--data", type=Path, help="of a spec that names no data")
    asked = parser.parse_args()
    bases, rules, usual, shipped = BASES, RULES, (PROTOCOL,), SHIPPED
    if asked.effects:
        bases, rules, usual, shipped = EFFECT_BASES, EFFECT_RULES, EFFECT_PROTOCOLS, WITH_EFFECTS
    if asked.decay:
        bases, rules, usual = DECAY_BASES, DECAY_RULES, PROTOCOLS
    protocols = usual if asked.protocol is None else (asked.protocol,)
    plans = [
        prepare(RunOptions(SPECS / f"{name}.yaml", data=asked.data), installed()).plan
        for name in asked.specs or shipped
    ]
    estimators: dict[str, Rab | Mlp | SomAnn] = {
        f"rab, {name}": Rab(base=base, draws=N_DRAWS, fold_draws=N_DRAWS) for name, base in bases.items()
    }
    estimators = {**estimators, **bases}
    print(
        f"| panel | estimator | protocol | error | steps | {' | '.join(map(str, rules[1:]))} | all |",
        "|---|---|---|---|---|" + "---|" * len(rules),
        sep="\n",
    )
    for name, estimator in estimators.items():
        for protocol in protocols:
            for plan in plans:
                print(row(plan, name, estimator, protocol=protocol, rules=rules), flush=True)


if __name__ == "__main__":
    main()
