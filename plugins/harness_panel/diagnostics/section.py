"""The section of the data's diagnostics: correlations, and tests with what their rejection changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from harness.plugin import reporting as parts
from harness.plugin.findings import FINDINGS, finding_key
from harness.plugin.reporting import marked, rendered, topic
from harness_panel.diagnostics.findings import MORAN, VIF, reading_key
from harness_panel.diagnostics.scenario import CORRELATIONS, DATA_TESTS, CorrelationRow, DataTestRow

gettext = topic("harness_panel.diagnostics")


# How a test is called.
NAMES: Mapping[str, str] = {
    VIF: marked("Largest variance inflation (VIF)"),
    MORAN: marked("Moran's I by period"),
    "im_pesaran_shin": marked("Im–Pesaran–Shin unit root"),
    "levin_lin_chu": marked("Levin–Lin–Chu unit root"),
    "cross_section_dependence": marked("Pesaran CD of errors"),
    "serial_correlation": marked("Wooldridge serial correlation"),
}
HEADS = (marked("Tests"), marked("Statistic"), marked("p"))


def diagnostic_blocks(run: parts.Run) -> Iterator[parts.ReportBlock]:
    """Yield for each outcome the correlations, and the tests with a sentence each."""
    study = run.manifest.study
    for outcome in dict.fromkeys(row.outcome for row in run.rows(DATA_TESTS)):
        correlations = [row for row in run.rows(CORRELATIONS) if row.outcome == outcome]
        tests = sorted(run.rows(DATA_TESTS, outcome=outcome), key=reading_key)
        yield correlation_table(study, outcome, correlations)
        columns = *(parts.TableColumn(rendered(head)) for head in HEADS), parts.TableColumn("", "text")
        rows = (_cells(run, list(group)) for _, group in groupby(tests, key=reading_key))
        caption = gettext("Tests of the data, {outcome}").format(outcome=study.label(outcome))
        yield parts.ReportTable(caption, columns, parts.plain_rows(rows))


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


def _cells(run: parts.Run, rows: list[DataTestRow]) -> tuple[str | parts.TableCell, ...]:
    """Return the tests of one kind and variable as a row: the range of several, and what follows."""
    study, (scenario, _, variable) = run.manifest.study, reading_key(rows[0])
    name = parts.listed(filter(None, (rendered(NAMES[rows[0].test]), study.label(variable))))
    done = [row for row in rows if row.is_done]
    if not done:
        return name, parts.MISSING, parts.MISSING, rendered(rows[0].reason)
    subject = {"scenario": scenario, "test": done[0].test, "variable": variable}
    (reading,) = run.rows(FINDINGS, key=finding_key("data_test", rows[0].outcome, subject))
    low, high = (parts.fixed(end(row.statistic for row in done), 2) for end in (min, max))
    statistic = high if done[0].test == VIF else low
    p_value = parts.p_text(done[0].p_value) or parts.MISSING
    if len(done) > 1 and done[0].test != VIF:
        statistic, p_value = gettext("{low} to {high}").format(low=low, high=high), parts.MISSING
    caution = (rendered(done[0].caution),) if done[0].caution else ()
    return name, statistic, p_value, parts.TableCell(reading.text, caution)


SECTION = parts.Section(
    *("data_diagnostics", marked("Diagnostics of the data"), 250, diagnostic_blocks),
    tables=(CORRELATIONS.name, DATA_TESTS.name),
)
