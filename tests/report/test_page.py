"""What the page itself tells: warnings in few words."""

from harness.plugin import Note
from harness.report.blocks import plain_words
from harness.report.page import Page


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
