"""Size of the joint tests of a multiverse under the null: ``python benchmarks/multiverse_rates.py``.

Each panel is drawn as loss differences of 24 combinations by entity, correlated by .64 over an entity, which
has one to twelve rows and a scale of its own. They are normal, of t(3), or of a gamma distribution less its
mean, with skewness 2 for the part that combinations share and 2.8 for their own. Takes about a minute a
hundred panels of each size.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats
from harness.evaluation.losses import ClusterLosses
from harness.evaluation.variation_gains import N_DRAWS, curve_tests
from measured import Measured

Draw = Callable[[Generator, tuple[int, ...], float], Floats]

TABLE = Measured(
    "multiverse_rates.csv",
    ("loss differences", "entities", "median gain", "share of one sign", "share significant"),
)

SEED, LEVEL, SIZE = 7, 0.95, 0.05
N_COMBINATIONS, CORRELATION = 24, 0.64
MOST_ROWS = 12


def normal(rng: Generator, size: tuple[int, ...], _: float) -> Floats:
    """Draw symmetric differences with thin tails."""
    return rng.standard_normal(size)


def heavy(rng: Generator, size: tuple[int, ...], _: float) -> Floats:
    """Draw symmetric differences with heavy tails."""
    return np.asarray(rng.standard_t(3, size=size) / np.sqrt(3.0))


def skewed(rng: Generator, size: tuple[int, ...], skewness: float) -> Floats:
    """Draw differences of which most are a little better, and few much worse."""
    shape = 4.0 / skewness**2
    return np.asarray((shape - rng.gamma(shape, size=size)) / np.sqrt(shape))


# Distribution, spread of the logarithm of entities' scales, and numbers of entities.
CASES: Mapping[str, tuple[Draw, float, tuple[int, ...]]] = {
    "normal": (normal, 0.0, (10, 20, 60, 270)),
    "t, 3 degrees of freedom": (heavy, 0.0, (10, 20, 60, 270)),
    "gamma, skewness 2 to 2.8": (skewed, 0.0, (10, 20, 60, 270)),
    "the same, entities' scales differing by exp(.6 z)": (skewed, 0.6, (60, 100, 150, 270)),
}


def rejections(draw: Draw, spread: float, n_entities: int, *, n_panels: int) -> Floats:
    """Return the shares of panels on which each statistic rejects, in the order of `curve_tests`."""
    rejected = np.zeros(3)
    for number in range(n_panels):
        rng = np.random.default_rng((SEED, n_entities, number))
        shared = draw(rng, (1, n_entities), 2.0)
        own = draw(rng, (N_COMBINATIONS, n_entities), 2.8)
        scales = np.exp(spread * rng.standard_normal(n_entities))
        rows = rng.integers(1, MOST_ROWS + 1, n_entities).astype(float)
        difference = np.sqrt(CORRELATION) * shared + np.sqrt(1.0 - CORRELATION) * own
        # Sums over an entity's rows; errors themselves are ten times what the estimators differ by.
        sums, level = rows * scales * difference, 10.0 * rows * scales
        pairs = [ClusterLosses(level - one / 2.0, level + one / 2.0, rows) for one in sums]
        signs = rng.choice([-1.0, 1.0], size=(N_DRAWS, n_entities))
        rejected += [p_value < SIZE for _, _, p_value in curve_tests(pairs, signs, level=LEVEL)]
    return rejected / n_panels


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--panels", type=int, default=1000, help="of each distribution and size")
    asked = parser.parse_args()
    TABLE.write(rows(asked.panels))


def rows(n_panels: int) -> Iterator[tuple[str, ...]]:
    """Yield the sizes of the tests for each distribution, by numbers of entities."""
    for name, (draw, spread, sizes) in CASES.items():
        found = np.array([rejections(draw, spread, n, n_panels=n_panels) for n in sizes])
        shares = (" / ".join(f"{share:.3f}".lstrip("0") for share in column) for column in found.T)
        yield name, " / ".join(map(str, sizes)), *shares


if __name__ == "__main__":
    main()
