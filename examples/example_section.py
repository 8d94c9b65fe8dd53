"""A section of the report that reads predictions: where each estimator was wrong most."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from harness.plugin import hookimpl
from harness.plugin.reporting import (
    Paragraph,
    ReportBlock,
    ReportFigure,
    ReportTable,
    Run,
    Section,
    TableColumn,
    fixed,
    plain_rows,
)


def blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield the largest error of each estimator under each protocol, and a figure of all errors."""
    rows = run.frame("predictions")
    rows = rows[rows["sample"] == "test"].reset_index(drop=True)
    rows["error"] = (rows["observed"] - rows["predicted"]).abs()
    worst = rows.loc[rows.groupby(["outcome", "protocol", "estimator"], observed=True)["error"].idxmax()]
    study = run.manifest.study
    yield Paragraph("The test row that each estimator predicts worst.")
    yield ReportTable(
        caption="Largest absolute errors",
        columns=(
            TableColumn("Estimator"),
            TableColumn("Protocol", "text"),
            TableColumn("Row", "text"),
            TableColumn("Error"),
        ),
        groups=plain_rows(
            (
                study.estimator_label(row.estimator),
                study.protocol_title(row.protocol),
                f"{row.entity}, {row.time}",
                fixed(row.error, 3),
            )
            for row in worst.itertuples()
        ),
    )
    yield figure_of(run, rows)


def figure_of(run: Run, rows: pd.DataFrame) -> ReportFigure:
    """Return the share of the test rows with at most an error, a line an estimator."""
    from harness.plugin.drawing import SINGLE_COLUMN, new_figure

    figure = new_figure(SINGLE_COLUMN, 2.2)
    axes = figure.subplots()
    for name, own in rows.groupby("estimator", observed=True):
        axes.ecdf(own["error"], label=run.manifest.study.estimator_label(str(name)))
    axes.set_xlabel("Absolute error")
    axes.set_ylabel("Share of the test rows")
    axes.legend()
    return ReportFigure(
        "largest_errors",
        figure,
        alt="Share of the test rows with at most an absolute error, a line an estimator.",
        caption="Absolute errors of test rows, all protocols.",
    )


@hookimpl
def harness_sections() -> list[Section]:
    """Return the sections of this plugin; the tables are those without which there is none."""
    return [Section("largest_errors", "Largest errors", 860, blocks, tables=("predictions",))]
