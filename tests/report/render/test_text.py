"""Tables in LaTeX: powers of ten, headings and rules."""

import pytest

from harness.report.render.text import latex, latex_table, latex_tabular
from harness.report.table import ReportTable, RowGroup, TableColumn, rows_of
from harness.text.numbers import significant
from report.fake_run import manifest, read_manifest


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (significant(89_100_000.0), r"8.910 $\times 10^{7}$"),
        ("−1.2 × 10⁻⁵", r"$-$1.2 $\times 10^{-5}$"),
        ("10⁴ t", r"10$^{4}$ t"),
        ("5 × 3 & more", r"5 $\times$ 3 \& more"),
        ("CO₂ ≤ 2", r"CO$_{2}$ $\leq$ 2"),
        ("Mílá “č” …", "M\\'{i}l\\'{a} ``\\v{c}'' \\ldots{}"),
    ],
)
def test_signs_and_accents_and_raised_digits_are_commands(text, written):
    assert latex(text) == written


def test_headings_reach_over_the_table():
    table = ReportTable(
        "Errors", (TableColumn("Who"), TableColumn("MSE")), (RowGroup(rows_of([("A", "1")]), "All rows"),)
    )
    assert latex_tabular(table).splitlines() == [
        *(r"\begin{tabular}{lr}", r"\toprule", r"Who & MSE \\", r"\midrule"),
        *(r"\multicolumn{2}{l}{\textit{All rows}} \\", r"A & 1 \\", r"\bottomrule", r"\end{tabular}"),
    ]


def test_decimals_stand_under_decimals_and_all_else_in_the_middle():
    rows = rows_of([("x", "−0.119**"), ("", "(0.050)"), ("Observations", "2,457"), ("y", "1.2 × 10⁻⁶")])
    table = ReportTable("A", (TableColumn(""), TableColumn("OLS")), (RowGroup(rows),))
    assert latex_table(table, study_of()).splitlines()[9:13] == [
        r"x & $-$0.119\rlap{{*}{*}} \\",
        r" & (0.050\rlap{)} \\",
        r"Observations & \multicolumn{1}{c}{2,457} \\",
        r"y & \multicolumn{1}{c}{1.2 $\times 10^{-6}$} \\",
    ]


def study_of():
    return read_manifest(manifest(outcomes={"y": ("Y", "")})).study
