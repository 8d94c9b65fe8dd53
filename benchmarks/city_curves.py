"""Measure bootstrapped networks on the simulated cities, whose true curves are known.

Run in a checkout as ``OMP_NUM_THREADS=1 python benchmarks/city_curves.py [--seeds 1,6] [VARIANT ...]``;
three seconds of the processor for a variant and seed. Curves are those over supported rows, of 40 draws at 23
points, with options and seed of the city study, on panels drawn with seeds 1 to 6.

A row for each variant, which the docs describe at more length: the ratio of the mean change over the
supported range to the true one, and the share of supported points at which the pointwise 95 % band holds it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import process_time

import numpy as np
from scipy.stats import skew

from harness import Panel
from harness.arrays import Floats
from harness.data.panel import with_entity_means
from harness.data.prepare.row_steps import Product
from harness.installed import installed
from harness.plugin import random_stream
from harness.running.options import RunOptions
from harness.running.prepare import prepare
from harness.scenarios.bands import pointwise_limits
from harness.scenarios.curve.scenario import joint_support, supported_dependence
from harness.scenarios.grid import exposure_grid, support
from harness.scenarios.truth import true_fit
from measured import Measured

TABLE = Measured(
    "network_curves.csv",
    ("networks", "change of total emissions", "held", "of intensity", "held", "per head, held", "held, all"),
)

SPEC = Path(__file__).parents[1] / "specs" / "digital_carbon.yaml"
SEEDS = (1, 2, 3, 4, 5, 6)
N_DRAWS, N_POINTS, LEVEL = 40, 23, 0.95

BASE = "use: mlp, patience: 40, max_steps: 250"
SOLVED = "use: mlp, optimiser: projected_lbfgs"
EFFECTS = "effects: [entity, time]"
LINE = "start: least_squares"
SKEWED = 1.0
"""Skewness above which a positive column is taken in logs."""

TRAITS = ("population_year_end", "gdp_pc")
"""What the effect differs by: size and wealth."""


def as_prepared(panel: Panel) -> Panel:
    """Return the panel as the spec prepares it."""
    return panel


def in_logs(panel: Panel) -> Panel:
    """Return the panel with positive, skewed columns other than the exposure in logs, less their means."""
    X = panel.X.copy()
    for place, name in enumerate(panel.columns):
        column = X[:, place]
        if name != panel.exposure and column.min() > 0.0 and skew(column) > SKEWED:
            X[:, place] = np.log(column) - np.log(column).mean()
    return replace(panel, X=X)


def with_products(panel: Panel) -> Panel:
    """Return the panel with products of the exposure and the traits that its effect differs by."""
    steps = tuple(Product(into=f"exposure x {name}", of=(panel.exposure, name)) for name in TRAITS)
    columns = [step.compute({name: panel.column(name) for name in step.of}) for step in steps]
    return replace(
        panel,
        controls=(*panel.controls, *(step.into for step in steps)),
        X=np.column_stack([panel.X, *columns]),
        derived=(*panel.derived, *steps),
    )


def in_logs_with_products(panel: Panel) -> Panel:
    """Return the panel in logs with products of these."""
    return with_products(in_logs(panel))


@dataclass(frozen=True)
class Variant:
    """Options of the networks, regressors, and whether means of cities are regressors too."""

    base: str = BASE
    regressors: Callable[[Panel], Panel] = as_prepared
    has_means: bool = False


TENTH = "selection_share: 0.1"
VARIANTS = {
    "as in the spec": Variant(f"{BASE}, draw_steps: 160"),
    "stopped one by one": Variant(),
    "output solved for": Variant(SOLVED),
    "output solved for, a tenth set aside": Variant(f"{SOLVED}, {TENTH}"),
    "output solved for, logs": Variant(SOLVED, in_logs),
    "80 steps a draw": Variant(f"{BASE}, draw_steps: 80"),
    "120 steps a draw": Variant(f"{BASE}, draw_steps: 120"),
    "40 solved steps a draw": Variant(f"{SOLVED}, draw_steps: 40"),
    "40 solved steps a draw, decay": Variant(f"{SOLVED}, weight_decay: 3e-5, draw_steps: 40"),
    "a tenth set aside": Variant(f"{BASE}, {TENTH}"),
    "means of cities": Variant(has_means=True),
    "city and year effects": Variant(f"{BASE}, {EFFECTS}"),
    "logs": Variant(regressors=in_logs),
    "logs, means of cities": Variant(regressors=in_logs, has_means=True),
    "logs, city and year effects": Variant(f"{BASE}, {EFFECTS}", in_logs),
    "from least squares": Variant(f"{BASE}, {LINE}"),
    "from least squares, a tenth set aside": Variant(f"{BASE}, {LINE}, {TENTH}"),
    "from least squares, patience 150": Variant(f"use: mlp, max_steps: 500, {LINE}"),
    "from least squares, city and year effects": Variant(f"{BASE}, {LINE}, {EFFECTS}"),
    "from least squares, products, a tenth": Variant(f"{BASE}, {LINE}, {TENTH}", with_products),
    "from least squares, logs": Variant(f"{BASE}, {LINE}", in_logs),
    "from least squares, logs, a tenth": Variant(f"{BASE}, {LINE}, {TENTH}", in_logs),
    "from least squares, logs, products": Variant(f"{BASE}, {LINE}", in_logs_with_products),
    "from least squares, logs, products, effects": Variant(
        f"{BASE}, {LINE}, {EFFECTS}", in_logs_with_products
    ),
}
"""Of ``a tenth``, a tenth of the cities is set aside to stop by, and not a fifth."""


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve over supported rows and the truth, (n_points,), NaN elsewhere; draws, (n_draws, n_points)."""

    outcome: str
    draws: Floats
    truth: Floats

    @property
    def changes(self) -> tuple[float, float]:
        """The change over the supported range, estimated and true."""
        known = np.flatnonzero(np.isfinite(self.truth))
        first, last = known[0], known[-1]
        found = self.draws.mean(axis=0)
        return float(found[last] - found[first]), float(self.truth[last] - self.truth[first])

    @property
    def held(self) -> float:
        """Share of supported points at which the pointwise band holds the truth."""
        known = np.isfinite(self.truth)
        low, high = pointwise_limits(self.draws[:, known], level=LEVEL)
        return float(((low <= self.truth[known]) & (self.truth[known] <= high)).mean())


