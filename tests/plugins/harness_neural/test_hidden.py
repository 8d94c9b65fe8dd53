from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness_neural.options import formula_size, round_size

GOLDEN = {
    "all cities": ({"n_obs": 2457, "n_inputs": 27}, 7.5217),
    "one input": ({"n_obs": 2457, "n_inputs": 1}, 73.5767),
    "two outcomes": ({"n_obs": 2457, "n_inputs": 27, "n_outputs": 2}, 14.6353),
    "a quarter of the cities": ({"n_obs": 614.25, "n_inputs": 27}, 1.8028),
}


@pytest.mark.parametrize(("arguments", "expected"), GOLDEN.values(), ids=GOLDEN)
def test_formula_gives_the_published_values(arguments: dict[str, float], expected: float) -> None:
    assert formula_size(**arguments) == pytest.approx(expected, abs=5e-5)


@given(
    n_obs=st.integers(100, 10**6),
    n_inputs=st.integers(1, 200),
    n_outputs=st.integers(1, 5),
    train_share=st.floats(0.1, 1.0),
)
def test_unscaled_formula_makes_parameters_as_many_as_the_data(
    n_obs: int, n_inputs: int, n_outputs: int, train_share: float
) -> None:
    options = {"n_inputs": n_inputs, "n_outputs": n_outputs, "train_share": train_share}
    n_units = formula_size(n_obs=n_obs, **options, flexibility=1.0) + 1.0
    parameters = n_units * (n_inputs + 1) + n_outputs * (n_units + 1)
    assert parameters == pytest.approx(n_obs * train_share * n_outputs, rel=1e-12)


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_obs": 0},
        {"n_inputs": 0},
        {"n_outputs": 0},
        {"train_share": 0.0},
        {"train_share": 1.1},
        {"flexibility": 0.0},
    ],
    ids=lambda argument: next(iter(argument)) + "=" + str(next(iter(argument.values()))),
)
def test_formula_refuses_what_it_is_not_defined_for(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        formula_size(**({"n_obs": 100, "n_inputs": 3} | wrong))


@pytest.mark.parametrize(
    ("rounding", "units"), [("floor", 7), ("nearest", 8), ("up", 8)], ids=["floor", "nearest", "up"]
)
def test_sizes_are_rounded_by_the_rule(rounding: str, units: int) -> None:
    assert round_size(7.5217, rounding) == units


@pytest.mark.parametrize("formula", [0.99, 0.2, -3.0])
def test_a_size_under_one_becomes_one(formula: float) -> None:
    assert round_size(formula) == 1
