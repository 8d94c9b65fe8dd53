r"""Tables of LaTeX: cells as they are set, heads that span columns, stars; no command is run."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.printed.latex import latex_tables
from harness.report.blocks import ReportTable, columns_of, rows_of
from harness.report.blocks import RowGroup as Group
from harness.report.render.text import LATEX, latex_tabular

# Of letters that one command sets the first is read.
LETTERS = sorted({*LATEX, *"abzABZ0189 .,;:()/+=!?@éüñ碳排放⁴₂"} - set("∆µ\u00a0"))
TEXTS = st.text(LETTERS, max_size=12).map(lambda text: " ".join(text.split()))


@st.composite
def written(draw):
    """Return a table of the report as it may be, each row with a label."""
    width = draw(st.integers(2, 4))
    rows = st.lists(TEXTS, min_size=width - 1, max_size=width - 1).map(lambda cells: ("row", *cells))
    groups = [Group(rows_of(draw(st.lists(rows, min_size=1, max_size=3))), draw(TEXTS)) for _ in range(2)]
    heads = draw(st.lists(TEXTS.filter(bool), min_size=width, max_size=width))
    return ReportTable("caption", columns_of(*heads), tuple(groups))


@given(written())
def test_what_the_report_writes_is_read_as_it_is(table):
    (result,) = latex_tables(latex_tabular(table))
    assert result.rows == tuple(tuple(text.replace("\u00a0", " ") for text in row) for row in table.texts)
    assert not result.unread


PAPER = r"""
\newcommand{\signif}[1]{\textsuperscript{#1}}  % not run
\begin{table}[ht]\caption[short]{The \emph{union} premium, 50\% of men}
\begin{tabular*}{\textwidth}{@{\extracolsep{\fill}} l*{3}{c}@{}}
\hline\hline \\[-1.8ex]
 & \multicolumn{2}{c}{Log wage} & \multicolumn{1}{c}{Hours}\\ \cmidrule(lr){2-3}\cmidrule{4-4}
 & (1) & (2) & (3) \\
\midrule  % the body
Union & 0.18$^{***}$ & $-$0.08\sym{**} & 1{,}204.5\textsuperscript{*} \\
      & (0.02) & [0.04] & $\underset{(.1)}{x}$ \\
\multirow{2}{*}{R\&D} & $1.2 \times 10^{-3}$ & \textbf{.5} & -- \\[1ex]
\bottomrule
\multicolumn{4}{l}{\footnotesize t statistics in brackets}
\end{tabular*}
\end{table}
"""


def test_a_table_as_journals_set_it():
    (table,) = latex_tables(PAPER)
    assert table.caption == "The union premium, 50% of men"
    assert table.rows == (
        ("", "Log wage", "", "Hours"),
        ("", "(1)", "(2)", "(3)"),
        ("Union", "0.18***", "−0.08**", "1,204.5*"),
        ("", "(0.02)", "[0.04]", "(.1)x"),
        ("R&D", "1.2 × 10⁻³", ".5", "–"),
        ("t statistics in brackets", "", "", ""),
    )
    assert table.spans == {(0, 1): 2, (5, 0): 4}
    assert table.unread == {(3, 3): "commands that are not known: \\underset"}


@pytest.mark.parametrize(
    "text",
    [
        "{" * 100_000,
        r"\multicolumn{999999999}{c}{x}",
        r"\multirow" * 20_000,
        "&" * 100_000,
        "$^" * 50_000,
        r"\begin{tabular}" * 5_000,
        r"\def\x{\x\x}\x",
        "\\",
    ],
)
def test_hostile_text_is_read_to_its_end_in_no_time(text):
    start = time.process_time()
    list(latex_tables(r"\begin{tabular}{ll}" + text + r" & 1 \\ \end{tabular}"))
    assert time.process_time() - start < 2.0


def test_files_are_not_read():
    (table,) = latex_tables(r"\begin{tabular}{l}a & \input{/etc/passwd} \\ \end{tabular}")
    assert table.unread == {(0, 1): "commands that are not known: \\input"}
