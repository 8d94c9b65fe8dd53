"""Which estimators are featured."""

import pytest

from harness.findings.run import read_run
from harness.report.sections.section import featured
from report.changed_run import with_study, with_table


@pytest.mark.parametrize(
    ("asked", "claimed", "shown"),
    [
        pytest.param((), True, ["rab", "ols"], id="claimed-curves"),
        pytest.param((), False, ["boosting", "ols"], id="last-of-the-study"),
        pytest.param(("fe", "gone", "ols"), True, ["fe", "ols"], id="asked"),
    ],
)
def test_which_estimators_are_featured(wage, asked, claimed, shown):
    run = with_study(read_run(wage), featured=asked)
    if not claimed:
        run = with_table(run, "claims", lambda frame: frame.head(0))
    assert [entry.id for entry in featured(run)] == shown
