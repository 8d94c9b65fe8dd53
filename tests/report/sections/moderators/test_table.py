"""The table of a moderator, cell by cell."""

import pytest

from harness.report.model.run import read_run
from harness.report.sections.moderators.table import conditional_table

NB = "\u00a0"


@pytest.fixture(scope="module")
def run(wage):
    return read_run(wage)


def test_a_moderator_has_effects_thresholds_and_interactions(run):
    table = conditional_table(run, ("educ", "educ"))
    rab, ols = table.groups[0].rows
    assert (table.moderator, rab.label, ols.label) == ("Schooling (years)", "RAB", "Pooled OLS")
    assert [one.at for one in rab.effects] == ["6", "11.45", "16"]
    # 0.068 (6 - 9.5) / 4 - 0.8 * 0.0008 * 9.818
    assert rab.effects[0].effect.value == "−0.066"
    assert [one.effect.excludes_zero for one in rab.effects] == [True, True, True]
    assert rab.thresholds == (f"9.7 [9.1,{NB}10.4], from − to +, in 98% of draws",)
    assert ols.thresholds == ("none established",)
    assert (rab.friedman_h.value, ols.friedman_h.value) == ("0.310", "0.000")
    assert rab.ale_share.interval == f"[0.060,{NB}0.220]"
