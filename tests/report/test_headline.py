"""The headline of published gains: its numbers are those of the tables, and marked claims come first."""

import pytest

from harness.findings.run import read_run
from harness.installed import installed
from harness.language import spoken
from harness.report.headline import headline_claims, headlines, without_data
from harness.tables.claims import CLAIMS
from report.changed_run import with_study, with_table


@pytest.fixture(scope="module")
def run(wage):
    return read_run(wage)


def on_test_rows(run, **columns):
    """Return the run with claims of test rows, and other columns of theirs."""
    return with_table(run, "claims", lambda frame: frame.assign(sample="test", **columns))


def test_a_line_has_the_printed_gain_and_those_of_the_run(run):
    beside = with_study(on_test_rows(run), further_references=("fe",))
    (line,) = headlines(beside)
    gains = run.frame("gain")
    gains = gains[(gains["sample"] == "test") & (gains["reference"] == "ols")]
    gains = gains.set_index(["estimator", "protocol"])["gain"]
    here, further, unseen = (
        f"{100 * gains[cell]:.1f}%".replace("-", "−")
        for cell in [("ann", "as_published"), ("fe", "as_published"), ("ann", "held_out_entities")]
    )
    label = run.manifest.study.estimator_label("fe")
    assert line == (
        "Log wage",
        f"printed gain over Pooled OLS 67.9%; the same protocol here: SOM + ANN {here}, {label} {further}; "
        f"Held-out entities: SOM + ANN {unseen}",
    )


def test_without_further_references_and_counterparts_a_line_has_two_numbers(run):
    ((_, line),) = headlines(on_test_rows(run, counterpart_estimator=""))
    assert line == "printed gain over Pooled OLS 67.9%; the same protocol here: SOM + ANN 31.2%"


def test_marked_gains_are_the_headline_and_else_the_first_of_each_outcome(run):
    _, gain, *_ = run.rows(CLAIMS)
    (first,) = headline_claims(run.rows(CLAIMS))
    assert first == gain
    more = with_table(
        run, "claims", lambda frame: frame.iloc[[1, 1]].assign(source=["", "Text"], headline=["", "True"])
    )
    (marked,) = headline_claims(more.rows(CLAIMS))
    assert marked.source == "Text"
    (again,) = headline_claims([row for row in more.rows(CLAIMS) if not row.headline])
    assert again.source == ""


def test_what_needs_no_data_says_under_which_assumption(run):
    assert without_data(run) == (
        "Without any data: the printed gain in Log wage does not follow from the printed errors."
    )
    assumed = {"status": "inconsistent under assumption", "moderator": "hours"}
    medians = on_test_rows(run, check="partition", **assumed)
    units = on_test_rows(run, check="units", **assumed)
    assert "if one fit gave all of them, the printed medians of Log wage contradict" in without_data(medians)
    assert "one system of units, the printed values of hours" in without_data(units).lower()
    assert without_data(on_test_rows(run, status="consistent")) == ""
    with spoken("zh", installed().messages):
        assert without_data(run).startswith("无需数据即可判断：原文所印")
