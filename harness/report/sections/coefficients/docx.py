"""The coefficients of all estimators side by side for a Word document."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from harness.language import gettext
from harness.report.model.run import Run
from harness.report.sections.coefficients.table import ShownCoefficients, coefficient_notes, coefficient_table
from harness.report.undated import undated

if TYPE_CHECKING:
    import maketables


def docx_coefficients(run: Run) -> bytes:
    """Return a Word file with a table for each outcome with coefficients; the same for the same run.

    Returns
    -------
    Nothing where no estimator has coefficients.
    """
    study = run.manifest.study
    tables = [(outcome, coefficient_table(run, outcome)) for outcome in study.outcomes]
    having = [(outcome, table) for outcome, table in tables if table.columns]
    if not having:
        return b""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "coefficients.docx"
        for outcome, table in having:
            _table(run, outcome, table).update_docx(str(path))
        return undated(path.read_bytes())


def _table(run: Run, outcome: str, table: ShownCoefficients) -> maketables.MTable:
    import maketables
    import pandas as pd

    study, columns = run.manifest.study, table.columns
    cells = [
        ["\n".join(filter(None, (cell.estimate, cell.std_error, cell.interval))) for cell in row.cells]
        for row in table.rows
    ]
    beneath = {
        gettext("Effects"): [column.effects for column in columns],
        gettext("Covariance"): [column.covariance for column in columns],
        gettext("Degrees of freedom"): [column.df_resid for column in columns],
        gettext("Rows"): [column.n_obs for column in columns],
    }
    frame = pd.DataFrame(
        [*cells, *beneath.values()],
        index=[*(row.label for row in table.rows), *beneath],
        columns=[column.label for column in columns],
    )
    return maketables.MTable(
        frame,
        notes="\n".join(coefficient_notes(study, outcome, table)),
        caption=gettext("Coefficients for {outcome}: {title}").format(
            outcome=study.axis_label(outcome), title=study.title
        ),
    )
