"""Degenerate columns and rows: what is dropped with a note, and what is refused with a reason."""

import tracemalloc
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pytest
from pydantic import ValidationError

from harness import EstimationError, Panel
from harness.estimators.protocol import ESTIMATOR
from harness.plugin import random_stream
from harness.registry.catalog import Catalog, build_choice
from harness_panel import (
    Classical,
    Clustered,
    DriscollKraay,
    FixedEffects,
    PooledOLS,
    Robust,
    harness_estimators,
)
from panels import panel_from_arrays

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
    fitted = estimator.fit(panel, rng=random_stream(0))
    assert [(note.code, note.where) for note in fitted.notes] == [(code, where)]
    assert words in fitted.notes[0].message
    others = panel_of({name: column for name, column in columns.items() if name != where})
    expected = estimator.fit(others, rng=random_stream(0))
    assert fitted.coefficients().terms == expected.coefficients().terms
    assert fitted.coefficients().correction == expected.coefficients().correction
    np.testing.assert_allclose(
        fitted.coefficients().covariance, expected.coefficients().covariance, rtol=1e-9
    )
    np.testing.assert_allclose(fitted.predict(panel), expected.predict(others), rtol=1e-9)


def test_a_control_is_dropped_before_a_moderator():
    fitted = POOLED.fit(panel_of({"x": X, "m": A, "c": 3.0 * A}, n_moderators=1), rng=random_stream(0))
    assert fitted.coefficients().terms == ("const", "x", "m")


def test_every_dropped_column_is_noted():
    columns = {"x": X, "k": 1.0, "e": 2.0 * ENTITY, "a": A, "z": 4.0 * A}
    notes = ENTITY_FE.fit(panel_of(columns), rng=random_stream(0)).notes
    expected = [("W-CONSTANT", "k"), ("W-ABSORBED", "e"), ("W-COLLINEAR", "z")]
    assert [(note.code, note.where) for note in notes] == expected


def test_nearly_collinear_columns_are_kept_with_a_warning():
    fitted = POOLED.fit(panel_of({"x": X, "a": A, "z": A + 1e-10 * B}), rng=random_stream(0))
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
        estimator.fit(panel_of(columns), rng=random_stream(0))
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
        estimator.fit(panel_of({"x": X, "a": A}, outcome), rng=random_stream(0))


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
        estimator.fit(panel, rng=random_stream(0))
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
        PooledOLS(covariance).fit(panel_of({"x": X}).take(rows), rng=random_stream(0))


@pytest.mark.parametrize("variant", ["HC2", "HC3"])
def test_a_leverage_of_one_is_refused(variant):
    panel = panel_of({"x": X, "a": A}).take(np.arange(N_PERIODS - 1, ENTITY.size))
    with pytest.raises(EstimationError, match=f"{variant} is undefined: 1 of 204 rows"):
        FixedEffects(covariance=Robust(variant)).fit(panel, rng=random_stream(0))
    assert (
        FixedEffects(covariance=Classical()).fit(panel, rng=random_stream(0)).coefficients().std_error[0] > 0
    )


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
    estimator.fit(panel.take(np.arange(1000)), rng=random_stream(0))
    arrays = (panel.X, panel.observed, panel.entity.codes, panel.time.codes)
    tracemalloc.start()
    estimator.fit(panel, rng=random_stream(0))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= 2.0 * sum(array.nbytes for array in arrays)
