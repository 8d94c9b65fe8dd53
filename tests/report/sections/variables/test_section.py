"""Variables by role, with their preparation."""

import pytest

from harness.report.model.run import read_run
from harness.report.sections.variables.section import preparation_table, variable_table


@pytest.fixture(scope="module")
def run(wage):
    return read_run(wage)


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
