"""The table of findings holds every kind of them."""

from harness.text.render import findings_table


def test_the_table_holds_every_kind_and_no_error_rate_that_was_not_measured(run):
    table = findings_table(run)
    kinds = {"gain", "turning_point", "group_difference", "sign_change", "interaction", "lowest_error"}
    kinds |= {"model_curve", "nonlinearity", "within_effect", "caution", "multiverse"}
    assert set(table["finding"]) == kinds
    assert table["error_rate"].isna().all()
    assert (table["text"].str.len() > 10).all()
