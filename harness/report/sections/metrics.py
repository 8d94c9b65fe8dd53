"""The section of metrics: mean losses other than squared error on test rows, and gains by them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.findings.run import Run
from harness.language import gettext, marked
from harness.report.sections.section import Section
from harness.report.table import Given, ReportTable, TableCell, TableColumn, plain_rows
from harness.tables.accuracy import METRICS, MetricRow
from harness.text.numbers import MISSING, percent, percent_interval, significant
from harness.text.plain_text import Footnotes

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer


def metric_tables(run: Run, _renderer: FigureRenderer) -> Iterator[ReportTable]:
    """Yield a table for each outcome and metric, of the test rows of every protocol."""
    study = run.manifest.study
    found = {
        (row.outcome, row.metric, row.estimator, row.protocol): row
        for row in run.rows(METRICS)
        if row.sample == "test"
    }
    gain = gettext(", and the gain over {reference}").format(reference=study.reference_label)
    how = gettext(
        "{how} Beneath it the gain, 1 − loss / loss of the reference, with the interval of the same draws of "
        "entities as the gain by squared error."
    )
    heads = (gettext("Estimator"), *(protocol.title for protocol in study.protocols))
    for outcome in study.outcomes:
        label = study.label(outcome)
        of = [gettext("of {outcome}").format(outcome=label)] if len(study.outcomes) > 1 else []
        for metric in study.metrics:
            footnotes = Footnotes()
            key = outcome, metric.id
            rows: list[tuple[Given, ...]] = [
                (
                    entry.label,
                    *(_cell(found.get((*key, entry.id, one.id)), footnotes) for one in study.protocols),
                )
                for entry in study.estimators
            ]
            yield ReportTable(
                caption=" ".join([metric.title, *of]) + gain,
                columns=tuple(map(TableColumn, heads)),
                groups=plain_rows(rows),
                footnotes=footnotes.listed(),
                notes=(how.format(how=metric.how),),
            )


def _cell(row: MetricRow | None, footnotes: Footnotes) -> TableCell:
    if row is None or not row.is_done:
        return TableCell(MISSING, mark=footnotes.mark(row.reason if row is not None else ""))
    if not math.isfinite(row.gain):
        return TableCell(significant(row.value))
    gain = f"{percent(row.gain)} {percent_interval(row.conf_low, row.conf_high)}"
    return TableCell(significant(row.value), (gain,))


METRICS_SECTION = Section(
    name="metrics",
    title=marked("Other losses"),
    place=350,
    content=metric_tables,
    heading=marked("Errors by other losses, on test rows"),
    tables=(METRICS.name,),
)
