"""The section of the data's diagnostics: correlations, and tests with what their rejection changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from harness.plugin import reporting as parts
from harness.plugin.reporting import gettext, marked, translated
from harness_panel.diagnostics.scenario import CORRELATIONS, DATA_TESTS, CorrelationRow, DataTestRow

# Size of the tests, and variance inflation above which regressors can hardly be told apart.
SIZE, INFLATED = 0.05, 10.0

# How a test is called, and what follows where it rejects and where it does not.
READINGS: Mapping[str, tuple[str, str, str]] = {
    "vif": (
        marked("Largest variance inflation (VIF)"),
        marked("Above 10: this regressor can hardly be told apart from the others; drop or combine some."),
        marked("At most 10: the regressors can be told apart."),
    ),
    "moran": (
        marked("Moran's I by period"),
        marked("Neighbours are alike in {share} periods: take Conley errors or spatial Durbin."),
        marked("No evidence that neighbours are alike."),
    ),
    "im_pesaran_shin": (
        marked("Im–Pesaran–Shin unit root"),
        marked("At least some series are stationary."),
        marked("All may have a unit root: check the result in first differences."),
    ),
    "levin_lin_chu": (
        marked("Levin–Lin–Chu unit root"),
        marked("A unit root in all series is rejected."),
        marked("All may have a unit root: check the result in first differences."),
    ),
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
    for outcome in study.outcomes:
        correlations = [row for row in run.rows(CORRELATIONS) if row.outcome == outcome and row.is_done]
        tests = [row for row in run.rows(DATA_TESTS) if row.outcome == outcome]
        about = {"outcome": study.label(outcome)}
        if correlations:
            yield correlation_table(study, correlations, gettext("Correlations, {outcome}").format(**about))
        if tests:
            columns = *(parts.TableColumn(gettext(head)) for head in HEADS), parts.TableColumn("", "text")
            kinds = [list(own) for _, own in groupby(sorted(tests, key=_kind), key=_kind)]
            rows = (_cells(study, own) for own in kinds)
            caption = gettext("Tests of the data, {outcome}").format(**about)
            yield parts.ReportTable(caption, columns, parts.plain_rows(rows))


def _kind(row: DataTestRow) -> tuple[int, str]:
    return list(READINGS).index(row.test), "" if row.test == "vif" else row.variable


def correlation_table(
    study: parts.StudyRecord, rows: Sequence[CorrelationRow], caption: str
) -> parts.ReportTable:
    """Return the lower triangle of the correlations, of which there is at least one."""
    names = list(dict.fromkeys(name for row in rows for name in (row.other, row.variable)))
    found = {(row.variable, row.other): parts.fixed(row.correlation, 2) for row in rows}
    columns = tuple(parts.TableColumn(head) for head in ("", *(f"({at})" for at in range(1, len(names)))))
    lines = (
        (f"({at}) {study.label(name)}", *(found.get((name, other), "") for other in names[:-1]))
        for at, name in enumerate(names, start=1)
    )
    return parts.ReportTable(caption, columns, parts.plain_rows(lines))


def _cells(study: parts.StudyRecord, rows: Sequence[DataTestRow]) -> tuple[str | parts.TableCell, ...]:
    """Return the tests of one kind and variable as a row: the range of several, and what follows."""
    name, rejected, kept = READINGS[rows[0].test]
    done = [row for row in rows if row.is_done]
    label = gettext(name), study.label(rows[0].variable) if rows[0].variable else parts.MISSING
    if not done:
        return (*label, parts.MISSING, parts.MISSING, translated(rows[0].reason))
    if rows[0].test == "vif":
        largest = max(done, key=lambda row: row.statistic)
        is_above = largest.statistic > INFLATED
        said = gettext(rejected if is_above else kept)
        return (
            label[0],
            study.label(largest.variable),
            parts.fixed(largest.statistic, 2),
            parts.MISSING,
            said,
        )
    found = [row for row in done if row.p_value < SIZE]
    is_rejected = min(row.p_value for row in done) * len(done) < SIZE
    ends = [parts.fixed(end(row.statistic for row in done), 2) for end in (min, max)]
    statistic = ends[0] if len(done) == 1 else gettext("{low} to {high}").format(low=ends[0], high=ends[1])
    p_value = parts.p_text(done[0].p_value) if len(done) == 1 else parts.MISSING
    said = gettext(rejected if is_rejected else kept).format(share=f"{len(found)}/{len(done)}")
    cautions = dict.fromkeys(translated(row.caution) for row in done if row.caution)
    return (*label, statistic, p_value, parts.TableCell(said, tuple(cautions)))


SECTION = parts.Section(
    *("data_diagnostics", marked("Diagnostics of the data"), 250, diagnostic_blocks),
    tables=(CORRELATIONS.name, DATA_TESTS.name),
)
