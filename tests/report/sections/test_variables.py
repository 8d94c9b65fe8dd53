"""Variables by role, with their preparation."""

import pytest

from harness.findings.run import read_run
from harness.report.sections.variables import preparation_table, variable_table
from report.changed_run import with_table


@pytest.fixture(scope="module")
def run(wage):
    return read_run(wage)


def test_what_rounding_leaves_of_a_mean_of_zero_is_zero(run):
    def means(frame):
        return frame.assign(mean=frame["mean"].where(frame["role"] != "exposure", 5.8e-18))

    outcomes, exposure, *_ = variable_table(with_table(run, "summary", means)).groups
    assert exposure.rows[0].cells[4] == "0"
    assert outcomes.rows[0].cells[4] != "0"


def test_variables_stand_by_role_with_their_preparation(run):
    table = variable_table(run)
    assert [group.heading for group in table.groups] == ["Outcomes", "Exposure", "Moderators", "Controls"]
    ((label, unit, prepared, *_),) = [row for row, _ in table.body_rows if row[0].startswith("Experience")]
    assert (label, unit, prepared) == ("Experience exper", "years", "square: age, schooling")
    assert table.groups[0].rows[0].cells[2].words == ()
    ((step, _),) = preparation_table(run).body_rows
    assert step[:3] == ("Experience", "square", "age, schooling")
