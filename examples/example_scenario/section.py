"""The section of the report that shows the table of the scenario."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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
    typed,
)


@dataclass(frozen=True)
class SpreadRow:
    """A row of ``effect_spread.csv``."""

    outcome: str
    estimator: str
    share: float
    effect: float


SPREAD = typed("effect_spread", SpreadRow)
"""The table, by the type of its rows."""


def spread_blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield how the effect of the exposure is spread over the rows; nothing where no estimator was asked."""
    rows = run.rows(SPREAD)
    if rows:
        yield Paragraph(
            "What each estimator says about the effect in every single row, of which these are quantiles."
        )
        yield spread_table(run, rows)
        yield spread_figure(run, rows)


def by_estimator(rows: tuple[SpreadRow, ...]) -> dict[str, list[SpreadRow]]:
    """Return the rows of each estimator."""
    names = dict.fromkeys(row.estimator for row in rows)
    return {name: [row for row in rows if row.estimator == name] for name in names}


def spread_table(run: Run, rows: tuple[SpreadRow, ...]) -> ReportTable:
    """Return the quantiles, an estimator a row."""
    study = run.manifest.study
    shares = dict.fromkeys(row.share for row in rows)
    return ReportTable(
        caption="Quantiles over the rows of the predicted effect",
        columns=(TableColumn("Estimator"), *(TableColumn(f"{share:.0%}") for share in shares)),
        groups=plain_rows(
            [
                (study.estimator_label(name), *(fixed(row.effect, 3) for row in own))
                for name, own in by_estimator(rows).items()
            ]
        ),
    )


def spread_figure(run: Run, rows: tuple[SpreadRow, ...]) -> ReportFigure:
    """Return the quantiles as lines."""
    from harness.plugin.drawing import SINGLE_COLUMN, new_figure

    figure = new_figure(SINGLE_COLUMN, 2.2)
    axes = figure.subplots()
    for name, own in by_estimator(rows).items():
        label = run.manifest.study.estimator_label(name)
        axes.plot([row.share for row in own], [row.effect for row in own], marker="o", label=label)
    axes.set_xlabel("Share of the rows")
    axes.set_ylabel("Effect of the exposure")
    axes.legend()
    return ReportFigure(
        "effect_spread",
        figure,
        alt="Quantiles over the rows of the predicted effect, a line an estimator.",
        caption="Quantiles over the rows of the effect that each estimator predicts.",
    )


EFFECT_SPREAD = Section("effect_spread", "Spread of the effect", 850, spread_blocks)
