"""Measure how well bands of bootstrapped networks hold true curves, by how the networks are trained.

Run in a checkout as ``OMP_NUM_THREADS=1 python benchmarks/curve_coverage.py [coverage | projected]
[--panels 20] [--kinds KIND ...] [--rules RULE ...]``. Panels are those of the simulated kinds, with 100
cities (80 where nothing has an effect) and six years; cities have constants of mean zero, as in
``tests/statistics/test_bands.py``.

A row for each kind and rule: shares of panels in which the pointwise 95 % band holds the truth, on the mean
over points and at the point where it does so least, and in which the simultaneous one holds all of it; the
root mean squared error of the mean over draws, and of its mean over panels, the bias; the mean width of the
pointwise band; steps and processor time of a fit. Errors and widths are in hundredths of the outcome's unit.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import process_time

import numpy as np

from harness import Panel
from harness.arrays import Floats
from harness.data.simulate.small_panels import (
    InteractionPanel,
    InvertedU,
    Linear,
    MonotonePanel,
    NullEffect,
    SCurve,
    SmallPanel,
)
from harness.plugin import random_stream
from harness.scenarios.bands import pointwise_limits, simultaneous_limits
from harness.scenarios.grid import partial_dependence
from harness_neural.mlp import Mlp
from harness_rab.rab import Rab
from measured import Measured
from patience import counted_steps

AT = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
N_DRAWS, LEVEL = 40, 0.95
NOISE = 0.1

KINDS: dict[str, type[SmallPanel]] = {
    kind.name: kind for kind in (SCurve, InvertedU, MonotonePanel, InteractionPanel, Linear, NullEffect)
}

RULES = {
    "lbfgs, 150": Mlp(optimiser="lbfgs", patience=150),
    "projected, 10": Mlp(optimiser="projected_lbfgs", patience=10),
    "projected, 20": Mlp(optimiser="projected_lbfgs", patience=20),
    "projected, 30": Mlp(optimiser="projected_lbfgs", patience=30),
    "projected, 10, best of 3": Mlp(optimiser="projected_lbfgs", patience=10, draw_restarts=3),
    "projected, 20, best of 2": Mlp(optimiser="projected_lbfgs", patience=20, draw_restarts=2),
    "projected, 20, best of 3": Mlp(optimiser="projected_lbfgs", patience=20, draw_restarts=3),
    **{f"lbfgs, {steps} steps": Mlp(optimiser="lbfgs", draw_steps=steps) for steps in (40, 60, 80, 120, 160)},
    "levenberg_marquardt, best of 3": Mlp(optimiser="levenberg_marquardt", draw_restarts=3),
}

# Tables, each with the rules that it compares.
TABLES = {
    "coverage": (
        Measured(
            "network_coverage.csv", ("panel", "draws", "held", "least", "all", "error", "bias", "width")
        ),
        ("lbfgs, 150", "lbfgs, 80 steps", "lbfgs, 160 steps"),
    ),
    "projected": (
        Measured(
            "network_projected.csv",
            ("panel", "networks", "held", "least", "all", "error", "bias", "width", "steps", "seconds"),
        ),
        ("lbfgs, 150", "projected, 10", "projected, 30"),
    ),
}


@dataclass(frozen=True, eq=False)
class Drawn:
    """A panel and its true curve at `AT`."""

    panel: Panel
    truth: Floats


@dataclass(frozen=True, eq=False)
class Answer:
    """What one fit says of a curve.

    Attributes
    ----------
    miss : (n_points,), of the mean over draws
    held : (n_points,), where the pointwise band holds the truth
    holds_all : whether the simultaneous band does everywhere
    width : of the pointwise band, on the mean over points
    steps, seconds : of the networks on the mean, and of the processor
    """

    miss: Floats
    held: Floats
    holds_all: bool
    width: float
    steps: float
    seconds: float


def drawn(kind: type[SmallPanel], seed: int) -> Drawn:
    """Return a panel whose cities are sampled: their constants sum to zero on average alone."""
    from panels import small_panel

    if kind is NullEffect:
        simulation: SmallPanel = kind(n_entities=80, n_periods=6, seed=seed)
    else:
        simulation = kind(n_entities=100, n_periods=6, noise=NOISE, seed=seed)
    frame = simulation.draw()
    truth = [simulation.expected(frame, outcome="outcome", exposure=float(at)).mean() for at in AT]
    level = simulation.city_sd / np.sqrt(simulation.n_entities)
    frame["outcome"] += level * random_stream(seed, "cities").standard_normal()
    return Drawn(small_panel(frame), np.asarray(truth))


def answer(network: Mlp, given: Drawn, *, seed: int) -> Answer:
    """Return what the bootstrap of a network says of the curve of a panel."""
    steps: list[int] = []
    start = process_time()
    with counted_steps(steps):
        fit = Rab(base=network, draws=N_DRAWS).fit(given.panel, rng=random_stream(seed, "fit"))
    seconds = process_time() - start
    curves = partial_dependence(fit.draws, given.panel, AT)
    low, high = pointwise_limits(curves, level=LEVEL)
    everywhere = np.ones(AT.size, dtype=bool)
    least, most = simultaneous_limits(curves, level=LEVEL, among=everywhere, rng=random_stream(seed, "band"))
    truth = given.truth
    return Answer(
        miss=curves.mean(axis=0) - truth,
        held=((low <= truth) & (truth <= high)).astype(float),
        holds_all=bool(((least <= truth) & (truth <= most)).all()),
        width=float((high - low).mean()),
        steps=float(np.mean(steps)),
        seconds=seconds,
    )


def row(answers: list[Answer]) -> tuple[str, ...]:
    """Return the cells of one kind and rule."""
    miss = np.array([one.miss for one in answers])
    held = np.mean([one.held for one in answers], axis=0)
    error, bias = np.sqrt(np.mean(miss**2)), np.sqrt(np.mean(miss.mean(axis=0) ** 2))
    return (
        f"{held.mean():.3f}",
        f"{held.min():.2f}",
        f"{np.mean([one.holds_all for one in answers]):.2f}",
        f"{100 * error:.2f}",
        f"{100 * bias:.2f}",
        f"{100 * np.mean([one.width for one in answers]):.1f}",
        f"{np.mean([one.steps for one in answers]):.0f}",
        f"{np.mean([one.seconds for one in answers]):.2f}",
    )


def rows(
    table: Measured, kinds: Sequence[str], rules: Sequence[str], n_panels: int
) -> Iterator[Sequence[str]]:
    """Yield the rows of a table, as many cells as it has columns."""
    for kind in kinds:
        panels = [drawn(KINDS[kind], seed) for seed in range(1, n_panels + 1)]
        for name in rules:
            answers = [answer(RULES[name], given, seed=at) for at, given in enumerate(panels, start=1)]
            yield (f"`{kind}`", name, *row(answers))[: len(table.columns)]


def main() -> None:
    """Measure and print."""
    import sys
    from pathlib import Path

    sys.path.append(str(Path(__file__).parents[1] / "tests"))
    parser = argparse.ArgumentParser()
    parser.add_argument("table", nargs="?", choices=TABLES, default="coverage")
    parser.add_argument("--panels", type=int, default=20)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--rules", nargs="+", choices=RULES)
    asked = parser.parse_args()
    table, rules = TABLES[asked.table]
    table.write(rows(table, asked.kinds, asked.rules or rules, asked.panels))


if __name__ == "__main__":
    main()
