"""Robustness checks that agree with a slope, and those that confirm it."""

import pandas as pd
import pytest

from harness.findings.checks import AGREE, CONFIRM, checks_passed
from harness.scenarios.robustness import BASELINE, JOINT, PERMUTED
from harness.tables.table import read_rows
from harness.tables.variations import VARIATION_EFFECTS, VariationEffectRow


def passed(*, slope=(0.3, 0.01), half=(0.2, 0.02), joint=0.4, **other):
    """Return what passes, given estimate and p-value of the slope and of a check, and the joint p-value."""
    place = {"outcome": "y", "exposure": "x", "method": "first_differences", "learner": "ols"}
    place |= {"list": "robustness", "status": "ok", "reason": ""}
    rows = [
        {"variation": BASELINE, "estimate": slope[0], "p_value": slope[1]},
        {"variation": "without half: a", "estimate": half[0], "p_value": half[1], "p_difference": 0.5},
        # In another unit, of no slope, or without a result: these do not count.
        {"variation": "outcome in logs", "estimate": -1.0, "p_value": 0.9},
        {"variation": PERMUTED, "estimate": -1.0, "p_value": 0.9},
        {"variation": "without half: b", "status": "refused"},
        {"variation": JOINT, "p_difference": joint},
    ]
    frame = pd.DataFrame([place | row | other for row in rows]).reindex(
        columns=list(VARIATION_EFFECTS.columns)
    )
    return checks_passed(read_rows(frame, VariationEffectRow, table="variation_effects"), level=0.95)


@pytest.mark.parametrize(
    ("changes", "agree", "confirm"),
    [
        ({}, True, True),
        ({"joint": 0.05}, True, True),
        ({"joint": 0.049}, False, False),
        ({"slope": (0.3, 0.2)}, True, False),
        ({"half": (0.2, 0.05)}, True, False),
        ({"half": (-0.2, 0.02)}, True, False),
    ],
)
def test_checks_agree_by_the_joint_test_and_confirm_by_significance_of_one_sign(changes, agree, confirm):
    assert passed(**changes) == {AGREE: agree, CONFIRM: confirm}


def test_without_results_nothing_is_counted():
    assert passed(status="refused") == {}
