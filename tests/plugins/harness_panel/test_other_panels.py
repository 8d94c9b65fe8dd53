"""Panels of awkward shapes against second implementations: dummies by statsmodels, GLS by its matrices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import harness_panel
from harness import EstimationError, Panel
from harness.plugin import Floats, random_stream
from harness_panel import Classical, Clustered, FixedEffects, Mundlak, PooledOLS, RandomEffects, Robust
from panels import simulated_panel


def two_periods() -> Panel:
    return simulated_panel(random_stream(131), n_entities=30, n_periods=2)


def gaps() -> Panel:
    """Entities that come and go, in years of which some are missing for all."""
    whole = simulated_panel(random_stream(132), n_entities=25, n_periods=12)
    is_there = (random_stream(133).random(whole.n_obs) < 0.6) & ~np.isin(whole.period, [2004, 2005, 2009])
    return whole.take(np.flatnonzero(is_there))


def singletons() -> Panel:
    """More entities with one row than with several."""
    base = simulated_panel(random_stream(135), n_entities=40, n_periods=6)
    return base.take(
        np.flatnonzero((base.entity.codes % 3 == 0) | (base.period == 2001 + base.entity.codes % 6))
    )


def few_clusters() -> Panel:
    return simulated_panel(random_stream(136), n_entities=4, n_periods=30, n_columns=6)


def one_large_entity() -> Panel:
    base = simulated_panel(random_stream(137), n_entities=20, n_periods=60)
    return base.take(np.flatnonzero((base.entity.codes == 7) | (base.period < 2003)))


def disconnected() -> Panel:
    """Half of the entities in the first periods, the others in the last."""
    base = simulated_panel(random_stream(138), n_entities=20, n_periods=10)
    return base.take(np.flatnonzero((base.entity.codes < 10) == (base.period < 2006)))


def large_means() -> Panel:
    """Levels of 1e7 around which columns and outcome vary by one."""
    base = simulated_panel(random_stream(139), n_entities=20, n_periods=6, share=0.8)
    return replace(base, X=base.X + np.array([1e7, -1e7, 1e6]), observed=base.observed + 1e7)


def fixed_within() -> Panel:
    base = simulated_panel(random_stream(141), n_entities=25, n_periods=6, share=0.7)
    return base.with_column("x2", random_stream(142).normal(size=25)[base.entity.codes])


def adopted() -> Panel:
    """An exposure that is switched on once, by most entities, and a trend of all."""
    base = simulated_panel(random_stream(143), n_entities=25, n_periods=8)
    start = 2002 + np.arange(25) % 9
    switched = (base.period >= start[base.entity.codes]).astype(np.float64)
    return base.with_column("x0", switched).with_column("x1", base.period.astype(np.float64))


def duplicated() -> Panel:
    """The second column twice, in another unit and level, and a column of zeros."""
    base = simulated_panel(random_stream(144), n_entities=20, n_periods=6, n_columns=4, share=0.8)
    return base.with_column("x2", 3.0 - 2.0 * base.column("x1")).with_column("x3", 0.0)


PANELS: dict[str, Callable[[], Panel]] = {
    one.__name__.replace("_", " "): one
    for one in (
        *(two_periods, gaps, singletons, few_clusters, one_large_entity, disconnected),
        *(large_means, fixed_within, adopted, duplicated),
    )
}
EFFECTS = {"pooled": (), "entity": ("entity",), "time": ("time",), "both": ("entity", "time")}
CELLS = [(panel, effects) for panel in PANELS for effects in ("pooled", "both")]
CELLS += [
    (panel, effects) for panel in ("gaps", "duplicated", "fixed within") for effects in ("entity", "time")
]


@dataclass(frozen=True)
class Design:
    """Independent columns of a regression: centred regressors by name, and dummies or a constant."""

    names: tuple[str, ...]
    matrix: Floats

    @classmethod
    def of(cls, panel: Panel, effects: tuple[str, ...]) -> Design:
        """Dummies come first, so that what they determine is found; columns are kept that add to the rank."""
        keys = {"entity": panel.entity.codes, "time": panel.time.codes}
        sets = [keys[one][:, None] == np.unique(keys[one]) for one in effects] or [np.ones((panel.n_obs, 1))]
        kept = independent(np.column_stack(sets).astype(np.float64), before=0)
        chosen = np.column_stack(sets).astype(np.float64)[:, kept]
        centred = panel.X - panel.X.mean(axis=0)
        columns = np.column_stack([chosen, centred / np.maximum(np.abs(centred).max(axis=0), 1e-300)])
        own = [at for at in independent(columns, before=len(kept)) if at >= len(kept)]
        positions = [at - len(kept) for at in own]
        matrix = np.column_stack([centred[:, positions], chosen])
        return cls(tuple(panel.columns[at] for at in positions), matrix)


def independent(matrix: Floats, *, before: int) -> list[int]:
    """Positions of the columns that are no combination of those before; the first `before` are kept."""
    kept = list(range(before))
    basis = np.linalg.qr(matrix[:, kept])[0] if kept else np.zeros((len(matrix), 0))
    for at in range(before, matrix.shape[1]):
        left = matrix[:, at] - basis @ (basis.T @ matrix[:, at])
        left -= basis @ (basis.T @ left)
        if np.linalg.norm(left) > 1e-7 * np.linalg.norm(matrix[:, at]) > 0:
            kept.append(at)
            basis = np.column_stack([basis, left / np.linalg.norm(left)])
    return kept


def estimator(effects: str, covariance):
    keys = EFFECTS[effects]
    return FixedEffects(keys, covariance) if keys else PooledOLS(covariance)


def compare(table, names, expected, covariance, *, rtol: float) -> None:
    assert tuple(term for term in table.terms if term != "const") == names
    at = [table.terms.index(name) for name in names]
    np.testing.assert_allclose(table.estimate[at], expected, rtol=rtol)
    scale = np.sqrt(np.diag(covariance))
    own = table.covariance[np.ix_(at, at)] / np.outer(scale, scale)
    np.testing.assert_allclose(own, covariance / np.outer(scale, scale), rtol=rtol, atol=rtol)


KINDS = {
    "classical": (Classical(), {}),
    "HC1": (Robust("HC1"), {"cov_type": "HC1"}),
    "HC3": (Robust("HC3"), {"cov_type": "HC3"}),
}


@pytest.mark.parametrize(("name", "effects"), CELLS)
def test_tables_are_those_of_regressions_on_dummies(name, effects):
    panel = PANELS[name]()
    design = Design.of(panel, EFFECTS[effects])
    leverage = np.sum(np.linalg.qr(design.matrix)[0] ** 2, axis=1)
    size = len(design.names)
    for kind, (covariance, options) in KINDS.items():
        if kind == "HC3" and np.any(leverage > 1.0 - 1e-9):
            with pytest.raises(EstimationError, match="leverage 1"):
                estimator(effects, covariance).fit(panel, rng=random_stream(0))
            continue
        fitted = sm.OLS(panel.observed - panel.observed.mean(), design.matrix).fit(method="qr", **options)
        table = estimator(effects, covariance).fit(panel, rng=random_stream(0)).coefficients()
        assert table.correction.df_resid == fitted.df_resid
        compare(table, design.names, fitted.params[:size], fitted.cov_params()[:size, :size], rtol=RTOL[name])


# statsmodels has the level of the columns taken out before; the rounding of the level itself is in both.
RTOL = dict.fromkeys(PANELS, 1e-8) | {"large means": 1e-6}


# Entities with rows in the same two periods: the scores of each period sum to zero.
CANCELLING = {("two periods", "entity"), ("two periods", "both"), ("one large entity", "both")}


@pytest.mark.parametrize(
    "covariance",
    [Clustered(("time",)), harness_panel.DriscollKraay(0)],
    ids=lambda covariance: covariance.use,
)
@pytest.mark.parametrize(("name", "effects"), sorted(CANCELLING))
def test_standard_errors_of_which_nothing_is_left_are_refused(name, effects, covariance):
    with pytest.raises(EstimationError, match="standard error of 'x0', 'x1', 'x2' is zero") as caught:
        estimator(effects, covariance).fit(PANELS[name](), rng=random_stream(0))
    assert caught.value.hint


@pytest.mark.parametrize(("name", "effects"), CELLS)
def test_clustered_errors_are_those_of_regressions_on_dummies(name, effects):
    panel = PANELS[name]()
    design, outcome = Design.of(panel, EFFECTS[effects]), panel.observed - panel.observed.mean()
    size = len(design.names)
    for by, codes in {"entity": panel.entity.codes, "time": panel.time.codes}.items():
        if by == "time" and (name, effects) in CANCELLING:
            continue
        options = {"cov_type": "cluster", "cov_kwds": {"groups": codes}}
        theirs = sm.OLS(outcome, design.matrix).fit(method="qr", **options)
        table = estimator(effects, Clustered((by,))).fit(panel, rng=random_stream(0)).coefficients()
        factor = (panel.n_obs - design.matrix.shape[1]) / (panel.n_obs - table.correction.n_coef)
        expected = factor * theirs.cov_params()[:size, :size]
        compare(table, design.names, theirs.params[:size], expected, rtol=RTOL[name])
        assert table.correction.df_resid == np.unique(codes).size - 1


def swamy_arora(panel: Panel, matrix: Floats) -> tuple[float, float]:
    """Variances by quadratic forms of full matrices (Baltagi & Chang 1994, equations 2.4 to 2.7)."""
    scaled = matrix / np.linalg.norm(matrix, axis=0)
    dummies = (panel.entity.codes[:, None] == np.unique(panel.entity.codes)).astype(np.float64)
    n_entities = dummies.shape[1]
    kept = independent(np.column_stack([dummies, scaled]), before=n_entities)[n_entities:]
    inner = np.column_stack([dummies, scaled])[:, [*range(n_entities), *kept]]
    residual = panel.observed - inner @ np.linalg.lstsq(inner, panel.observed)[0]
    idiosyncratic = residual @ residual / (panel.n_obs - inner.shape[1])
    means = dummies @ (dummies.T @ scaled / dummies.sum(axis=0)[:, None])
    means[:, np.linalg.norm(means, axis=0) < 1e-12] = (
        0.0  # of centred columns with one mean, rounding is left
    )
    means = means[:, [0, *independent(means, before=1)[1:]]]
    outer = dummies @ (dummies.T @ panel.observed / dummies.sum(axis=0))
    outer = outer - means @ np.linalg.lstsq(means, outer)[0]
    rows_of = dummies @ dummies.T
    trace = np.trace(np.linalg.solve(means.T @ means, means.T @ rows_of @ means))
    surplus = outer @ outer - (n_entities - means.shape[1]) * idiosyncratic
    return float(idiosyncratic), float(max(0.0, surplus / (panel.n_obs - trace)))


def generalised(panel: Panel, matrix: Floats) -> tuple[Floats, Floats, Floats]:
    """Estimate, classical covariance and whitened design of generalised least squares, by full matrices."""
    idiosyncratic, entity = swamy_arora(panel, matrix)
    together = panel.entity.codes[:, None] == panel.entity.codes
    omega = np.eye(panel.n_obs) + (entity / idiosyncratic) * together
    half = np.linalg.inv(np.linalg.cholesky(omega))
    white, outcome = half @ matrix, half @ panel.observed
    fitted = sm.OLS(outcome, white).fit(method="qr")
    return fitted.params, fitted.cov_params(), omega


# Too few entities for their means; levels that full matrices lose to rounding, but the laws do not.
WITHOUT_RANDOM = {"few clusters", "large means"}


@pytest.mark.parametrize("name", sorted({*PANELS} - WITHOUT_RANDOM))
def test_random_effects_are_generalised_least_squares(name):
    panel = PANELS[name]()
    centre = panel.X.mean(axis=0)
    kept = independent(np.column_stack([np.ones(panel.n_obs), panel.X - centre]), before=1)[1:]
    names = tuple(panel.columns[at - 1] for at in kept)
    matrix = np.column_stack([np.ones(panel.n_obs), (panel.X - centre)[:, [at - 1 for at in kept]]])
    expected, covariance, _ = generalised(panel, matrix)
    table = RandomEffects(Classical()).fit(panel, rng=random_stream(0)).coefficients()
    compare(table, names, expected[1:], covariance[1:, 1:], rtol=1e-8)
    assert table.correction.df_resid == panel.n_obs - matrix.shape[1]


@pytest.mark.parametrize("name", sorted({*PANELS} - WITHOUT_RANDOM))
def test_mundlak_is_generalised_least_squares_with_entity_means(name):
    panel = PANELS[name]()
    centred = panel.X - panel.X.mean(axis=0)
    means = pd.DataFrame(centred).groupby(panel.entity.codes).transform("mean").to_numpy()
    varying = [at for at in range(centred.shape[1]) if np.ptp(centred[:, at] - means[:, at]) > 1e-6]
    both = np.column_stack([np.ones(panel.n_obs), centred, means[:, varying]])
    kept = independent(both, before=1)
    labels = ("const", *panel.columns, *(f"{panel.columns[at]} (entity mean)" for at in varying))
    names = tuple(labels[at] for at in kept[1:])
    expected, covariance, _ = generalised(panel, both[:, kept])
    table = Mundlak(Classical()).fit(panel, rng=random_stream(0)).coefficients()
    compare(table, names, expected[1:], covariance[1:, 1:], rtol=1e-7)
