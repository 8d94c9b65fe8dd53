import numpy as np
import pandas as pd
import pytest

from harness.data.checks import rule_problems
from harness.data.messages import RowLocator
from harness.data.rules import ColumnRule

FRAME = pd.DataFrame(
    {
        "id": ["a", "a", "b"],
        "year": [2011, 2012, 2011],
        "share": [0.5, 1.5, -0.5],
        "gap": [1.0, np.nan, 2.0],
        "whole": [1, 2, 3],
        "half": [1.0, 2.5, 3.0],
        "truth": [True, False, True],
        "dummy": [0.0, 1.0, 2.0],
        "text": ["u", "v", None],
        "mixed": pd.Series([1, "u", 2.5], dtype=object),
    }
)


def broken(column, rule):
    locator, missing = RowLocator("panel.csv", FRAME, "id", "year"), frozenset(("", "NA"))
    return list(rule_problems(FRAME[column], rule, missing, name=column, locator=locator))


@pytest.mark.parametrize(
    ("column", "rule"),
    [
        ("share", ColumnRule("number", -0.5, 1.5)),
        ("whole", ColumnRule("integer", allowed=(1, 2, 3))),
        ("mixed", ColumnRule(allowed=(1, "u", 2.5))),
    ],
)
def test_rules_that_hold(column, rule):
    assert broken(column, rule) == []


@pytest.mark.parametrize(
    ("column", "rule", "where", "what", "allowed"),
    [
        (
            "share",
            ColumnRule("number", min=0),
            "row 2 (b, 2011)",
            "1 of 3 cells are below 0: '-0.5'",
            "at least 0",
        ),
        ("dummy", ColumnRule("boolean"), "row 2 (b, 2011)", "are neither true nor false: '2.0'", "1 and 0"),
        ("mixed", ColumnRule("text"), "rows 0 (a, 2011), 2 (b, 2011)", "are no text: '1', '2.5'", "text"),
        ("gap", ColumnRule("number"), "row 1 (a, 2012)", "1 of 3 cells are missing", "no missing cell"),
    ],
)
def test_rules_that_are_broken(column, rule, where, what, allowed):
    [problem] = broken(column, rule)
    assert f"panel.csv: column '{column}', {where}" in problem.where
    assert what in problem.what
    assert allowed in problem.expected
    assert problem.hint
