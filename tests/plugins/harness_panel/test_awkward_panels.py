"""Panels of awkward shapes against second implementations; columns and rows that are dropped or refused."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import statsmodels.api as sm
from pydantic import ValidationError

import harness_panel
from harness import EstimationError, Panel
from harness.estimators.protocol import ESTIMATOR
from harness.plugin import Floats, random_stream
from harness.registry.catalog import Catalog, build_choice
from harness_panel import (
    Classical,
    Clustered,
    DriscollKraay,
    FixedEffects,
    Mundlak,
    PooledOLS,
    RandomEffects,
    Robust,
    harness_estimators,
)
from panels import panel_from_arrays, simulated_panel


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
                estimator(effects, covariance).fit(panel)
            continue
        fitted = sm.OLS(panel.observed - panel.observed.mean(), design.matrix).fit(method="qr", **options)
        table = estimator(effects, covariance).fit(panel).coefficients()
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
        estimator(effects, covariance).fit(PANELS[name]())
    assert caught.value.hint


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
    table = RandomEffects(Classical()).fit(panel).coefficients()
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
    table = Mundlak(Classical()).fit(panel).coefficients()
    compare(table, names, expected[1:], covariance[1:, 1:], rtol=1e-7)


N_ENTITIES, N_PERIODS = 30, 7
ENTITY, PERIOD = (axis.ravel() for axis in np.indices((N_ENTITIES, N_PERIODS)))
X, A, B = random_stream(1, "columns").normal(size=(3, ENTITY.size))
NOISE = random_stream(1, "noise").normal(size=ENTITY.size)
Y = X + 2.0 * A - B + 0.3 * ENTITY + np.sin(PERIOD) + NOISE

POOLED = PooledOLS()
ENTITY_FE = FixedEffects(("entity",))
TIME_FE = FixedEffects(("time",))
TWO_WAY = FixedEffects(("entity", "time"))


def panel_of(
    columns: Mapping[str, npt.ArrayLike], outcome: npt.ArrayLike = Y, n_moderators: int = 0
) -> Panel:
    return panel_from_arrays(
        entity=ENTITY,
        period=PERIOD,
        outcome=outcome,
        X=np.column_stack([np.broadcast_to(one, ENTITY.shape) for one in columns.values()]),
        columns=tuple(columns),
        n_moderators=n_moderators,
    )


DROPPED = {
    "constant": (POOLED, {"x": X, "a": A, "z": 0.1 + 0.2}, "W-CONSTANT", "z", "does not vary"),
    "fixed within entities": (ENTITY_FE, {"x": X, "z": 1.1 * ENTITY}, "W-ABSORBED", "z", "entity effects"),
    "sum of both": (
        TWO_WAY,
        {"x": X, "z": PERIOD - 3.3 * ENTITY},
        "W-ABSORBED",
        "z",
        "entity and time effects",
    ),
    "twice the exposure": (POOLED, {"x": X, "z": 2.0 * X}, "W-COLLINEAR", "z", "z = 2*x."),
    "shifted": (POOLED, {"x": X, "a": A, "z": 1e6 - A}, "W-COLLINEAR", "z", "z = -a + 1e+06."),
    "of two": (
        POOLED,
        {"x": X, "a": A, "b": B, "z": 0.5 * A - B - 3},
        "W-COLLINEAR",
        "z",
        "z = 0.5*a - b - 3.",
    ),
    "with effects": (
        ENTITY_FE,
        {"x": X, "a": A, "z": A + ENTITY},
        "W-COLLINEAR",
        "z",
        "z = a + entity effects.",
    ),
}


@pytest.mark.parametrize("case", DROPPED)
def test_a_control_that_tells_nothing_is_dropped_and_noted(case):
    estimator, columns, code, where, words = DROPPED[case]
    panel = panel_of(columns)
    fitted = estimator.fit(panel)
    assert [(note.code, note.where) for note in fitted.notes] == [(code, where)]
    assert words in fitted.notes[0].message
    others = panel_of({name: column for name, column in columns.items() if name != where})
    expected = estimator.fit(others)
    assert fitted.coefficients().terms == expected.coefficients().terms
    assert fitted.coefficients().correction == expected.coefficients().correction
    np.testing.assert_allclose(
        fitted.coefficients().covariance, expected.coefficients().covariance, rtol=1e-9
    )
    np.testing.assert_allclose(fitted.predict(panel), expected.predict(others), rtol=1e-9)


def test_a_control_is_dropped_before_a_moderator():
    fitted = POOLED.fit(panel_of({"x": X, "m": A, "c": 3.0 * A}, n_moderators=1))
    assert fitted.coefficients().terms == ("const", "x", "m")


def test_every_dropped_column_is_noted():
    columns = {"x": X, "k": 1.0, "e": 2.0 * ENTITY, "a": A, "z": 4.0 * A}
    notes = ENTITY_FE.fit(panel_of(columns)).notes
    expected = [("W-CONSTANT", "k"), ("W-ABSORBED", "e"), ("W-COLLINEAR", "z")]
    assert [(note.code, note.where) for note in notes] == expected


def test_nearly_collinear_columns_are_kept_with_a_warning():
    fitted = POOLED.fit(panel_of({"x": X, "a": A, "z": A + 1e-10 * B}))
    assert [note.code for note in fitted.notes] == ["W-COND"]
    assert fitted.coefficients().terms == ("const", "x", "a", "z")


ONLY_ROW_OF_EACH = np.arange(0, ENTITY.size, N_PERIODS)
FIRST_ENTITY = np.arange(N_PERIODS)
REFUSED = {
    "constant exposure": (POOLED, {"x": 3.0, "a": A}, r"exposure 'x': it equals 3 in all 210 rows"),
    "exposure fixed within entities": (
        ENTITY_FE,
        {"x": 1.0 * ENTITY, "a": A},
        "'x': entity effects absorb it",
    ),
    "exposure the sum of both": (
        TWO_WAY,
        {"x": PERIOD - 2.0 * ENTITY},
        "entity and time effects absorb it together",
    ),
    "exposure made of controls": (
        POOLED,
        {"x": A - 2 * B + 1, "a": A, "b": B},
        r"with 'a' and 'b': x = a - 2\*b \+ 1",
    ),
    "nearly collinear": (POOLED, {"x": X, "a": A, "z": A + 3e-13 * B}, "condition number"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_exposure_that_cannot_be_told_apart_is_refused(case):
    estimator, columns, words = REFUSED[case]
    with pytest.raises(EstimationError, match=words) as caught:
        estimator.fit(panel_of(columns))
    assert caught.value.hint


@pytest.mark.parametrize(
    ("estimator", "outcome", "words"),
    [
        (POOLED, np.full(ENTITY.size, 4.0), "outcome': it equals 4 in all 210 rows"),
        (ENTITY_FE, np.full(ENTITY.size, 0.1), "it equals 0.1 in all"),
        (ENTITY_FE, 1.5 * ENTITY, "entity effects explain it fully"),
    ],
)
def test_an_outcome_that_does_not_vary_is_refused(estimator, outcome, words):
    with pytest.raises(EstimationError, match=words):
        estimator.fit(panel_of({"x": X, "a": A}, outcome))


@pytest.mark.parametrize(
    ("estimator", "rows", "words"),
    [
        (POOLED, np.arange(4), "4 rows are too few for 4 parameters: 3 columns and 1 constant"),
        (ENTITY_FE, ONLY_ROW_OF_EACH, "30 rows are too few for 31 parameters: .* 30 entity effects"),
        (TWO_WAY, np.arange(9), "9 rows are too few for 9 parameters: 1 columns and 8 entity and time"),
        (ENTITY_FE, FIRST_ENTITY, "7 rows share one entity"),
        (TIME_FE, ONLY_ROW_OF_EACH, "30 rows share one time"),
        (TWO_WAY, FIRST_ENTITY, "7 rows share one entity"),
    ],
)
def test_too_few_rows_entities_or_periods_are_refused_with_their_numbers(estimator, rows, words):
    panel = panel_of({"x": X, "a": A, "b": B}).take(rows)
    with pytest.raises(EstimationError, match=words) as caught:
        estimator.fit(panel)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("covariance", "rows", "words"),
    [
        (Clustered(), FIRST_ENTITY, "clustering by entity needs at least two clusters"),
        (Clustered(("entity", "time")), ONLY_ROW_OF_EACH, "there are 30, 1"),
        (DriscollKraay(), ONLY_ROW_OF_EACH, "bandwidth 1 need 2 periods"),
    ],
)
def test_a_covariance_without_enough_clusters_is_refused(covariance, rows, words):
    with pytest.raises(EstimationError, match=words):
        PooledOLS(covariance).fit(panel_of({"x": X}).take(rows))


@pytest.mark.parametrize("variant", ["HC2", "HC3"])
def test_a_leverage_of_one_is_refused(variant):
    panel = panel_of({"x": X, "a": A}).take(np.arange(N_PERIODS - 1, ENTITY.size))
    with pytest.raises(EstimationError, match=f"{variant} is undefined: 1 of 204 rows"):
        FixedEffects(covariance=Robust(variant)).fit(panel)
    assert FixedEffects(covariance=Classical()).fit(panel).coefficients().std_error[0] > 0


CATALOGS = {ESTIMATOR.name: Catalog(ESTIMATOR, {cls.name: cls for cls in harness_estimators()})}


def build(name: str, options: dict[str, object]):
    return build_choice(CATALOGS, "estimator", name, options)


@pytest.mark.parametrize(
    ("options", "at", "words"),
    [
        ({"effects": []}, (), "each once"),
        ({"effects": ["time", "time"]}, (), "each once"),
        ({"covariance": {"use": "classical", "bandwidth": 2}}, ("covariance", "classical", "bandwidth"), ""),
        ({"covariance": {"use": "clustered", "by": []}}, ("covariance", "clustered"), "each once"),
        (
            {"covariance": {"use": "driscoll_kraay", "bandwidth": -1}},
            ("covariance", "driscoll_kraay"),
            ">= 0",
        ),
        ({"covariance": {"use": "newey_west"}}, ("covariance",), "driscoll_kraay"),
        ({"covariance": {"use": "wild_cluster", "draws": 9}}, ("covariance", "wild_cluster"), "at least 99"),
    ],
)
def test_options_that_do_not_go_together_are_refused_where_they_stand(options, at, words):
    with pytest.raises(ValidationError) as caught:
        build("fixed_effects", options)
    (mistake,) = caught.value.errors()
    assert mistake["loc"][1:] == at
    assert words in mistake["msg"]


@pytest.mark.parametrize(("n_entities", "n_columns"), [(20_000, 10), (50_000, 3)])
def test_a_fit_that_predicts_takes_no_more_than_twice_the_data_again(n_entities, n_columns):
    """So that data and fit together take at most three times the data, the result included."""
    entity, period = (axis.ravel() for axis in np.indices((n_entities, 10)))
    rng = random_stream(111)
    X, outcome = rng.normal(size=(entity.size, n_columns)), rng.normal(size=entity.size)
    panel = panel_from_arrays(entity=entity, period=period, outcome=outcome, X=X)
    estimator = FixedEffects(("entity", "time")).for_folds()
    estimator.fit(panel.take(np.arange(1000)))
    arrays = (panel.X, panel.observed, panel.entity.codes, panel.time.codes)
    tracemalloc.start()
    estimator.fit(panel)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= 2.0 * sum(array.nbytes for array in arrays)
