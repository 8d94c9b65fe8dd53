"""The table of a moderator, cell by cell."""

from harness.report.sections.heterogeneity.moderators.tables import conditional_table
from report.shown_blocks import cells

NB = "\u00a0"


def test_a_moderator_has_effects_thresholds_and_interactions(run):
    table = conditional_table(run, ("educ", "educ"))
    assert table.caption == "Effect by Schooling (years)"
    found = cells(table)
    assert list(found) == ["RAB", "Pooled OLS"]
    rab, ols = found.values()
    assert [cell.words[0].text for cell in rab[:3]] == ["6:", "11.45:", "16:"]
    # 0.068 (6 - 9.5) / 4 - 0.8 * 0.0008 * 9.818
    assert rab[0].text.startswith("6: −0.066 [")
    assert [cell.words[2].look for cell in rab[:3]] == ["lowest"] * 3
    assert rab[3].text == f"9.7 [9.1,{NB}10.4], from − to +, in 98% of draws"
    assert ols[3].text == "no change of sign"
    assert (rab[4].words, ols[4].words) == ("0.310", "0.000")
    assert rab[5].beneath == (f"[0.060,{NB}0.220]",)
