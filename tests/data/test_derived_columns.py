import numpy as np
import pytest

from harness.data.messages import ProblemCollector
from harness.data.prepare.factor_index import FactorIndex
from harness.data.prepare.panel_steps import Lag
from harness.data.prepare.pipeline import DerivedColumns, find_derived
from harness.data.prepare.row_steps import Log, Ratio, Square
from harness.data.roles import Roles
from harness.errors import DataError


def follow(steps, *, exposure="x", moderators=(), controls=()) -> DerivedColumns:
    problems = ProblemCollector()
    following = find_derived(Roles("id", "year", ("y",), exposure, moderators, controls), steps, problems)
    problems.raise_if_any()
    return following


@pytest.mark.parametrize(
    ("steps", "roles", "derived"),
    [
        pytest.param(
            [Square("x2", "x")], {"controls": ("x2",)}, [("x2", ("x",), ("x2",))], id="square-of-the-exposure"
        ),
        pytest.param(
            [Log("lx", "x"), Square("lx2", "lx")],
            {"controls": ("lx2",)},
            [("lx2", ("x",), ("lx", "lx2"))],
            id="through-a-column-that-is-no-regressor",
        ),
        pytest.param(
            [Log("lx", "x")], {"exposure": "lx", "controls": ("c",)}, [], id="the-exposure-never-follows"
        ),
        pytest.param(
            [FactorIndex("f", ("x", "c", "d"))],
            {"controls": ("f", "c", "d")},
            [("f", ("x", "c", "d"), ("f",))],
            id="an-index-of-the-exposure",
        ),
    ],
)
def test_what_follows(steps, roles, derived):
    following = follow(steps, **roles)
    assert [(column.into, column.inputs, column.through) for column in following.columns] == derived


@pytest.mark.parametrize(
    ("steps", "controls"),
    [
        pytest.param([Ratio("r", "x", "z")], ("r",), id="at-once"),
        pytest.param([Square("x2", "x"), Ratio("r", "x2", "z")], ("r", "x2"), id="through-a-regressor"),
        pytest.param([Lag("z", "x"), Ratio("r", "x", "z")], ("r",), id="a-lag-that-is-no-regressor"),
    ],
)
def test_what_cannot_be_computed_at_another_exposure(steps, controls):
    with pytest.raises(DataError) as caught:
        follow(steps, controls=controls)
    assert caught.value.where == "column 'r' (roles.controls)"
    assert "follows from the exposure 'x' and from z" in caught.value.what
    assert "add z to roles.controls" in caught.value.hint


@pytest.mark.parametrize(
    ("steps", "roles", "where", "message"),
    [
        pytest.param(
            [Ratio("r", "m", "z")],
            {"moderators": ("m",), "controls": ("r",)},
            "r",
            "from m and from z",
            id="moderator",
        ),
        pytest.param(
            [Log("lx", "x"), Square("x2", "x")],
            {"exposure": "lx", "controls": ("x2",)},
            "x2",
            "computed from x, as the exposure is",
            id="same-source-as-the-exposure",
        ),
        pytest.param(
            [Ratio("d", "a", "pop")],
            {"exposure": "d", "controls": ("pop",)},
            "pop",
            "computed from pop, as the exposure is",
            id="source-of-the-exposure",
        ),
    ],
)
def test_what_might_be_thought_to_follow_is_noted(steps, roles, where, message):
    [note] = follow(steps, **roles).notes
    assert (note.code, note.where) == ("W-HELD", where)
    assert message in note.message


def test_a_chain_computes_its_steps_in_order():
    steps = {"lx": Log("lx", "x"), "lx2": Square("lx2", "lx")}
    [chain] = follow(list(steps.values()), controls=("lx2",)).columns
    derivation = chain.derivation(steps)
    assert (derivation.into, derivation.inputs) == ("lx2", ("x",))
    np.testing.assert_allclose(derivation.compute({"x": np.array([1.0, np.e**3])}), [0.0, 9.0])
