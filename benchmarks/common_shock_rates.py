"""How often errors that fit dependent entities find no effect: ``python benchmarks/common_shock_rates.py``.

Slopes with effects of entities and periods on panels without an effect, in which entities share lasting
shocks or are alike among neighbours on a ring; power is that of panels without either, of an effect that
errors by entity find in four of five. Next to the errors of the harness are others that were tried. Six
minutes on one core.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np
from numpy.random import Generator
from scipy.stats import chi2, t

from harness import Panel
from harness.arrays import Floats
from harness.data.simulate.simulation import lasting
from harness.scenarios.effect.dependence import DependentErrors, Errors, has_common_shocks, p_common_shocks
from measured import Measured, counted, share_with_limits

SHAPES = ((40, 12), (30, 25), (270, 9))

# What entities share, and the autocorrelation of exposure and errors.
CASES: Mapping[str, tuple[str, float]] = {
    "no shocks": ("independent", 0.5),
    "shared loadings of lasting shocks": ("loadings", 0.5),
    "loadings, autocorrelation .8": ("loadings", 0.8),
    "errors and exposure alike among neighbours": ("spatial", 0.0),
    "neighbours, autocorrelation .5": ("spatial", 0.5),
    "neighbours, autocorrelation .8": ("spatial", 0.8),
}

N_DRAWS, SIZE = 399, 0.05

# Size of the test over pairs of periods, and the p-value from which that of the harness needs no second one.
PAIRS_SIZE, SURE = 0.2, 0.01


def columns(rng: Generator, shape: tuple[int, int], kind: str, persistence: float) -> list[Floats]:
    """Return an exposure and an outcome that it has no effect on, less means of entities and periods.

    With loadings both load alike on factors of their own; spatial ones are alike of neighbours on a ring.
    """
    pair = [lasting(rng.standard_normal(shape), persistence) for _ in range(2)]
    if kind == "loadings":
        loading = rng.normal(1.0, 1.0, (shape[0], 1))
        factors = [lasting(rng.standard_normal((1, shape[1])), 0.6) for _ in range(2)]
        pair = [column + loading * factor for column, factor in zip(pair, factors, strict=True)]
    if kind == "spatial":
        pair = [_spread(shape[0]) @ column for column in pair]
    return [
        column - column.mean(axis=1, keepdims=True) - column.mean(axis=0) + column.mean() for column in pair
    ]


@cache
def _spread(n_entities: int) -> Floats:
    ring: Floats = np.eye(n_entities)
    return np.asarray(np.linalg.inv(ring - 0.3 * (np.roll(ring, 1, axis=0) + np.roll(ring, -1, axis=0))))


@cache
def rows_of(shape: tuple[int, int]) -> Panel:
    """Return rows of a shape, with entities on the equator."""
    from panels import balanced_panel

    zeros = np.zeros(shape[0] * shape[1])
    rows = balanced_panel(shape, outcome=zeros, X=zeros)
    longitude = 360.0 / shape[0] * rows.entity.codes - 180.0
    return replace(rows, coordinates=np.stack([0.0 * longitude, longitude], axis=1))


# Half the widths of intervals, given exposure, residuals and slope.
Width = Callable[[Floats, Floats, float], float]


def influences(x: Floats, residuals: Floats) -> Floats:
    """Return the influence of rows on the slope, (n_entities, n_periods)."""
    return np.asarray(x * residuals / np.square(x).sum())


def of_harness(errors: Errors, x: Floats, residuals: Floats, _slope: float) -> float:
    """Return the half width by errors of the harness; Conley's reach two neighbours on either side."""
    influence = influences(x, residuals).reshape(-1, 1)
    cutoff = 3.0 * 40_030.0 / len(x)
    errors_of = DependentErrors.chosen(rows_of(x.shape), errors, cutoff, [influence])
    return float(t.ppf(1.0 - SIZE / 2.0, errors_of.df(len(x))) * np.linalg.norm(errors_of.root(influence)))


def wild(x: Floats, residuals: Floats, slope: float) -> float:
    """Return the half width by a bootstrap with random signs of periods, without an effect, of their t."""
    squares = np.square(x).sum(axis=0)
    scores = (x * (residuals + slope * x)).sum(axis=0)
    signs = np.random.default_rng(SEED).choice([-1.0, 1.0], size=(N_DRAWS, scores.size))
    slopes = signs @ scores / squares.sum()
    errors = np.sqrt(np.square(signs * scores - slopes[:, None] * squares).sum(axis=1))
    error = np.sqrt(np.square(scores - slope * squares).sum())
    return float(np.quantile(np.abs(slopes) / errors, 1.0 - SIZE) * error)


def scaled(few_df: bool, x: Floats, residuals: Floats, slope: float) -> float:
    """Return the half width by entity times the ratio of the test where that finds no shocks.

    Parameters
    ----------
    few_df : whether degrees of freedom are those of periods
    """
    influence, n_periods = influences(x, residuals), x.shape[1]
    if has_common_shocks(p_common_shocks(rows_of(x.shape), [influence.reshape(-1, 1)])):
        return of_harness("tested", x, residuals, slope)
    ratio = np.square(influence.sum(axis=0)).sum() / np.square(influence).sum() * n_periods / (n_periods - 1)
    df = (n_periods if few_df else len(x)) - 1.0
    return by_entity(influence, ratio, df)


