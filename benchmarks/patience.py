"""Measure what patience costs and buys, and print the tables of ``docs/measured/networks.md``.

Run in a checkout as ``OMP_NUM_THREADS=1 python benchmarks/patience.py [--compare WHAT] [SPEC ...]``.
Estimators are fitted on the folds of whole entities held out of each shipped panel, once for each rule of
training, and errors are of the test rows, as ratios to those of the first. ``effects`` are networks beside
effects of entity and period, ``decay`` is one of output weights that are solved for, ``steps`` are draws of a
number of steps: these three on folds of other protocols as well.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import process_time
from typing import Literal

import numpy as np

import harness_neural.batch.training
from harness.installed import installed
from harness.plugin import Estimator, random_stream
from harness.running.options import RunOptions
from harness.running.plan import Plan
from harness.running.prepare import prepare
from harness_neural.batch.progress import Trained
from harness_neural.batch.task import Settings, TrainingTask
from harness_neural.mlp import Mlp
from harness_neural.names import OptimiserName
from harness_neural.som_ann import SomAnn
from harness_rab.rab import Rab
from measured import Measured


@dataclass(frozen=True)
class Rule:
    """How networks are trained, and when they stop."""

    optimiser: OptimiserName
    patience: int
    output_decay: float | Literal["auto"] = "auto"
    draw_steps: int | Literal["stopped"] = "stopped"

    def __str__(self) -> str:
        decay = "" if self.output_decay == "auto" else f", decay {self.output_decay:g}"
        steps = "" if self.draw_steps == "stopped" else f", {self.draw_steps} steps a draw"
        return f"{self.optimiser} {self.patience}{decay}{steps}"


Rules = tuple[Rule, ...]
USUAL = Rule("lbfgs", 150)
RULES: Rules = (USUAL, Rule("lbfgs", 40), *(Rule("projected_lbfgs", steps) for steps in (40, 30, 20, 10)))
EFFECT_RULES: Rules = (USUAL, *(Rule("projected_lbfgs", steps) for steps in (30, 10)))
DECAY_RULES: Rules = (
    USUAL,
    Rule("projected_lbfgs", 30),
    *(Rule("projected_lbfgs", steps, output_decay=0.001) for steps in (30, 60, 100)),
)
STEP_RULES: Rules = (USUAL, *(Rule("lbfgs", 150, draw_steps=steps) for steps in (20, 40, 80, 160)))
STOP_RULES: Rules = (USUAL, *(Rule("lbfgs", steps) for steps in (30, 40, 60, 80)))
HELD_OUT = "held_out_entities"
PROTOCOLS = ("random_rows", HELD_OUT, "forward")
N_DRAWS = 10
N_SEEDS = 2
SHIPPED = ("grunfeld", "public_capital", "wage_panel", "null_effect", "digital_carbon")
SPECS = Path(__file__).parents[1] / "specs"
# One size and one start are searched: most of the time goes to draws then.
ONE = Mlp(sizes_around=0, restarts=1)


@dataclass(frozen=True)
class Comparison:
    """What is compared where: rules of networks, alone and in ensembles, or in ensembles only."""

    rules: Rules
    bases: Mapping[str, Mlp | SomAnn]
    table: Measured
    protocols: tuple[str, ...] = (HELD_OUT,)
    specs: tuple[str, ...] = SHIPPED
    has_single: bool = True

    @property
    def estimators(self) -> Mapping[str, Rab | Mlp | SomAnn]:
        """The estimators by name, ensembles first."""
        ensembles = {
            f"rab, {name}": Rab(base=base, draws=N_DRAWS, fold_draws=N_DRAWS)
            for name, base in self.bases.items()
        }
        return {**ensembles, **(self.bases if self.has_single else {})}


STOPS = Measured(
    "network_patience.csv", ("panel", "held out", "error", "steps", "patience 30", "40", "60", "80")
)
STEPS = Measured("network_steps.csv", ("panel", "held out", "error", "steps", "20 steps", "40", "80", "160"))


def of_rules(rules: Rules) -> Measured:
    """Return a table that no page shows."""
    return Measured("", ("panel", "held out", "error", "steps", *map(str, rules[1:])))


COMPARISONS = {
    "patience": Comparison(RULES, {"mlp": Mlp(), "som_ann": SomAnn()}, of_rules(RULES)),
    "effects": Comparison(
        EFFECT_RULES,
        {"mlp with effects": replace(ONE, effects=("entity", "time"))},
        of_rules(EFFECT_RULES),
        protocols=("random_rows", HELD_OUT),
        specs=("digital_carbon", "public_capital", "wage_panel", "grunfeld"),
    ),
    "decay": Comparison(DECAY_RULES, {"mlp": ONE}, of_rules(DECAY_RULES), protocols=PROTOCOLS),
    "stops": Comparison(STOP_RULES, {"mlp": ONE}, STOPS, protocols=PROTOCOLS, has_single=False),
    "steps": Comparison(STEP_RULES, {"mlp": ONE}, STEPS, protocols=PROTOCOLS, has_single=False),
}


@dataclass(frozen=True)
class Cost:
    """What a fit cost: training steps of its networks, on the mean, and seconds of the processor."""

    steps: float
    seconds: float


@contextmanager
def counted_steps(found: list[int]) -> Iterator[None]:
    """Put the steps of every network that is trained meanwhile into a list."""
    train = harness_neural.batch.training.train

    def counting(task: TrainingTask, settings: Settings) -> Trained:
        trained = train(task, settings)
        found.extend(trained.steps.tolist())
        return trained

    harness_neural.batch.training.train = counting
    try:
        yield
    finally:
        harness_neural.batch.training.train = train


def trained_by(estimator: Estimator, rule: Rule) -> Estimator:
    """Return an estimator whose networks are trained by a rule."""
    if isinstance(estimator, Rab):
        return replace(estimator, base=trained_by(estimator.base, rule))
    assert isinstance(estimator, Mlp | SomAnn)
    return replace(
        estimator,
        optimiser=rule.optimiser,
        patience=rule.patience,
        output_decay=rule.output_decay,
        draw_steps=rule.draw_steps,
    )


def held_out_error(
    plan: Plan, outcome: str, estimator: Estimator, *, protocol: str, seed: int
) -> tuple[float, Cost]:
    """Return the mean squared error on rows held out, over the outcome's variance, and its cost."""
    (split,) = (split for split in plan.splits if split.entry.id == protocol)
    errors = []
    steps: list[int] = []
    start = process_time()
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


