"""What a run says of turning points, groups and moderators, in sentences."""

import pytest

from harness.report.model.run import read_run
from harness.report.sections.verdict.text import findings

NB = "\u00a0"


@pytest.fixture(scope="module")
def run(wage):
    return read_run(wage)


def test_findings_in_sentences(run):
    (rab, ols, *others) = findings(run, "lwage")
    assert rab == f"RAB, turning points of the curve: a maximum at 12.1 [10.7,{NB}13.2], in 92% of draws."
    assert ols == "Pooled OLS, turning points of the curve: none is established inside the supported range."
    assert others == [
        f"RAB, effect by size (one model for all groups): large 0.034 [0.028,{NB}0.040], mega and super "
        f"0.022 [0.016,{NB}0.028] and small and medium 0.010 [0.004,{NB}0.016]. Established differences: "
        f"large less mega and super 0.012 [0.003,{NB}0.021], large less small and medium 0.024 "
        f"[0.015,{NB}0.033] and mega and super less small and medium 0.012 [0.003,{NB}0.021].",
        f"RAB, effect by rank (one model for all groups): first rank 0.034 [0.028,{NB}0.040] and other 0.022 "
        f"[0.016,{NB}0.028]. Established differences: first rank less other 0.012 [0.003,{NB}0.021].",
        f"RAB, effect by Schooling (years): −0.066 [−0.078,{NB}−0.054] at 6, 0.027 [0.015,{NB}0.039] at "
        f"11.45 and 0.104 [0.092,{NB}0.116] at 16. It changes its sign at 9.7 [9.1,{NB}10.4].",
    ]
