"""Terms and inputs by hand: what is estimated, from which rows, given which columns."""

from dataclasses import replace

import numpy as np
import pytest

from harness import EstimationError
from harness.scenarios.effect.terms import (
    Terms,
    conditional,
    contrast,
    curve,
    instruments_of,
    line,
    nuisance_design,
    slope,
    terms_of,
)
from panels import balanced_panel, panel_from_arrays

# Entities a and b in no order; b lacks 2003. The last control repeats the second, doubled.
ENTITY = np.array(["b", "a", "a", "b", "a", "b", "a"])
PERIOD = np.array([2002, 2003, 2001, 2001, 2004, 2004, 2002])
EXPOSURE = np.array([4.0, 3.0, 1.0, 3.5, 7.0, 9.0, 2.0])
MOVING = np.array([0.5, 2.0, 1.0, -1.0, 5.0, 0.0, 3.0])
FIXED = np.where(ENTITY == "a", 10.0, 20.0)
OUTCOME = np.array([8.0, 1.0, 5.0, 2.0, 4.0, 3.0, 9.0])
PANEL = panel_from_arrays(
    entity=ENTITY,
    period=PERIOD,
    outcome=OUTCOME,
    X=np.column_stack([EXPOSURE, MOVING, FIXED, 2.0 * MOVING]),
    columns=("x", "m", "fixed", "twice"),
    n_moderators=1,
)
INSTRUMENT = np.arange(7.0)[:, None] ** 2
ROWS = np.lexsort((PERIOD, ENTITY))  # four of a, then three of b
X, M, Y, Z = (column[ROWS] for column in (EXPOSURE, MOVING, OUTCOME, INSTRUMENT[:, 0]))
NOW, BEFORE = [1, 2, 3, 5], [0, 1, 2, 4]
CONTROLS = ["m", "fixed", "twice"]


def test_changes_are_given_the_controls_of_both_periods_each_once_and_periods():
    design = nuisance_design("first_differences", PANEL, line(PANEL), CONTROLS, INSTRUMENT)
    assert (design.now.tolist(), design.before.tolist()) == (NOW, BEFORE)
    for result, levels in ((design.outcome, Y), (design.terms[:, 0], X), (design.instruments[:, 0], Z)):
        np.testing.assert_array_equal(result, levels[NOW] - levels[BEFORE])
    inputs = design.panel
    names = ("m", "fixed", "m, period before", "period 2003", "period 2004")
    assert (inputs.exposure, inputs.moderators, inputs.controls) == (names[0], names[1:3], names[3:])
    assert inputs.period.tolist() == [2002, 2003, 2004, 2002]
    expected = [M[NOW], [10, 10, 10, 20], M[BEFORE], [0, 1, 0, 0], [0, 0, 1, 0]]
    np.testing.assert_array_equal(inputs.X.T, expected)
    np.testing.assert_array_equal(design.transformed(Z**2), (Z**2)[NOW] - (Z**2)[BEFORE])
    assert design.targeting(np.arange(4.0)).observed.tolist() == [0.0, 1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("instruments", "name", "column"),
    [(None, "exposure 1", X), (INSTRUMENT, "instrument 1", Z)],
    ids=["plain", "instrumented"],
)
def test_levels_are_given_controls_their_means_and_those_of_what_is_not_held_fixed(instruments, name, column):
    design = nuisance_design("correlated_random_effects", PANEL, line(PANEL), CONTROLS, instruments)
    assert design.now.tolist() == list(range(7))
    assert design.before is None
    np.testing.assert_array_equal(design.outcome, Y)
    np.testing.assert_array_equal(design.terms[:, 0], X)
    assert design.instruments.shape == (7, 0 if instruments is None else 1)
    # A mean that rises or falls from one of two entities to the other as one before it does says nothing new.
    periods = [f"period {year}" for year in (2002, 2003, 2004)]
    assert design.panel.columns == ("m", "fixed", "m, mean of entity", *periods)
    three = panel_from_arrays(
        entity=[*ENTITY, "c"],
        period=[*PERIOD, 2001],
        outcome=[*OUTCOME, 0.0],
        X=np.append(PANEL.X, [[5.0, 6.0, 30.0, 0.0]], axis=0),
        columns=PANEL.columns,
    )
    more = None if instruments is None else np.append(instruments, [[7.0]], axis=0)
    inputs = nuisance_design("correlated_random_effects", three, line(three), ["m"], more).panel
    assert inputs.columns[:3] == ("m", "m, mean of entity", f"{name}, mean of entity")
    means = [np.repeat([values[:4].mean(), values[4:].mean()], [4, 3]) for values in (M, column)]
    np.testing.assert_allclose(inputs.X[:7, 1:3].T, means, rtol=1e-15)
    assert inputs.X[7, 1:3].tolist() == [6.0, 5.0 if instruments is None else 7.0]