def row(
    plan: Plan, name: str, estimator: Rab | Mlp | SomAnn, *, protocol: str, rules: Rules
) -> tuple[str, ...]:
    """Return the row of a panel's first outcome: ratios of errors, and of time; those of steps are told."""
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
        f"{error / errors[0]:.3f} ({spent / seconds[0]:.2f})"
        for error, spent in zip(errors[1:], seconds[1:], strict=True)
    ]
    shares = ", ".join(f"{taken / steps[0]:.2f}" for taken in steps[1:])
    print(f"{plan.study.study}, {name}: {shares} of the steps, {sum(seconds):.0f} s", file=sys.stderr)
    return plan.study.study, protocol.replace("_", " "), f"{errors[0]:.4f}", f"{steps[0]:.0f}", *ratios


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("specs", nargs="*", metavar="SPEC")
    parser.add_argument("--compare", choices=COMPARISONS, default="patience")
    parser.add_argument("--protocol", choices=PROTOCOLS)
    parser.add_argument("--data", type=Path, help="of a spec that names no data")
    asked = parser.parse_args()
    compared = COMPARISONS[asked.compare]
    protocols = compared.protocols if asked.protocol is None else (asked.protocol,)
    plans = [
        prepare(RunOptions(SPECS / f"{name}.yaml", data=asked.data), installed()).plan
        for name in asked.specs or compared.specs
    ]
    compared.table.write(
        row(plan, name, estimator, protocol=protocol, rules=compared.rules)
        for name, estimator in compared.estimators.items()
        for protocol in protocols
        for plan in plans
    )


if __name__ == "__main__":
    main()
