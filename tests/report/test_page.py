"""What the page itself tells: warnings in few words."""

from harness.plugin import Note
from harness.report.page import Numbering, page_of


def told(*notes):
    ((code, messages),) = page_of([Note("W-HIDDEN", where, message) for where, message in notes], ()).warnings
    assert code == "W-HIDDEN"
    return messages


def test_a_message_stands_with_the_cells_that_it_is_true_of_and_the_number_of_the_others():
    alike = [(f"y · ann · cluster {at}", "N = 0.5 for 8 rows") for at in (1, 2, 3)]
    assert told(*alike) == (
        ("N = 0.5 for 8 rows", ("y · ann · cluster 1", "y · ann · cluster 2", "1 more in warnings.csv")),
    )
    differing = [
        *alike[:1],
        ("y · ann · cluster 4", "N = 0.7 for 9 rows"),
        ("y · ann · cluster 5", "N = 0.9 for 9 rows"),
    ]
    assert told(*differing) == (
        ("N = 0.5 for 8 rows", ("y · ann · cluster 1", "2 with other numbers in warnings.csv")),
    )


def test_of_several_messages_of_a_code_the_first_is_told():
    assert told(("x", "is flat"), ("z", "repeats x")) == (
        ("is flat", ("x",)),
        ("1 more in warnings.csv", ()),
    )


def test_sentences_that_other_outcomes_have_are_told_once_for_each_reference():
    numbers = Numbering()
    over_ols, over_fe = "No gain over OLS. Time was seen once.", "No gain over FE. Time was seen once."
    assert numbers.otherwise(over_ols, "A", about=1) == over_ols
    assert numbers.otherwise(over_fe, "B", about=2) == over_fe
    assert numbers.otherwise(over_ols, "B", about=1) == "No gain over OLS. Otherwise as for A."
