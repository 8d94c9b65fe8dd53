"""Sentences of a suite follow from its tables: who is first, over all panels, and panel by panel."""

from dataclasses import replace
from itertools import product
from types import SimpleNamespace

import pytest

from harness.suite.findings import TEXTS, overall_finding, panels_finding, rank_finding, suite_findings
from harness.tables.decision import ABOVE, BELOW, OPEN, UNTESTED
from harness.tables.table import NAN
from harness.text.render import with_text
from report.fake_run import manifest, read_manifest

SUITE = SimpleNamespace(level=0.95, flexible=("net", "spline"))
LABELS = {"net": "Network", "spline": "Splines", "ols": "OLS"}
STUDY = replace(
    read_manifest(manifest(outcomes={"y": ("Output", "t")})).study,
    estimators=tuple(SimpleNamespace(id=name, label=label) for name, label in LABELS.items()),
)


def rank(average, estimator, *, is_tied=False, p_value=0.001, n_panels=20):
    return {
        "estimator": estimator,
        "average_rank": average,
        "is_tied_with_best": is_tied,
        "critical_difference": 0.61,
        "p_value": p_value,
        "n_panels": n_panels,
    }


def text_of(row):
    return with_text(row, STUDY, TEXTS).text


@pytest.mark.parametrize(
    ("rows", "decision", "text"),
    [
        (
            [rank(2.5, "ols"), rank(1.2, "net", is_tied=True), rank(2.3, "spline")],
            ABOVE,
            "Network ranks first, significantly ahead of every other estimator (critical difference 0.61, 20 "
            "panels).",
        ),
        (
            [rank(2.5, "ols"), rank(1.6, "net", is_tied=True), rank(1.9, "spline", is_tied=True)],
            OPEN,
            "No clear winner: Network ranks first, not significantly ahead of Splines (critical difference "
            "0.61, 20 panels).",
        ),
        (
            [rank(2.5, "ols", p_value=0.2), rank(1.2, "net", is_tied=True, p_value=0.2)],
            OPEN,
            "No clear winner: Network ranks first, but Friedman's test finds no difference (critical "
            "difference 0.61, 20 panels).",
        ),
        ([rank(1.5, "ols", n_panels=5), rank(1.2, "net", n_panels=5)], UNTESTED, "No ranking: fewer than 6"),
    ],
)
def test_who_ranks_first(rows, decision, text):
    row = rank_finding(SUITE, "forward", rows)
    assert (row.key, row.estimator) == ("rank//protocol=forward", "net")
    assert (row.decision, row.is_established) == (decision, decision == ABOVE)
    assert row.estimate == min(one["average_rank"] for one in rows)
    assert text_of(row).startswith(text)


def summary(ratio, low, high, *, n_panels=20, n_refused=1):
    numbers = {"log_error_ratio": ratio, "simultaneous_low": low, "simultaneous_high": high}
    counts = {"win_rate": 0.7, "n_panels": n_panels, "n_refused": n_refused}
    return {"estimator": "net", "over": "two_way", **numbers, **counts}


@pytest.mark.parametrize(
    ("row", "decision", "part"),
    [
        (summary(-0.3, -0.5, -0.1), BELOW, "significantly better than those of two-way effects"),
        (summary(0.3, 0.1, 0.5), ABOVE, "significantly worse than those of two-way effects"),
        (summary(-0.3, -0.7, 0.1), OPEN, "not significantly different from those of two-way effects"),
        (summary(-0.3, -0.5, -0.1, n_panels=6), UNTESTED, "no comparison, fewer than 6 panels have both."),
    ],
)
def test_errors_over_all_panels(row, decision, part):
    finding = overall_finding(SUITE, "forward", row)
    assert (finding.decision, finding.is_established) == (decision, decision in (ABOVE, BELOW))
    assert (finding.family, finding.estimate) == ("estimators:2", row["log_error_ratio"])
    text = text_of(finding)
    assert part in text
    if decision != UNTESTED:
        assert text.endswith("the smaller error on 70% of 20 panels, 1 refused.")


@pytest.mark.parametrize(
    ("decisions", "decision"),
    [((ABOVE, BELOW, OPEN), ABOVE), ((BELOW, OPEN, OPEN), OPEN), ((UNTESTED,) * 3, UNTESTED)],
)
def test_single_panels(decisions, decision):
    rows = [
        {"estimator": "net", "over": "simple", "decision": one, "p_value": 0.5 if one != UNTESTED else NAN}
        for one in decisions
    ]
    finding = panels_finding("forward", rows)
    assert (finding.decision, finding.estimate) == (decision, decisions.count(ABOVE))
    better, worse = (decisions.count(side) for side in (ABOVE, BELOW))
    expected = f"significantly better on {better} and worse on {worse} of 3 panels"
    assert (expected if decision != UNTESTED else "no panel can be tested by itself") in text_of(finding)


def test_a_protocol_has_one_sentence_on_ranks_and_two_of_each_comparison():
    pairs = list(product(("net", "spline"), ("pooled", "two_way", "simple")))
    of = [{"estimator": estimator, "over": over} for estimator, over in pairs]
    rows = {
        "ranks": [rank(1.2, "net"), rank(2.0, "spline")],
        "summary": [{**summary(-0.3, -0.5, -0.1), **one} for one in of],
        "gains": [{**one, "decision": ABOVE, "p_value": 0.01} for one in of],
    }
    finding = list(suite_findings(SUITE, "forward", **rows))
    assert [over for over, _ in finding] == [None, *("two_way",) * 4, *("simple",) * 4]
    assert len({row.key for _, row in finding}) == len(finding)
