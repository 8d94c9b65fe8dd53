"""The section of metrics: mean losses other than squared error on test rows, and gains by them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.language import gettext, marked
from harness.report.model.run import Run
from harness.report.sections.section import PackagedSection, SectionContent
from harness.report.text.footnotes import Footnotes
from harness.report.text.numbers import MISSING, percent, percent_interval, significant
from harness.tables.accuracy import METRICS, MetricRow

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer


@dataclass(frozen=True)
class MetricCell:
    """One mean loss in words; `gain` and `interval` are empty for the reference, `mark` is of a footnote."""

    value: str
    gain: str
    interval: str
    mark: str


@dataclass(frozen=True)
class MetricTable:
    """One loss of one outcome: a row for each estimator, a column for each protocol."""

    outcome: str
    title: str
    how: str
    rows: tuple[tuple[str, tuple[MetricCell, ...]], ...]
    footnotes: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ShownMetrics:
    """Every table, and the titles of their columns."""

    protocols: tuple[str, ...]
    reference: str
    tables: tuple[MetricTable, ...]


class MetricsSection(PackagedSection):
    """Errors by other losses than the squared one."""

    name: ClassVar[str] = "metrics"
    title: ClassVar[str] = marked("Other losses")
    place: ClassVar[int] = 350

    def is_present(self, run: Run, /) -> bool:
        """Return whether the study asked for metrics."""
        return bool(run.manifest.study.metrics)

    def content(self, run: Run, _renderer: FigureRenderer, /) -> SectionContent:
        """Return a table for each outcome and metric."""
        study = run.manifest.study
        return SectionContent(
            ShownMetrics(
                protocols=tuple(protocol.title for protocol in study.protocols),
                reference=study.reference_label,
                tables=metric_tables(run),
            ),
            gettext("Errors by other losses, on test rows"),
        )


def metric_tables(run: Run) -> tuple[MetricTable, ...]:
    """Return a table for each outcome and metric, of the test rows of every protocol."""
    study = run.manifest.study
    found = {
        (row.outcome, row.metric, row.estimator, row.protocol): row
        for row in run.rows(METRICS)
        if row.sample == "test"
    }
    tables = []
    for outcome in study.outcomes:
        for metric in study.metrics:
            footnotes = Footnotes()
            rows = tuple(
                (
                    estimator.label,
                    tuple(
                        _cell(found.get((outcome, metric.id, estimator.id, protocol.id)), footnotes)
                        for protocol in study.protocols
                    ),
                )
                for estimator in study.estimators
            )
            tables.append(
                MetricTable(study.label(outcome), metric.title, metric.how, rows, footnotes.listed())
            )
    return tuple(tables)


def _cell(row: MetricRow | None, footnotes: Footnotes) -> MetricCell:
    if row is None or not row.is_done:
        return MetricCell(MISSING, "", "", footnotes.mark(row.reason if row is not None else ""))
    has_gain = math.isfinite(row.gain)
    return MetricCell(
        value=significant(row.value),
        gain=percent(row.gain) if has_gain else "",
        interval=percent_interval(row.conf_low, row.conf_high) if has_gain else "",
        mark="",
    )