def test_without_controls_periods_are_the_inputs_and_with_neither_there_is_no_effect():
    bare = nuisance_design("first_differences", PANEL, line(PANEL), []).panel
    assert (bare.exposure, bare.moderators, bare.controls) == ("period 2003", (), ("period 2004",))
    two = balanced_panel((3, 2), outcome=np.arange(6.0), X=np.arange(6.0) ** 2)
    with pytest.raises(EstimationError) as caught:
        nuisance_design("first_differences", two, line(two), [])
    (problem,) = caught.value.problems
    assert (problem.where, problem.what) == ("effect", "there are no controls")
    assert (problem.expected, problem.hint) == ("controls, or two periods", "name roles.controls")


def test_a_curve_holds_every_cubic_less_its_mean_over_the_rows():
    x = np.random.default_rng(1).gamma(2.0, size=2_000)
    panel = balanced_panel((200, 10), outcome=x, X=x)
    terms = curve(panel)
    # Seven inner knots, the fourth root of the rows: ten pieces less the first.
    assert terms.values.shape == (2_000, 7 + 3)
    assert terms.at.size == 40
    assert terms.at[[0, -1]] == pytest.approx(np.quantile(x, [0.01, 0.99]), rel=1e-12)
    np.testing.assert_allclose(np.diff(terms.at, n=2), 0.0, atol=1e-12)

    def cubic(values):
        return 1.0 - values + 0.5 * values**2 - 0.1 * values**3

    inputs = np.column_stack([np.ones(x.size), terms.values])
    theta = np.linalg.lstsq(inputs, cubic(x))[0][1:]
    np.testing.assert_allclose(terms.combinations @ theta, cubic(terms.at) - cubic(x).mean(), atol=1e-9)
    assert curve(panel.take(np.arange(100))).values.shape[1] == 4 + 3


def test_a_contrast_is_of_every_value_and_the_least():
    terms = contrast(PANEL.with_column("x", np.array([2.0, 5.0, 2.0, 9.0, 5.0, 2.0, 9.0])))
    assert terms.at.tolist() == [5.0, 9.0]
    np.testing.assert_array_equal(terms.combinations, np.eye(2))
    np.testing.assert_array_equal(terms.values.T, [[0, 1, 0, 0, 1, 0, 0], [0, 0, 0, 1, 0, 0, 1]])


def test_a_conditional_effect_is_given_at_values_or_deciles_of_the_moderator():
    terms = conditional(PANEL, "fixed")
    mean = FIXED.mean()
    assert terms.at.tolist() == [10.0, 20.0]
    np.testing.assert_allclose(terms.combinations, [[1.0, 10.0 - mean], [1.0, 20.0 - mean]])
    np.testing.assert_allclose(terms.values, np.column_stack([EXPOSURE, EXPOSURE * (FIXED - mean)]))
    many = np.arange(40.0)
    wide = balanced_panel((10, 4), outcome=many, X=np.column_stack([many**2, many]), columns=("x", "m"))
    np.testing.assert_allclose(conditional(wide, "m").at, np.quantile(many, np.arange(1, 10) / 10.0))
    product = terms_of("interaction", wide, "m")
    assert product.combinations.tolist() == [[0.0, 1.0]]
    assert np.isnan(product.at).tolist() == [True]


def test_a_slope_is_one_number_at_no_value():
    for terms in (line(PANEL), slope(PANEL)):
        np.testing.assert_array_equal(terms.values[:, 0], EXPOSURE)
        assert (terms.combinations.tolist(), np.isnan(terms.at).tolist()) == ([[1.0]], [True])


def test_instruments_of_a_conditional_effect_have_products_and_are_as_many_as_terms():
    given = replace(PANEL, instruments=("z",), Z=INSTRUMENT)
    np.testing.assert_array_equal(instruments_of(given, line(given), "line", None), INSTRUMENT)
    result = instruments_of(given, conditional(given, "m"), "conditional", "m")
    np.testing.assert_allclose(result[:, 1], INSTRUMENT[:, 0] * (MOVING - MOVING.mean()))
    three = Terms(np.zeros((7, 3)), np.zeros(3), np.eye(3))
    for panel, terms, form, what, expected in (
        (PANEL, line(PANEL), "line", "the study has no instruments", "instruments"),
        (given, line(given), "derivative", "the instruments do not identify a derivative", "another form"),
        (
            given,
            three,
            "curve",
            "1 instruments are too few for the 3 terms of a curve",
            "an instrument for each",
        ),
    ):
        with pytest.raises(EstimationError) as caught:
            instruments_of(panel, terms, form, None)
        (problem,) = caught.value.problems
        assert (problem.where, problem.what) == ("instrumented", what)
        assert problem.expected.startswith(expected)
        assert problem.hint


def test_entities_without_two_periods_in_a_row_have_no_changes():
    apart = PANEL.take(np.flatnonzero(np.isin(PERIOD, [2001, 2004])))
    with pytest.raises(EstimationError) as caught:
        nuisance_design("first_differences", apart, line(apart), CONTROLS)
    (problem,) = caught.value.problems
    assert (problem.where, problem.what) == (
        "first differences",
        "no entity has rows in two consecutive periods",
    )
    assert (problem.expected, problem.hint) == ("a panel without gaps", "use correlated_random_effects")
