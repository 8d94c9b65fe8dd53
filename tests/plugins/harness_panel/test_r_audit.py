"""Every class of number of the R reference: compared as it is, through a factor, or listed as not offered."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from r_reference import PANELS, reference

DOC = Path(__file__).parents[3] / "docs" / "differences.md"

PLM = ("pooled", "fe_entity", "fe_time", "fe_twoway")
TRANSFORMED = ("re_swar", "fd", "fd_intercept")
DUMMIES = ("lm_pooled", "lsdv_entity", "lsdv_time", "lsdv_twoway")

AS_IT_IS = {
    "*/coef": "test_coefficients",
    "*/df_resid": "test_coefficients",
    "*/nobs": "test_coefficients",
    "*/rss": "test_residual_sum, test_coefficients, test_between",
    "*/r2_plm": "test_shares_of_variance",
    "*/r2_adj_plm": "test_shares_of_variance",
    "*/fstat": "test_shares_of_variance",
    "*/se/classical": "test_standard_errors",
    "*/se/white1_HC0": "test_standard_errors",
    "*/se/cl_*": "test_standard_errors",
    "*/se/dk_HC0_lag2": "test_standard_errors",
    "l*/se/HC[0123]": "test_standard_errors",
    "l*/se/CL_*_nocadj": "test_standard_errors",
    "l*/se/PL_lag2_HC0": "test_standard_errors",
    "re_swar/sigma2": "test_variance_components",
    "re_swar/theta": "test_variance_components",
    "l*/loglik*": "test_likelihoods",
    "l*/[ab]ic": "test_likelihoods",
    "l*/r2": "test_likelihoods",
    "l*/r2_adj": "test_likelihoods",
    "l*/sigma": "test_likelihoods",
    "tests/pFtest_*": "test_tests",
    "tests/hausman": "test_tests",
    "tests/bp_lm_entity": "test_tests",
    "tests/fixef_first3": "test_predictions_at_zero",
    "tests/within_intercept": "test_prediction_for_an_unseen_entity, test_the_intercept_within",
}
THROUGH_A_FACTOR = {"*/se/white1_HC1": (1, 6), "*/se/dk_HC1_lag2": (5, 6), "l*/se/CL_*_HC[01]": (3,)}
"""Rows of the document that state the factor."""

NOT_OFFERED = {
    "*/se/nw_HC0_lag2": 8,
    "re_walhus/*": 12,
    "re_amemiya/*": 12,
    "re_nerlove/*": 12,
}
"""Rows of the document that say why."""


def classes(numbers: Mapping[str, object], path: tuple[str, ...] = ()) -> Iterator[str]:
    """Classes of numbers, such as ``fe_time/se/classical``; names of coefficients are no classes."""
    for name, value in numbers.items():
        here = (*path, name)
        if name == "se":
            yield from ("/".join((*here, kind)) for kind in value)
        elif len(here) == 1:
            yield from classes(value, here)
        else:
            yield "/".join(here)


ALL = sorted({one for panel in PANELS for one in classes(reference()[panel]) if not one.startswith("spec/")})


def numbers(value: object) -> Iterator[object]:
    """Numbers of a class, by coefficient or one by one."""
    if isinstance(value, Mapping):
        yield from (one for each in value.values() for one in numbers(each))
    elif isinstance(value, list):
        yield from value
    else:
        yield value


def fate(name: str, value: object) -> str:
    """What becomes of a number of a class."""
    lists = {"not offered": NOT_OFFERED, "by a factor": THROUGH_A_FACTOR, "as it is": AS_IT_IS}
    found = next(fate for fate, patterns in lists.items() if any(fnmatch(name, one) for one in patterns))
    return "undefined" if value is None else found


def test_the_document_counts_every_number():
    counts = Counter(
        fate(name, value)
        for panel in PANELS
        for name in ALL
        for value in numbers(_value_of(reference()[panel], name))
    )
    assert counts == {"as it is": 2348, "by a factor": 530, "undefined": 12, "not offered": 253}
    text = " ".join(DOC.read_text(encoding="utf-8").split())
    assert f"Of the {counts.total():,} numbers" in text
    for count, words in zip(
        (2348, 530, 12), ("are reproduced as they", "through", "are undefined"), strict=True
    ):
        assert f"{count:,} {words}" in text
    assert "are 253: Newey-West" in text


def _value_of(one_panel: Mapping[str, Any], name: str) -> object:
    for part in name.split("/"):
        one_panel = one_panel[part]
    return one_panel


def row(number: int) -> str:
    """A numbered row of the differences."""
    (found,) = re.findall(rf"^\| {number} \|.*$", DOC.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return found


@pytest.mark.parametrize("name", ALL)
def test_every_class_is_accounted_for(name):
    lists = [AS_IT_IS, THROUGH_A_FACTOR, NOT_OFFERED]
    found = [any(fnmatch(name, pattern) for pattern in one) for one in lists]
    if fnmatch(name, "re_[wan]*"):
        assert found[2]
    else:
        assert sum(found) == 1


def test_no_pattern_is_idle():
    for pattern in (*AS_IT_IS, *THROUGH_A_FACTOR, *NOT_OFFERED):
        assert any(fnmatch(name, pattern) for name in ALL), pattern


def test_the_document_says_what_is_not_reproduced():
    for pattern, number in NOT_OFFERED.items():
        words = {8: "Newey-West", 12: "Wallace & Hussain"}[number]
        assert words in row(number), pattern
        assert "not offered" in row(number), pattern


def test_the_document_states_every_factor():
    factors = {1: "n / (n - K)", 3: "(n - 1) / (n - K - E)", 5: "n / (n - K)", 6: "n / (N - K)"}
    for numbers in THROUGH_A_FACTOR.values():
        for number in numbers:
            assert factors[number] in row(number)
