"""What the page itself tells: warnings in few words."""

from harness.plugin import Note
from harness.report.blocks import plain_words
from harness.report.page import Numbering, Page


def shown(*notes):
    """Return the points of the warnings of one code, in words."""
    heading, bullets = Page([Note("W-HIDDEN", where, message) for where, message in notes]).warnings()
    assert heading.text == "W-HIDDEN"
    return [plain_words(point) for point in bullets.points]


def test_a_message_stands_with_the_cells_that_it_is_true_of_and_the_number_of_the_others():
    alike = [(f"y · ann · cluster {at}", "N = 0.5 for 8 rows") for at in (1, 2, 3)]
    cells = "y · ann · cluster 1; y · ann · cluster 2; 1 more in warnings.csv"
    assert shown(*alike) == [f"N = 0.5 for 8 rows ({cells})"]
    differing = [
        *alike[:1],
        ("y · ann · cluster 4", "N = 0.7 for 9 rows"),
        ("y · ann · cluster 5", "N = 0.9 for 9 rows"),
    ]
    others = "2 with other numbers in warnings.csv"
    assert shown(*differing) == [f"N = 0.5 for 8 rows (y · ann · cluster 1; {others})"]


def test_sentences_that_other_outcomes_have_are_told_once_for_each_reference():
    numbers = Numbering()
    over_ols, over_fe = "No gain over OLS. Time was seen once.", "No gain over FE. Time was seen once."
    assert numbers.of_subject(over_ols, "A", 1) == over_ols
    assert numbers.of_subject(over_fe, "B", 2) == over_fe
    assert numbers.of_subject(over_ols, "B", 1) == "No gain over OLS. Otherwise as for A."
