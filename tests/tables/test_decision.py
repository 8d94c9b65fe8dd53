"""One decision for every number: its six words, and laws that hold of all of them."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from harness.tables.decision import decide, decide_conditionally

NAN = float("nan")
NUMBERS = st.floats(-1e6, 1e6)


@pytest.mark.parametrize(
    ("number", "p", "by", "margin", "two_sided", "decision"),
    [
        ((0.3, 0.1, 0.5), 0.01, "p", NAN, True, "above"),
        ((-0.3, -0.5, -0.1), 0.01, "p", NAN, True, "below"),
        # The adjusted p-value decides alone, whatever the interval of one gain says.
        ((0.3, 0.1, 0.5), 0.06, "p", NAN, True, "open"),
        ((0.3, -0.1, 0.5), 0.01, "p", NAN, True, "above"),
        ((0.3, 0.1, 0.5), NAN, "interval", NAN, True, "above"),
        # An interval that does not hold its own number says nothing of the other side.
        ((-0.3, 0.1, 0.5), NAN, "interval", NAN, True, "open"),
        ((0.3, 0.1, 0.5), 0.06, "both", NAN, True, "open"),
        ((0.3, -0.1, 0.5), 0.01, "both", NAN, True, "open"),
        ((0.3, 0.1, 0.5), 0.01, "both", NAN, True, "above"),
        # A loss, however large, is no gain that matters; an effect is negligible on both sides or not at all.
        ((-0.5, -1.5, 0.05), 0.2, "p", 0.1, False, "negligible"),
        ((-0.5, -1.5, 0.05), 0.2, "p", 0.1, True, "open"),
        ((0.01, -0.04, 0.06), 0.2, "both", 0.1, True, "negligible"),
        ((NAN, NAN, NAN), NAN, "p", 0.1, True, "untested"),
        ((0.3, NAN, NAN), NAN, "interval", 0.1, True, "open"),
    ],
)
def test_a_number_is_decided_on(number, p, by, margin, two_sided, decision):
    assert decide(*number, p, by=by, size=0.05, margin=margin, two_sided=two_sided) == decision


@pytest.mark.parametrize(
    ("estimate", "low", "decision"),
    [(0.2, 0.1, "conditional"), (0.2, -0.1, "open"), (0.2, NAN, "open"), (NAN, NAN, "untested")],
)
def test_few_periods_allow_a_conditional_statement_alone(estimate, low, decision):
    assert decide_conditionally(estimate, low) == decision


@given(NUMBERS, NUMBERS, NUMBERS, st.floats(0, 1), st.sampled_from(["p", "interval", "both"]))
def test_the_mirror_image_has_the_opposite_decision(estimate, low, high, p, by):
    assume(estimate != 0.0)
    opposite = {"above": "below", "below": "above"}
    own = decide(estimate, low, high, p, by=by, size=0.05, margin=2.0)
    mirrored = decide(-estimate, -high, -low, p, by=by, size=0.05, margin=2.0)
    assert mirrored == opposite.get(own, own)


@given(NUMBERS, NUMBERS, NUMBERS, st.floats(0, 1))
def test_both_is_the_stricter_of_the_two(estimate, low, high, p):
    decided = {by: decide(estimate, low, high, p, by=by, size=0.05) for by in ("p", "interval", "both")}
    directed = {by for by, one in decided.items() if one in ("above", "below")}
    assert ("both" in directed) == ({"p", "interval"} <= directed)
