"""A pooled median lies between the least and the greatest median of the groups."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.claims.finding import Interval
from harness.claims.median import partition_findings, pooled_median
from harness.spec.claim import MedianClaim

MEDIANS = {
    "total": {"size": (789, 800, 865), "rank": (760.7, 742.6), "zone": (775, 743)},
    "intensity": {"size": (0.1174, 0.1162, 0.1153), "rank": (0.1182, 0.1193), "zone": (0.1175, 0.1193)},
    "per head": {"size": (2.2941, 2.2849, 2.235), "rank": (2.3142, 2.3290), "zone": (2.3055, 2.3290)},
}
DIGITS = {"total": 1, "intensity": 4, "per head": 3}


def medians(columns, digits, estimator="rab"):
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
    findings = dict(partition_findings(medians(MEDIANS[outcome], DIGITS[outcome])))
    assert sorted(findings) == list(range(7))
    assert not any(finding.is_consistent for finding in findings.values())
    assert {finding.assumption for finding in findings.values()} == {"one fit"}


def test_the_reason_names_the_two_partitions_that_exclude_each_other():
    (reason,) = {one.reason for _, one in partition_findings(medians(MEDIANS["total"], 1))}
    assert reason == (
        "of one fit at the same rows, the median of all rows lies between the least and the greatest median "
        "of any groups that hold all rows: between 788.95 and 865.05 by size, but between 742.55 and 760.75 "
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
    findings = dict(partition_findings(medians(columns, digits)))
    assert len(findings) == sum(n_groups)
    assert all(finding.is_consistent for finding in findings.values())


@given(seed=st.integers(0, 10_000), n_rows=st.integers(4, 30), n_groups=st.integers(1, 4))
def test_the_pooled_median_lies_where_the_rule_says(seed, n_rows, n_groups):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=n_rows).round(int(rng.integers(0, 3)))
    groups = rng.permutation(np.arange(n_rows) % n_groups)
    exact = [float(np.median(rows[groups == one])) for one in range(n_groups)]
    pooled = pooled_median(Interval(one, one) for one in exact)
    assert pooled.low - 1e-12 <= np.median(rows) <= pooled.high + 1e-12


@pytest.mark.parametrize(
    "columns",
    [{"size": (1, 2)}, {"size": (1, 2), "zone": (5,)}],
    ids=["one partition", "a group alone is no partition"],
)
def test_one_partition_cannot_contradict_itself(columns):
    assert list(partition_findings(medians(columns, 0))) == []


def test_medians_of_two_estimators_are_two_curves():
    claims = [*medians({"size": (1, 2)}, 0), *medians({"zone": (5, 6)}, 0, estimator="ann")]
    assert list(partition_findings(claims)) == []
