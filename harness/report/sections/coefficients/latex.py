"""The coefficients of all estimators side by side for a LaTeX document, in the style of booktabs."""

from __future__ import annotations

from collections.abc import Iterator

from harness.language import gettext
from harness.report.model.run import Run
from harness.report.sections.coefficients.table import ShownCoefficients, coefficient_notes, coefficient_table
from harness.report.sections.gains.latex import latex_label, latex_needs, latex_row
from harness.report.text.plain_text import latex


def latex_coefficients(run: Run) -> str:
    r"""Return a ``table`` environment for each outcome with coefficients; it needs ``\usepackage{booktabs}``.

    Returns
    -------
    An empty text where no estimator has coefficients.
    """
    study = run.manifest.study
    tables = [(outcome, coefficient_table(run, outcome)) for outcome in study.outcomes]
    parts = ["\n".join(_table(run, outcome, table)) for outcome, table in tables if table.columns]
    head = latex_needs()
    return "\n\n".join([head, *parts]) + "\n" if parts else ""


def _table(run: Run, outcome: str, table: ShownCoefficients) -> Iterator[str]:
    study, columns = run.manifest.study, table.columns
    yield r"\begin{table}"
    yield r"\centering"
    caption = gettext("Coefficients for {outcome}: {title}").format(
        outcome=study.axis_label(outcome), title=study.title
    )
    yield rf"\caption{{{latex(caption)}}}"
    yield rf"\label{{tab:coefficients-{latex_label(study.id)}-{latex_label(outcome)}}}"
    yield rf"\begin{{tabular}}{{l*{{{len(columns)}}}{{c}}}}"
    yield r"\toprule"
    yield latex_row("", [latex(column.label) for column in columns])
    yield r"\midrule"
    for row in table.rows:
        yield latex_row(latex(row.label), [latex(cell.estimate) for cell in row.cells])
        yield latex_row("", [latex(cell.std_error) for cell in row.cells])
        yield latex_row("", [latex(cell.interval) for cell in row.cells])
    yield r"\midrule"
    yield latex_row(gettext("Effects"), [latex(column.effects) for column in columns])
    yield latex_row(gettext("Covariance"), [latex(column.covariance) for column in columns])
    yield latex_row(gettext("Degrees of freedom"), [latex(column.df_resid) for column in columns])
    yield latex_row(gettext("Rows"), [latex(column.n_obs) for column in columns])
    yield r"\bottomrule"
    yield r"\end{tabular}"
    yield ""
    first, *others = coefficient_notes(study, outcome, table)
    yield r"\par\smallskip\footnotesize"
    yield latex(first)
    yield from (r"\par " + latex(note) for note in others)
    yield r"\end{table}"
