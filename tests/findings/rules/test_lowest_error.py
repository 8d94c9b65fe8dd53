"""The lowest errors."""

from findings.wage_effects import told
from harness.findings.rules import lowest_error
from report.fake_run import with_table


def test_the_lowest_error_is_named_with_the_next(run):
    said = [row.text for row in told(lowest_error.error_findings)(run, "lwage")]
    # 0.2312 x (1 - 0.421) and 0.2312 x (1 - 0.312); 0.2341 and 0.2341 x 1.032
    assert said[0] == "“As published (random rows)”: Fixed effects (0.1339; the next lowest is 0.1591)."
    assert said[2] == "“Held-out entities”: Pooled OLS (0.2341; the next lowest is 0.2416)."
    # of honest protocols the first with the same men is the forward one: 0.2296 x (1 - 0.395)
    assert said[-1].startswith("Lowest error for the same men: Fixed effects,")
    assert said[-1].endswith("; for men not used in training: Pooled OLS.")
    nothing = [row.text for row in told(lowest_error.error_findings)(run, "no such outcome")]
    assert nothing[2] == "“Held-out entities”: no estimator has a result."


def test_one_estimator_with_both_lowest_errors_is_named_once(run):
    def worse(frame):
        return frame.assign(mse=frame["mse"].where(frame["estimator"] == run.manifest.study.reference, 9.0))

    row = told(lowest_error.error_findings)(with_table(run, "accuracy", worse), "lwage")[-1]
    assert row.text == "Lowest error for the same men and for those not used in training: Pooled OLS."
