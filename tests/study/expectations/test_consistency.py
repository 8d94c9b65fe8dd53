"""A gain against the two errors it was computed from; a pooled median between the medians of groups."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.study.expectations.claim import ErrorClaim, GainClaim, MedianClaim
from harness.study.expectations.consistency import (
    check_ratio,
    gain_interval,
    partition_findings,
    pooled_median,
    ratio_findings,
)
from harness.study.spec.printed import Interval


def error(value, digits, estimator="ann", **how):
    return ErrorClaim(outcome="y", estimator=estimator, quantity="mse", value=value, digits=digits, **how)


def gain(value, digits, **how):
    return GainClaim(outcome="y", estimator="ann", quantity="gain", value=value, digits=digits, **how)


TABLE_2 = {
    "total": (67575.9139, 196306.6045, 0.655763, (0.655763, 0.655764), True),
    "intensity": (0.0010, 0.0034, 0.678582, (0.686567, 0.724638), False),
    "per head": (0.4743, 1.0921, 0.565661, (0.565633, 0.565765), True),
}


@pytest.mark.parametrize(
    ("mse", "reference", "printed", "allowed", "is_consistent"), TABLE_2.values(), ids=TABLE_2
)
def test_table_2(mse, reference, printed, allowed, is_consistent):
    finding = check_ratio(gain(printed, 6), mse=error(mse, 4), mse_reference=error(reference, 4, "ols"))
    assert finding.is_consistent is is_consistent
    assert finding.recomputed == pytest.approx(1 - mse / reference, rel=1e-12)
    assert (finding.allowed.low, finding.allowed.high) == pytest.approx(allowed, abs=1e-6)


@given(
    mse=st.floats(1e-3, 1e4),
    reference=st.floats(1e-3, 1e4),
    digits=st.integers(0, 6),
    gain_digits=st.integers(0, 8),
)
def test_a_gain_from_errors_before_rounding_is_never_inconsistent(mse, reference, digits, gain_digits):
    finding = check_ratio(
        gain(round(1 - mse / reference, gain_digits), gain_digits),
        mse=error(round(mse, digits), digits),
        mse_reference=error(round(reference, digits), digits, "ols"),
    )
    assert finding.is_consistent


def test_a_reference_that_may_be_zero_allows_any_loss():
    assert gain_interval(Interval(0.5, 1.5), Interval(-0.5, 0.5)) == Interval(-math.inf, 0.0)
    assert gain_interval(Interval(0.5, 1.5), Interval(-0.5, 0.0)) == Interval(-math.inf, 1.0)
    assert gain_interval(Interval(-0.5, 0.5), Interval(1.0, 2.0)) == Interval(0.5, 1.0)


def found(*claims):
    return dict(ratio_findings(claims, reference="ols", first_protocol="p"))


def test_a_gain_is_set_against_the_errors_of_its_own_protocol_and_sample():
    claims = (
        error(2.0, 1, "ols"),
        error(1.0, 1, protocol="p"),
        error(4.0, 1, "ols", sample="train"),
        error(1.0, 1, sample="train"),
        gain(0.5, 1),
        gain(0.75, 2, sample="train"),
        gain(0.9, 1, protocol="other"),
        gain(0.9, 1, protocol="p"),
    )
    findings = found(*claims)
    assert {at: one.is_consistent for at, one in findings.items()} == {4: True, 5: True, 7: False}


MEDIANS = {
    "total": {"size": (789, 800, 865), "rank": (760.7, 742.6), "zone": (775, 743)},
    "intensity": {"size": (0.1174, 0.1162, 0.1153), "rank": (0.1182, 0.1193), "zone": (0.1175, 0.1193)},
    "per head": {"size": (2.2941, 2.2849, 2.235), "rank": (2.3142, 2.3290), "zone": (2.3055, 2.3290)},
}
DIGITS = {"total": 1, "intensity": 4, "per head": 3}


def group_medians(columns, digits, estimator="rab"):
    return [
        MedianClaim(
            outcome="y",
            estimator=estimator,
            quantity="median",
            by=by,
            group=str(group),
            value=float(value),
            digits=digits,
        )
        for by, values in columns.items()
        for group, value in enumerate(values)
    ]


@pytest.mark.parametrize("outcome", MEDIANS)
def test_the_published_medians_are_not_of_one_fit(outcome):
    findings = dict(partition_findings(group_medians(MEDIANS[outcome], DIGITS[outcome])))
    assert sorted(findings) == list(range(7))
    assert not any(finding.is_consistent for finding in findings.values())
    assert {finding.assumption for finding in findings.values()} == {"one fit"}


def test_the_reason_names_the_two_partitions_that_exclude_each_other():
    (reason,) = {one.reason for _, one in partition_findings(group_medians(MEDIANS["total"], 1))}
    assert reason == (
        "for one fit on the same rows, the overall median lies between the smallest and the largest group "
        "median of any partition: between 788.95 and 865.05 by size, but between 742.55 and 760.75 "
        "by rank"
    )


@given(
    seed=st.integers(0, 10_000),
    n_rows=st.integers(4, 30),
    n_groups=st.lists(st.integers(2, 4), min_size=2, max_size=4),
    digits=st.integers(0, 3),
)
def test_medians_of_real_rows_are_never_inconsistent(seed, n_rows, n_groups, digits):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=n_rows).round(int(rng.integers(0, 3)))
    columns = {}
    for at, n in enumerate(n_groups):
        groups = rng.permutation(np.arange(n_rows) % n)
        columns[f"by{at}"] = [round(float(np.median(rows[groups == one])), digits) for one in range(n)]
    findings = dict(partition_findings(group_medians(columns, digits)))
    assert len(findings) == sum(n_groups)
    assert all(finding.is_consistent for finding in findings.values())


@given(seed=st.integers(0, 10_000), n_rows=st.integers(4, 30), n_groups=st.integers(1, 4))
def test_the_pooled_median_lies_where_the_rule_says(seed, n_rows, n_groups):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=n_rows).round(int(rng.integers(0, 3)))
    groups = rng.permutation(np.arange(n_rows) % n_groups)
    exact = [float(np.median(rows[groups == one])) for one in range(n_groups)]
    pooled = pooled_median([Interval(one, one) for one in exact])
    assert pooled.low - 1e-12 <= np.median(rows) <= pooled.high + 1e-12


@pytest.mark.parametrize(
    "columns",
    [{"size": (1, 2)}, {"size": (1, 2), "zone": (5,)}],
    ids=["one partition", "a group alone is no partition"],
)
def test_one_partition_cannot_contradict_itself(columns):
    assert list(partition_findings(group_medians(columns, 0))) == []


def test_medians_of_two_estimators_are_two_curves():
    claims = [*group_medians({"size": (1, 2)}, 0), *group_medians({"zone": (5, 6)}, 0, estimator="ann")]
    assert list(partition_findings(claims)) == []
