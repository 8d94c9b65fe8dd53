"""Variables by role, with their preparation."""

import pytest

from harness.report.model.run import read_run
from harness.report.sections.variables.section import preparation_table, variable_table
from report.changed_run import with_table


@pytest.fixture(scope="module")
def run(wage):
    return read_run(wage)


def test_what_rounding_leaves_of_a_mean_of_zero_is_zero(run):
    def means(frame):
        return frame.assign(mean=frame["mean"].where(frame["role"] != "exposure", 5.8e-18))

    groups = {group.heading: group.rows for group in variable_table(with_table(run, "summary", means))}
    assert groups["Exposure"][0].mean == "0"
    assert groups["Outcomes"][0].mean != "0"


def test_variables_stand_by_role_with_their_preparation(run):
    groups = {group.heading: group.rows for group in variable_table(run)}
    assert list(groups) == ["Outcomes", "Exposure", "Moderators", "Controls"]
    (exposure,) = groups["Exposure"]
    assert (exposure.label, exposure.name, exposure.unit, exposure.prepared) == (
        *("Experience", "exper", "years", "square"),
    )
    assert groups["Outcomes"][0].prepared == ""
    (step,) = preparation_table(run)
    assert (step.into, step.step, step.inputs) == ("Experience", "square", "age, schooling")
