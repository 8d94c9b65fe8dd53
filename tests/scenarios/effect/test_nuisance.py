"""What nuisance functions are learned from, by learners that keep what they are given."""

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
import pytest

from harness import Panel
from harness.plugin import CanLearnNuisances, random_stream
from harness.scenarios.effect.nuisance import (
    ConditionalMeans,
    DerivativePart,
    ExposurePart,
    NuisancePart,
    as_new,
    moving_inputs,
    with_absorbed,
)
from harness.scenarios.effect.riesz import STEP, riesz_representer
from panels import balanced_panel

SHAPE = (30, 4)
TRAIN, TEST = np.arange(80), np.arange(80, 120)


@dataclass(frozen=True, eq=False)
class Cubes:
    """Least squares on cubes of the columns; keeps the rows and the first number of each fit."""

    name: ClassVar[str] = "cubes"
    provides: ClassVar[frozenset[type]] = frozenset()

    fits: list[tuple[Panel, float]] = field(default_factory=list)

    def fit(self, panel, *, rng, selection=None):
        self.fits.append((panel, rng.random()))
        return CubesFit(np.linalg.lstsq(cubes(panel), panel.observed)[0])


@dataclass(frozen=True, eq=False)
class CubesAlone(Cubes):
    """The same, which says that it needs no straight lines beside."""

    provides: ClassVar[frozenset[type]] = frozenset({CanLearnNuisances})

    def for_nuisances(self):
        return self


@dataclass(frozen=True, eq=False)
class CubesFit:
    slopes: np.ndarray

    def predict(self, panel):
        return cubes(panel) @ self.slopes


def cubes(panel):
    return np.column_stack([np.ones(panel.n_obs), panel.X**3])


def lines(panel):
    return np.column_stack([np.ones(panel.n_obs), panel.X])


@pytest.fixture
def panel():
    rng = np.random.default_rng(4)
    X = rng.standard_normal((120, 2))
    outcome = X[:, 0] ** 3 - X[:, 1] + np.repeat(rng.standard_normal(30), 4) + rng.standard_normal(120)
    return balanced_panel(SHAPE, outcome=outcome, X=X)


def means(panel, learner, train=TRAIN):
    return ConditionalMeans("fold 1", "cubes", learner, panel, panel, train, 3)


def test_a_learner_without_lines_learns_what_least_squares_of_the_training_rows_leave(panel):
    learner, rows = Cubes(), panel.take(TRAIN)
    result = means(panel, learner).fit("outcome", panel.observed).predict(panel)
    line = np.linalg.lstsq(lines(rows), rows.observed)[0]
    ((given, first),) = learner.fits
    np.testing.assert_allclose(given.observed, rows.observed - lines(rows) @ line, atol=1e-12)
    np.testing.assert_array_equal(given.X, rows.X)
    assert first == random_stream(3, "effect", "cubes", "fold 1", "outcome").random()
    further = np.linalg.lstsq(cubes(rows), given.observed)[0]
    np.testing.assert_allclose(result, lines(panel) @ line + cubes(panel) @ further, rtol=1e-10)


def test_a_learner_of_nuisance_functions_learns_the_target_itself(panel):
    learner = CubesAlone()
    result = means(panel, learner).fit("term 2", 2.0 * panel.observed).predict(panel)
    ((given, first),) = learner.fits
    np.testing.assert_array_equal(given.observed, 2.0 * panel.observed[TRAIN])
    assert first == random_stream(3, "effect", "cubes", "fold 1", "term 2").random()
    np.testing.assert_allclose(result, cubes(panel) @ np.linalg.lstsq(cubes(given), given.observed)[0])


def test_a_line_and_a_target_of_one_value_leave_nothing_to_learn(panel):
    learner = Cubes()
    line, step = 1e6 * (3.0 + panel.X @ [1.0, -2.0]), np.where(np.arange(120) < 80, 7.0, 9.0)
    np.testing.assert_allclose(means(panel, learner).fit("a", line).predict(panel), line, rtol=1e-9)
    assert means(panel, learner).fit("b", step).predict(panel).tolist() == [7.0] * 120
    result = means(panel, learner).of(["a", "b"], np.stack([line, step]))
    np.testing.assert_allclose(result, [line, np.full(120, 7.0)], rtol=1e-9)
    assert learner.fits == []


