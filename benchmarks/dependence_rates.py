"""How often tests reject a true null under dependence: ``python benchmarks/dependence_rates.py``.

Run in a checkout, with ``OMP_NUM_THREADS=1``. Entities of nine periods; regressors and errors are AR(.8),
and a fifth of the errors' variance is a shock of the period, an AR(.8) that all entities share. Panels 5001
and later were used for nothing else.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from harness import Panel
from harness.data.simulate.simulation import lasting
from harness.evaluation.residual_tests import encompassing_test
from harness.findings.shape import exact_limits
from harness.scenarios.bands import draw_rows, equal_curves_test
from harness.scenarios.draws import DrawPlan, WithDraws
from harness.scenarios.grid import partial_dependence
from harness.scenarios.scenario import Subject, framed
from harness_panel import Conley, FixedEffects, PolynomialEffects, PooledOLS

FIRST, N_PERIODS, LASTING, SHARE = 5001, 9, 0.8, 0.2

Floats = npt.NDArray[np.float64]


def panel_of(seed: int, n_entities: int) -> Panel:
    """Return a panel of a regressor with slope one and three others without any effect."""
    from panels import balanced_panel

    rng, size = np.random.default_rng([32, seed, n_entities]), (n_entities, N_PERIODS)
    X = np.stack([lasting(rng.standard_normal(size), LASTING).ravel() for _ in range(4)], axis=1)
    errors = lasting(rng.standard_normal(size), LASTING)
    shocks = lasting(rng.standard_normal((1, N_PERIODS)), LASTING)
    outcome = X[:, 0] + (np.sqrt(1.0 - SHARE) * errors + np.sqrt(SHARE) * shocks).ravel()
    return balanced_panel(size, outcome=outcome, X=X)


def encompassing(n_entities: int, seed: int) -> float:
    """Return the p-value that regressors without an effect add to predictions for entities held out."""
    panel, rng = panel_of(seed, n_entities), np.random.default_rng(seed)
    entity, observed = panel.entity.codes, panel.observed
    fold = (rng.permutation(n_entities) % 5)[entity]
    predicted = np.empty((2, observed.size))
    for own, columns in zip(predicted, (panel.X[:, :1], panel.X), strict=True):
        design = np.column_stack([np.ones(observed.size), columns])
        for at in range(5):
            rest = fold != at
            own[~rest] = design[~rest] @ np.linalg.lstsq(design[rest], observed[rest])[0]
    rows = pd.DataFrame({"fold": fold, "entity": entity, "time": panel.period, "observed": observed})
    reference, rival = (rows.assign(predicted=own) for own in predicted)
    found = encompassing_test(rival, reference, test_to_train=0.25)
    return np.nan if found is None else found.p_value


def conley(estimator: Callable[..., PooledOLS | FixedEffects], n_entities: int, seed: int) -> float:
    """Return the p-value of a regressor without an effect, by errors of Conley with their default lags."""
    panel, rng = panel_of(seed, n_entities), np.random.default_rng(seed)
    places = rng.uniform((25.0, 100.0), (40.0, 120.0), size=(n_entities, 2))
    placed = replace(panel, coordinates=places[panel.entity.codes])
    fit = estimator(covariance=Conley(cutoff_km=150.0)).fit(placed, rng=rng)
    table = fit.coefficients()
    return float(table.p_value[table.terms.index("x1")])


def equal_curves(n_entities: int, seed: int) -> float:
    """Return the p-value that a line and a cubic in the regressor have the same shape."""
    panel, at = panel_of(seed, n_entities), np.linspace(-2.0, 2.0, 10)

    def curves(estimator: FixedEffects | PolynomialEffects) -> pd.DataFrame:
        subject = Subject(panel, estimator, estimator.name, seed)
        draws = subject.draws(DrawPlan(60, "entity", most_rows=20_000))
        levels = WithDraws(*(partial_dependence(one, panel, at) for one in (subject.fit, draws)))
        rows = draw_rows(at, levels, np.ones(at.size, dtype=np.bool_))
        return framed({"curve_draws": rows})["curve_draws"]

    line, cubic = FixedEffects(effects=("entity",)), PolynomialEffects(effects=("entity",), degree=3)
    found = equal_curves_test(curves(line), curves(cubic), np.random.default_rng(seed))
    return np.nan if found is None else found.p_value


TESTS: Mapping[str, Callable[[int], float]] = {
    "encompassing, 30 entities": partial(encompassing, 30),
    "encompassing, 100 entities": partial(encompassing, 100),
    "Conley, two-way effects, 30 entities": partial(
        conley, partial(FixedEffects, effects=("entity", "time")), 30
    ),
    "Conley, two-way effects, 100 entities": partial(
        conley, partial(FixedEffects, effects=("entity", "time")), 100
    ),
    "Conley, pooled, 30 entities": partial(conley, PooledOLS, 30),
    "Conley, pooled, 100 entities": partial(conley, PooledOLS, 100),
    "equal curves, 30 entities": partial(equal_curves, 30),
    "equal curves, 100 entities": partial(equal_curves, 100),
}


def rows(n_panels: int) -> Iterator[str]:
    """Yield the lines of the table."""
    for name, test in TESTS.items():
        p_values = [test(FIRST + at) for at in range(n_panels)]
        count = sum(p_value < 0.05 for p_value in p_values)
        low, high = exact_limits(count, n_panels)
        yield f"| {name} | {count / n_panels:.3f} [{low:.3f}, {high:.3f}] of {n_panels} |"


if __name__ == "__main__":
    sys.path.append(str(Path(__file__).parents[1] / "tests"))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--panels", type=int, default=400)
    for line in rows(parser.parse_args().panels):
        print(line, flush=True)