def by_entity(influence: Floats, ratio: float, df: float) -> float:
    """Return the half width by errors of entities, times a ratio of variances if that is above one."""
    variance = np.square(influence.sum(axis=1)).sum() * max(ratio, 1.0)
    return float(t.ppf(1.0 - SIZE / 2.0, df) * np.sqrt(variance))


def pairs(x: Floats, residuals: Floats, slope: float) -> float:
    """Return the half width by entity times the ratio of variances over all pairs of periods.

    The product of an exposure of one period and residuals of another has a sum over entities with the
    variance of one within a period, where the two do not depend on each other: squares of sums of all pairs
    of periods tell more than those of periods alone. Their degrees of freedom, the product of those that both
    have over time, join those of entities (Satterthwaite 1946). Where a test does not find a ratio above one
    nothing changes, unless that of the harness is sure; where it rejects, too, the wider one is taken.
    """
    crossed = x.T @ residuals
    ratio = float(np.square(crossed).sum() / (np.square(x).T @ np.square(residuals)).sum())
    moments = [column.T @ column for column in (x, residuals)]
    df = float(np.prod([np.trace(one) ** 2 / np.square(one).sum() for one in moments]))
    influence = influences(x, residuals)
    if chi2.sf(ratio * df, df) < PAIRS_SIZE:
        width = by_entity(influence, ratio, 1.0 / (1.0 / (len(x) - 1.0) + 1.0 / df))
        return max(width, of_harness("tested", x, residuals, slope))
    is_sure = p_common_shocks(rows_of(x.shape), [influence.reshape(-1, 1)]) < SURE
    return of_harness("common_shocks" if is_sure else "entity", x, residuals, slope)


SEED = 53

ERRORS: Mapping[str, Width] = {
    "by entity": partial(of_harness, "entity"),
    "by the test": partial(of_harness, "tested"),
    "over known neighbours (Conley)": partial(of_harness, "conley"),
    "Driscoll-Kraay, fixed-b": partial(of_harness, "driscoll_kraay"),
    "wild bootstrap by period": wild,
    "by the test, or entity times its ratio": partial(scaled, False),
    "the same, degrees of freedom of periods": partial(scaled, True),
    "entity times the ratio over pairs of periods": pairs,
}

# Errors by default next to those by entity, and the panels that others are printed of.
CHOICE = ("by entity", "by the test")
PRINTED = (
    *("no shocks", "shared loadings of lasting shocks", "loadings, autocorrelation .8"),
    "neighbours, autocorrelation .8",
)
POWER = "power without shocks"

RATES = Measured("common_shock_rates.csv", ("panels", "errors", "40 x 12, %", "30 x 25, %", "270 x 9, %"))
OTHERS = Measured("common_shock_others.csv", ("errors", "panels", "40 x 12, %", "30 x 25, %", "270 x 9, %"))


def widths(shape: tuple[int, int], case: str, number: int) -> dict[str, float]:
    """Return the slope of a panel and half the width of each interval."""
    kind, persistence = CASES[case]
    rng = np.random.default_rng([SEED, number, *shape, list(CASES).index(case)])
    x, y = columns(rng, shape, kind, persistence)
    slope = float((x * y).sum() / np.square(x).sum())
    residuals = y - slope * x
    return {"slope": slope} | {name: width(x, residuals, slope) for name, width in ERRORS.items()}


CODE = (
    *(CASES, columns, _spread, rows_of, widths, of_harness, wild, scaled, by_entity, pairs),
    *(DependentErrors, p_common_shocks),
)


def rejected(n_panels: int) -> Mapping[tuple[str, str], list[str]]:
    """Return how often each errors find an effect in panels of each shape, by case, and their power."""
    cells: dict[tuple[str, str], list[str]] = {}
    for shape in SHAPES:
        for number, case in enumerate(CASES):
            name = f"shocks_{number}_{shape[0]}x{shape[1]}"
            panels = counted(name, partial(widths, shape, case), n_panels, CODE)
            effects = {case: 0.0}
            if case == "no shocks":
                effects[POWER] = float(np.quantile(panels["by entity"] - panels["slope"], 0.8))
            for key, effect in effects.items():
                for errors in ERRORS:
                    count = int(((panels["slope"] + effect).abs() > panels[errors]).sum())
                    cells.setdefault((key, errors), []).append(share_with_limits(count, n_panels))
    return cells


def main() -> None:
    """Count what is missing, and write the tables of the docs."""
    sys.path.append(str(Path(__file__).parents[1] / "tests"))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--panels", type=int, default=2000, help="of each kind and shape")
    cells = rejected(parser.parse_args().panels)
    script = "benchmarks/common_shock_rates.py"
    chosen = [(case, errors) for case in (*CASES, POWER) for errors in CHOICE]
    RATES.save([(*key, *cells[key]) for key in chosen], script, CODE)
    others = [(case, errors) for errors in ERRORS if errors not in CHOICE for case in (*PRINTED, POWER)]
    OTHERS.save([(errors, case, *cells[case, errors]) for case, errors in others], script, CODE)


if __name__ == "__main__":
    main()
