"""Measure whether a pilot says how many steps draws should take.

Run in a checkout as ``OMP_NUM_THREADS=1 python benchmarks/pilot_steps.py [--data FILE] [SPEC ...]``;
``docs/measured/networks.md`` has the numbers. Draws of a pilot set rows aside, as draws that are
stopped one by one do, and take every number of steps of a grid. A row is predicted by the mean of those that
set it aside. The errors of these means choose: the steps of the least one, or the fewest whose error is at
most one standard error over it, by entities. Draws that set nothing aside then take these steps. Errors are
of the test rows, as ratios to those of the mean of draws that are each stopped after 150 steps without a
better one; in brackets the steps that were chosen, on the mean over folds.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np

from harness import Panel
from harness.evaluation.protocol import Fold
from harness.installed import installed
from harness.plugin import Floats, Ints, draw_weights, inner_split, random_stream
from harness.running.options import RunOptions
from harness.running.plan import Plan
from harness.running.prepare import prepare
from harness_neural.estimator import PreparedNetworks
from harness_neural.mlp import Mlp
from patience import PROTOCOLS, SHIPPED, SPECS

STEPS = (5, 10, 20, 30, 40, 60, 80, 120, 160, 220)
FIXED = (40, 80, 160)
N_DRAWS = 32
MOST_FOLDS = 4
# One size and one start are searched: most of the time goes to draws then.
ONE = Mlp(sizes_around=0, restarts=1)


@dataclass(frozen=True, eq=False)
class Resamples:
    """Bootstrap resamples of entities: how often each draw trains on a row, and whether it sets it aside.

    Attributes
    ----------
    weights, asides : (n_draws, n_obs); none is set aside where the protocol names rows to select on
    """

    weights: Floats
    asides: Floats | None


@dataclass(frozen=True, eq=False)
class Pilot:
    """Errors of the mean of pilot draws on rows that these set aside.

    Attributes
    ----------
    squares : (n_steps, n_entities), sums over the rows of an entity
    n_rows : (n_entities,)
    """

    squares: Floats
    n_rows: Floats

    @property
    def least(self) -> int:
        """Position of the steps with the least error."""
        return int(self.squares.sum(axis=1).argmin())

    @property
    def fewest(self) -> int:
        """Position of the fewest steps whose error is within one standard error of the least."""
        over = self.squares - self.squares[self.least]
        left = over - self.n_rows * (over.sum(axis=1) / self.n_rows.sum())[:, None]
        n_used = np.count_nonzero(self.n_rows)
        error = np.sqrt(n_used / (n_used - 1) * np.square(left).sum(axis=1))
        return int(np.flatnonzero(over.sum(axis=1) <= error)[0])


@dataclass(frozen=True, eq=False)
class FoldErrors:
    """What a fold shows.

    Attributes
    ----------
    stopped : (n_test,), squared errors of the mean of draws that are stopped one by one
    taken : (n_steps, n_test), of draws of as many steps
    pilot : what chooses
    """

    stopped: Floats
    taken: Floats
    pilot: Pilot


def resamples(panel: Panel, *, sets_aside: bool, seed: int, name: str) -> Resamples:
    """Return the resamples of draws of a panel."""
    weights, asides = np.zeros((N_DRAWS, panel.n_obs)), np.zeros((N_DRAWS, panel.n_obs))
    for draw in range(N_DRAWS):
        rng = random_stream(seed, name, draw)
        rows: Ints = np.arange(panel.n_obs)
        if sets_aside:
            split = inner_split(panel, share=ONE.selection_share, rng=rng)
            rows, asides[draw, split.selection] = split.train, 1.0
        (weights[draw, rows],) = draw_weights(panel.take(rows), 1, unit="entity", rng=rng)
    return Resamples(weights, asides if sets_aside else None)


def draws_of(
    prepared: PreparedNetworks[None], used: Resamples, panel: Panel, *, steps: int | None, seed: int
) -> Floats:
    """Return predictions, (n_draws, n_obs), of draws of so many steps; with None each stops by itself."""
    options = ONE if steps is None else replace(ONE, draw_steps=steps)
    rngs = [random_stream(seed, "initial values", draw) for draw in range(N_DRAWS)]
    fits = replace(prepared, options=options).fit(used.weights, selection=used.asides, rngs=rngs)
    return fits.predict(panel)


def pilot_of(rows: Panel, predicted: Sequence[Floats], asides: Floats) -> Pilot:
    """Return the errors of pilot draws by their predictions, (n_draws, n_obs) for each number of steps."""
    counts = asides.sum(axis=0)
    used = np.flatnonzero(counts)
    code = rows.entity.codes[used]
    squares = []
    for values in predicted:
        mean = (values * asides).sum(axis=0)[used] / counts[used]
        squares.append(np.bincount(code, np.square(rows.observed[used] - mean), minlength=rows.n_entities))
    return Pilot(np.stack(squares), np.bincount(code, minlength=rows.n_entities).astype(np.float64))


def errors_of_fold(plan: Plan, outcome: str, fold: Fold, *, seed: int) -> FoldErrors:
    """Return what one fold shows."""
    panel = plan.panels.panel(outcome, fit_rows=fold.train, split_unit=fold.split_unit)
    train, test = panel.take(fold.train), panel.take(fold.test)
    selection = None if fold.selection is None else panel.take(fold.selection)
    prepared = ONE.prepare_draws(train, selection=selection, rng=random_stream(seed, "size", fold.name))
    piloted = resamples(train, sets_aside=selection is None, seed=seed, name=f"pilot of {fold.name}")
    whole = resamples(train, sets_aside=False, seed=seed, name=f"draws of {fold.name}")
    stopped = draws_of(prepared, piloted, test, steps=None, seed=seed)
    rows = train if selection is None else selection
    asides = np.ones((N_DRAWS, rows.n_obs)) if piloted.asides is None else piloted.asides
    pilots = [draws_of(prepared, piloted, rows, steps=steps, seed=seed) for steps in STEPS]
    taken = [draws_of(prepared, whole, test, steps=steps, seed=seed).mean(axis=0) for steps in STEPS]
    return FoldErrors(
        stopped=np.square(test.observed - stopped.mean(axis=0)),
        taken=np.square(test.observed - np.stack(taken)),
        pilot=pilot_of(rows, pilots, asides),
    )


def ratios(folds: Sequence[FoldErrors]) -> tuple[list[float], list[str]]:
    """Return the errors over those of draws that are stopped one by one, and the same in words."""
    usual = np.concatenate([fold.stopped for fold in folds]).mean()
    found, said = [], []
    for steps in FIXED:
        at = STEPS.index(steps)
        found.append(float(np.concatenate([fold.taken[at] for fold in folds]).mean() / usual))
        said.append(f"{found[-1]:.3f}")
    for chosen in ([fold.pilot.least for fold in folds], [fold.pilot.fewest for fold in folds]):
        taken = [fold.taken[at] for fold, at in zip(folds, chosen, strict=True)]
        found.append(float(np.concatenate(taken).mean() / usual))
        said.append(f"{found[-1]:.3f} ({np.mean([STEPS[at] for at in chosen]):.0f})")
    return found, said


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("specs", nargs="*", metavar="SPEC", default=SHIPPED)
    parser.add_argument("--data", type=Path, help="of a spec that names no data")
    asked = parser.parse_args()
    heads = [*(f"{steps} steps" for steps in FIXED), "least", "fewest"]
    print(
        f"| panel | held out | error | {' | '.join(heads)} |", "|---|---|---|" + "---|" * len(heads), sep="\n"
    )
    every = []
    for name, protocol in product(asked.specs, PROTOCOLS):
        plan = prepare(RunOptions(SPECS / f"{name}.yaml", data=asked.data), installed()).plan
        outcome = plan.study.roles.outcomes[0]
        (split,) = (split for split in plan.splits if split.entry.id == protocol)
        folds = [errors_of_fold(plan, outcome, fold, seed=0) for fold in split.folds[:MOST_FOLDS]]
        found, said = ratios(folds)
        every.append(found)
        error = (
            np.concatenate([fold.stopped for fold in folds]).mean()
            / plan.panels.panel(outcome).observed.var()
        )
        print(f"| {plan.study.study} | {protocol} | {error:.4f} | {' | '.join(said)} |", flush=True)
    means = np.exp(np.log(every).mean(axis=0))
    print(f"| geometric mean | | | {' | '.join(f'{mean:.3f}' for mean in means)} |")


if __name__ == "__main__":
    main()
