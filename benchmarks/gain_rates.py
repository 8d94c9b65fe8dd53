"""How often the test behind a gain is wrong, and how often it finds one: ``python benchmarks/gain_rates.py``.

Panels are ugly: half the variance of the outcome's error is an entity's own, the rest an AR(.8) of t(3)
innovations, regressors are AR(.9), and entities have 3 to 9 periods. Two estimators are equally good where
each has columns of its own that the outcome does not depend on. Seeds differ from those that the test was
chosen by.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import ExtraTreesRegressor

from harness.evaluation.gain import LossTotals, loss_totals
from harness.evaluation.losses import cluster_losses
from harness.findings.shape import exact_limits
from measured import Measured

Floats = npt.NDArray[np.float64]
Fit = Callable[[Floats, Floats, Floats, np.random.Generator], Floats]


def least_squares(x: Floats, y: Floats, new: Floats, _: np.random.Generator) -> Floats:
    """Return predictions of a line."""
    slopes = np.linalg.lstsq(np.c_[np.ones(len(x)), x], y, rcond=None)[0]
    return np.asarray(np.c_[np.ones(len(new)), new] @ slopes)


def random_features(x: Floats, y: Floats, new: Floats, rng: np.random.Generator) -> Floats:
    """Return predictions of a network of 40 units whose hidden layer is random."""
    weights, shifts = 0.7 * rng.normal(size=(x.shape[1], 40)), rng.uniform(0, 2 * np.pi, 40)
    units, new_units = (np.c_[np.ones(len(one)), np.cos(one @ weights + shifts)] for one in (x, new))
    return np.asarray(new_units @ np.linalg.solve(units.T @ units + np.eye(41), units.T @ y))


def forest(x: Floats, y: Floats, new: Floats, rng: np.random.Generator) -> Floats:
    """Return predictions of 20 randomised trees."""
    model = ExtraTreesRegressor(20, min_samples_leaf=5, random_state=int(rng.integers(2**31)))
    return np.asarray(model.fit(x, y).predict(new))


def bent(x: Floats, y: Floats, new: Floats, rng: np.random.Generator) -> Floats:
    """Return predictions of a cubic in the first column."""
    powers = [np.c_[one, one[:, 0] ** 2, one[:, 0] ** 3] for one in (x, new)]
    return least_squares(powers[0], y, powers[1], rng)


def autoregression(innovations: Floats, coefficient: float) -> Floats:
    """Return a stationary series along the second axis, of the variance of its innovations."""
    series = innovations.copy()
    for at in range(1, series.shape[1]):
        own = np.sqrt(1.0 - coefficient**2) * innovations[:, at]
        series[:, at] = coefficient * series[:, at - 1] + own
    return series


def gains(
    seed: int, *, sides: tuple[Fit, Fit], n_entities: int, folds: int, noise: tuple[int, int], curve: float
) -> LossTotals:
    """Return the gain of the first estimator over the second for entities held out.

    Parameters
    ----------
    noise : columns of each side that the outcome does not depend on
    curve : share of the reference's error that a square explains
    """
    rng = np.random.default_rng([4, seed, n_entities])
    shape = (n_entities, 9)
    there = np.arange(9) < rng.integers(3, 10, size=n_entities)[:, None]
    entities = np.repeat(np.arange(n_entities), 9)[there.ravel()]

    def column(innovations: Floats, coefficient: float) -> Floats:
        return autoregression(innovations, coefficient)[there]

    x = column(rng.normal(size=shape), 0.9)
    error = column(rng.standard_t(3, size=shape) / np.sqrt(3.0), 0.8)
    y = x + np.sqrt(0.5) * rng.normal(size=n_entities)[entities] + np.sqrt(0.5) * error
    y = y + np.sqrt(curve / (1.0 - curve)) * (x**2 - 1.0) / np.sqrt(2.0)
    columns = [np.column_stack([x, *(column(rng.normal(size=shape), 0.9) for _ in range(n))]) for n in noise]
    losses = np.empty((2, y.size))
    for held_out in np.array_split(rng.permutation(n_entities), folds):
        test = np.isin(entities, held_out)
        for own, fit, each in zip(losses, sides, columns, strict=True):
            own[test] = (y[test] - fit(each[~test], y[~test], each[test], rng)) ** 2
    pair = cluster_losses(losses[0], losses[1], entities.astype(np.int64))
    return loss_totals(pair, test_to_train=1.0 / (folds - 1))


CASES: dict[str, tuple[tuple[Fit, Fit], tuple[int, int], float]] = {
    "two lines, equally good": ((least_squares, least_squares), (5, 5), 0.0),
    "two networks, equally good": ((random_features, random_features), (2, 2), 0.0),
    "two forests, equally good": ((forest, forest), (5, 5), 0.0),
    "a network where the truth is a line": ((random_features, least_squares), (2, 2), 0.0),
    "a cubic that gains 20 %": ((bent, least_squares), (3, 3), 0.2),
    "a cubic that gains 30 %": ((bent, least_squares), (3, 3), 0.3),
    "a network where a curve gains 20 %": ((random_features, least_squares), (2, 2), 0.2),
    "a network where a curve gains 30 %": ((random_features, least_squares), (2, 2), 0.3),
}


TABLE = Measured(
    "gain_rates.csv",
    ("estimators", "entities", "folds", "better", "of five", "rejected", "median least detectable gain"),
)


def rows(n_panels: int, cases: Sequence[str]) -> Iterator[tuple[object, ...]]:
    """Yield the rows of the table, a case, a number of entities and of folds each; mean gains are told."""
    for name, (sides, noise, curve) in ((name, CASES[name]) for name in cases):
        for n_entities in (270,) if curve else (30, 60):
            for folds in (3, 5, 10) if random_features in sides and curve else (3, 5):
                found = [
                    gains(seed, sides=sides, n_entities=n_entities, folds=folds, noise=noise, curve=curve)
                    for seed in range(n_panels)
                ]
                better = sum(one.p_value < 0.05 and one.gain > 0 for one in found)
                rejected = sum(one.p_value < 0.05 for one in found)
                low, high = exact_limits(better, n_panels)
                share = f"{better / n_panels:.3f} [{low:.3f}, {high:.3f}]"
                of_five = sum(one.p_value < 0.01 and one.gain > 0 for one in found) / n_panels
                least = float(np.median([one.least_detectable(0.95, n_tests=1) for one in found]))
                shares = share, f"{of_five:.2f}", f"{rejected / n_panels:.3f}", f"{least:.2f}"
                mean = np.mean([one.gain for one in found])
                print(f"{name}, {n_entities}, {folds}: mean gain {mean:.3f}", file=sys.stderr)
                yield name, n_entities, folds, *shares


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--panels", type=int, default=200)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    asked = parser.parse_args()
    TABLE.write(rows(asked.panels, asked.cases))
