"""The section of the data's diagnostics: correlations, and tests with what their rejection changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from harness.plugin import reporting as parts
from harness.plugin.reporting import marked, rendered, topic
from harness_panel.diagnostics.scenario import CORRELATIONS, DATA_TESTS, CorrelationRow, DataTestRow

gettext = topic("harness_panel.diagnostics")


# Size of the tests, and variance inflation above which regressors can hardly be told apart.
SIZE, INFLATED = 0.05, 10.0

# How a test is called, and what follows where it rejects and where it does not.
UNIT_ROOT = (
    marked("A unit root in all series is rejected."),
    marked("All series may have a unit root: check the result in first differences."),
)
READINGS: Mapping[str, tuple[str, str, str]] = {
    "vif": (
        marked("Largest variance inflation (VIF)"),
        marked("Above 10: nearly collinear with the other regressors; drop or combine some."),
        marked("At most 10: the regressors are not nearly collinear."),
    ),
    "moran": (
        marked("Moran's I by period"),
        marked("Neighbours are alike in {share} periods: take Conley errors or spatial Durbin."),
        marked("No evidence that neighbours are alike."),
    ),
    "im_pesaran_shin": (marked("Im–Pesaran–Shin unit root"), *UNIT_ROOT),
    "levin_lin_chu": (marked("Levin–Lin–Chu unit root"), *UNIT_ROOT),
    "cross_section_dependence": (
        marked("Pesaran CD of errors"),
        marked("Errors move together: take effects of periods and Driscoll–Kraay errors."),
        marked("No evidence that errors move together."),
    ),
    "serial_correlation": (
        marked("Wooldridge serial correlation"),
        marked("Errors of an entity are correlated over time: cluster by entity."),
        marked("No evidence of serial correlation."),
    ),
}
HEADS = (marked("Tests"), marked("Variable"), marked("Statistic"), marked("p"))


def diagnostic_blocks(run: parts.Run) -> Iterator[parts.ReportBlock]:
    """Yield for each outcome the correlations, and the tests with a sentence each."""
    study = run.manifest.study
    for outcome in dict.fromkeys(row.outcome for row in run.rows(DATA_TESTS)):
        correlations = [row for row in run.rows(CORRELATIONS) if row.outcome == outcome]
        tests = sorted((row for row in run.rows(DATA_TESTS) if row.outcome == outcome), key=_kind)
        yield correlation_table(study, outcome, correlations)
        columns = *(parts.TableColumn(rendered(head)) for head in HEADS), parts.TableColumn("", "text")
        rows = (_cells(study, list(own)) for _, own in groupby(tests, key=_kind))
        caption = gettext("Tests of the data, {outcome}").format(outcome=study.label(outcome))
        yield parts.ReportTable(caption, columns, parts.plain_rows(rows))


def _kind(row: DataTestRow) -> tuple[int, str]:
    return list(READINGS).index(row.test), "" if row.test == "vif" else row.variable


def correlation_table(
    study: parts.StudyRecord, outcome: str, rows: Sequence[CorrelationRow]
) -> parts.ReportTable:
    """Return the lower triangle of the correlations, without stars."""
    names = [outcome, *dict.fromkeys(row.variable for row in rows)]
    found = {(row.variable, row.other): parts.fixed(row.correlation, 2) for row in rows}
    lines = (
        (f"({at}) {study.label(name)}", *(found.get((name, other), "") for other in names[:-1]))
        for at, name in enumerate(names, start=1)
    )
    columns = tuple(parts.TableColumn(head) for head in ("", *(f"({at})" for at in range(1, len(names)))))
    caption = gettext("Correlations, {outcome}").format(outcome=study.label(outcome))
    return parts.ReportTable(caption, columns, parts.plain_rows(lines))


def _cells(study: parts.StudyRecord, rows: list[DataTestRow]) -> tuple[str | parts.TableCell, ...]:
    """Return the tests of one kind and variable as a row: the range of several, and what follows."""
    name, rejected, kept = READINGS[rows[0].test]
    done = [row for row in rows if row.is_done]
    first = max(done, key=lambda row: row.statistic) if rows[0].test == "vif" else rows[0]
    label = rendered(name), study.label(first.variable) or parts.MISSING
    if not done:
        return (*label, parts.MISSING, parts.MISSING, rendered(first.reason))
    if first.test == "vif":
        verdict = rendered(rejected if first.statistic > INFLATED else kept)
        return (*label, parts.fixed(first.statistic, 2), parts.MISSING, verdict)
    is_rejected = min(row.p_value for row in done) * len(done) < SIZE
    share = f"{sum(row.p_value < SIZE for row in done)}/{len(done)}"
    verdict = rendered(rejected if is_rejected else kept).format(share=share)
    low, high = (parts.fixed(end(row.statistic for row in done), 2) for end in (min, max))
    numbers = gettext("{low} to {high}").format(low=low, high=high), parts.MISSING
    shown = numbers if len(done) > 1 else (low, parts.p_text(first.p_value))
    return (*label, *shown, parts.TableCell(verdict, (rendered(first.caution),) if first.caution else ()))


SECTION = parts.Section(
    *("data_diagnostics", marked("Diagnostics of the data"), 250, diagnostic_blocks),
    tables=(CORRELATIONS.name, DATA_TESTS.name),
)