@pytest.mark.parametrize("test", [TEST, None], ids=["changes", "levels"])
@pytest.mark.parametrize("n_instruments", [0, 1])
def test_the_outcome_is_learned_less_the_terms_at_first_slopes_of_the_training_rows(
    panel, test, n_instruments
):
    terms, instruments = (
        np.column_stack([np.exp(panel.X[:, 0]), panel.X[:, 1] ** 2]),
        panel.X[:, :n_instruments],
    )
    learner = CubesAlone()
    learned = means(panel, learner)
    exposure = ExposurePart("exposure", learned, terms, instruments)
    of_exposure = exposure.run([])
    assert of_exposure.shape == (2 + n_instruments, 120)
    names = ["term 1", "term 2", *["instrument 1"] * n_instruments]
    assert [first for _, first in learner.fits] == [
        random_stream(3, "effect", "cubes", "fold 1", name).random() for name in names
    ]
    result = NuisancePart("fold 1", learned, exposure, test).run([of_exposure])
    slopes = np.zeros(2)
    if not n_instruments:
        rest = (terms - of_exposure[:2].T)[TRAIN]
        groups = np.repeat(np.arange(20), 4) if test is None else np.zeros(80, dtype=int)
        rest -= np.stack([rest[groups == group].mean(axis=0) for group in groups])
        slopes = np.linalg.solve(rest.T @ terms[TRAIN], rest.T @ panel.observed[TRAIN])
    less = panel.observed - terms @ slopes
    expected = learned.of(["outcome"], less[None])[0] + slopes @ of_exposure[:2]
    kept = slice(None) if test is None else test
    np.testing.assert_allclose(result, np.vstack([expected, of_exposure])[:, kept], rtol=1e-9)


def test_a_derivative_is_a_central_difference_of_the_fit_next_to_its_representer(panel):
    learned = means(panel, CubesAlone())
    predicted, derivative, representer = DerivativePart("fold 1", learned, TEST, "ridge").run([])
    train, test = panel.take(TRAIN), panel.take(TEST)
    slopes, x = np.linalg.lstsq(cubes(train), train.observed)[0], test.column("x0")
    step = STEP * train.column("x0").std()
    np.testing.assert_allclose(predicted, cubes(test) @ slopes)
    np.testing.assert_allclose(derivative, slopes[1] * (3.0 * x**2 + step**2), rtol=1e-6)
    rng = random_stream(3, "riesz", "fold 1")
    np.testing.assert_array_equal(representer, riesz_representer("ridge", train, test, rng=rng))


def test_a_function_gets_least_squares_of_what_it_leaves_in_the_training_rows(panel):
    rows = replace(panel, X=np.column_stack([panel.X, np.full(120, 4.0)]), controls=("x1", "one"))
    function = np.sin(panel.X[:, 0])
    rest = np.linalg.lstsq(lines(panel)[TRAIN], (panel.observed - function)[TRAIN])[0]
    result = with_absorbed(function, rows, TRAIN, TEST)
    np.testing.assert_allclose(result, function[TEST] + lines(panel)[TEST] @ rest, rtol=1e-9)
    same = replace(panel, observed=np.where(np.arange(120) < 80, 5.0, panel.observed))
    assert with_absorbed(function, same, TRAIN, TEST).tolist() == [5.0] * 40


def test_inputs_move_within_entities_and_new_entities_are_none_of_the_known(panel):
    fixed, level = np.repeat(np.arange(30.0), 4), 1e6 + panel.X[:, 1]
    wide = replace(
        panel,
        X=np.column_stack([panel.X[:, 0], fixed, level, np.zeros(120)]),
        moderators=("fixed",),
        controls=("level", "zero"),
    )
    inputs = moving_inputs(wide, ["level", "zero", "fixed", "x0"])
    assert (inputs.exposure, inputs.moderators, inputs.controls) == ("level", ("x0",), ())
    np.testing.assert_array_equal(inputs.X, np.column_stack([level, panel.X[:, 0]]))
    assert moving_inputs(wide, ["fixed", "zero"]) is None
    new = as_new(panel).entity
    assert set(new.labels).isdisjoint(panel.entity.labels)
    np.testing.assert_array_equal(new.codes, panel.entity.codes)