def curves(variant: Variant, seed: int) -> Iterator[Curve]:
    """Yield the curve of each outcome on the panel of a seed, by networks of a variant."""
    ensemble = f"{{id: rab, use: rab, base: {{{variant.base}}}, draws: {N_DRAWS}}}"
    changes = (f"data.simulate.seed={seed}", f"estimators=[{{id: ols, use: pooled_ols}}, {ensemble}]")
    without = ("multiverse=null", "evaluation.further_references=[]", "counterparts={}", "report={}")
    less = ("claims=[]", "left_open=[]")
    plan = prepare(RunOptions(SPEC, overrides=(*changes, *without, *less)), installed()).plan
    _, chosen = plan.study.estimators
    for outcome in plan.study.roles.outcomes:
        panel = plan.panels.panel(outcome)
        own = variant.regressors(panel)
        own = with_entity_means(own) if variant.has_means else own
        fit = chosen.estimator.fit(own, rng=random_stream(plan.study.seed, "fit", outcome, chosen.id))
        exposure = panel.column(panel.exposure)
        at = exposure_grid(exposure, n_grid=N_POINTS, spacing="uniform")
        joint = joint_support(panel, at)
        true = true_fit(plan.study.data.simulate, panel)
        assert true is not None
        truth = supported_dependence(true, panel, at, joint)
        near = support(exposure, panel.entity.codes, at).supported
        draws = supported_dependence(fit.draws, own, at, joint)
        yield Curve(outcome, draws, np.where(near, truth, np.nan))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("variants", nargs="*", default=list(VARIANTS))
    parser.add_argument("--seeds", default=",".join(map(str, SEEDS)))
    asked = parser.parse_args()
    seeds = tuple(map(int, asked.seeds.split(",")))
    TABLE.write(row(name, seeds) for name in asked.variants)


def row(name: str, seeds: Sequence[int]) -> tuple[str, ...]:
    """Return the row of a variant; changes by seed, the true ones in brackets, are told."""
    start = process_time()
    found: dict[str, list[Curve]] = {}
    for seed in seeds:
        for curve in curves(VARIANTS[name], seed):
            found.setdefault(curve.outcome, []).append(curve)
    change, held = {}, {}
    for outcome, own in found.items():
        changes = np.array([curve.changes for curve in own])
        by_seed = ", ".join(f"{one:.4g} ({other:.4g})" for one, other in changes)
        print(f"{name}, {outcome}: {by_seed}", file=sys.stderr)
        change[outcome] = f"{changes[:, 0].mean() / changes[:, 1].mean():.2f}"
        held[outcome] = float(np.mean([curve.held for curve in own]))
    print(f"{process_time() - start:.0f} seconds of the processor", file=sys.stderr)
    total, intensity, per_head = found
    shares = {outcome: f"{share:.2f}" for outcome, share in held.items()}
    of_all = f"{np.mean(list(held.values())):.2f}"
    by_change = change[total], shares[total], change[intensity], shares[intensity]
    return name, *by_change, shares[per_head], of_all


if __name__ == "__main__":
    main()
