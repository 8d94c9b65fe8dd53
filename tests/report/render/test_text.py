"""Tables in LaTeX: powers of ten, headings and rules."""

import pytest

from harness.report.render.text import latex_tabular
from harness.report.table import ReportTable, RowGroup, TableColumn, rows_of
from harness.text.numbers import significant
from harness.text.plain_text import latex


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (significant(89_100_000.0), r"8.910 $\times 10^{7}$"),
        ("−1.2 × 10⁻⁵", r"$-$1.2 $\times 10^{-5}$"),
        ("10⁴ t", r"10$^{4}$ t"),
        ("5 × 3 & more", r"5 $\times$ 3 \& more"),
    ],
)
def test_raised_digits_are_exponents(text, written):
    assert latex(text) == written


def test_headings_reach_over_the_table():
    table = ReportTable(
        "Errors", (TableColumn("Who"), TableColumn("MSE")), (RowGroup(rows_of([("A", "1")]), "All rows"),)
    )
    assert latex_tabular(table).splitlines() == [
        *(r"\begin{tabular}{lr}", r"\toprule", r"Who & MSE \\", r"\midrule"),
        *(r"\multicolumn{2}{l}{\textit{All rows}} \\", r"A & 1 \\", r"\bottomrule", r"\end{tabular}"),
    ]
