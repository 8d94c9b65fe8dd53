"""The debiased slope under other choices, those of one exposure, outcome, method and learner together."""

from __future__ import annotations

from collections.abc import Iterator

from harness.language import gettext, reworded
from harness.report.model.run import Run
from harness.report.paper.estimates import estimate_lines, estimate_table
from harness.report.paper.table import PaperRow, PaperTable
from harness.report.sections.robustness.section import check_heading, checks_together
from harness.report.text.numbers import count, p_value


def robustness_tables(run: Run) -> Iterator[PaperTable]:
    """Yield the table; none where the run asks for no robustness."""
    study = run.manifest.study
    rows: list[PaperRow] = []
    for checks in checks_together(run):
        rows.append(PaperRow(check_heading(study, checks[0])))
        for row in checks:
            after = (p_value(row.p_difference), count(row.n_obs))
            rows += estimate_lines(study, row, (reworded(row.check),), after)
    heads = (
        *(gettext("Check"), gettext("Slope"), gettext("Interval")),
        *(gettext("p of the difference"), gettext("N")),
    )
    yield from estimate_table(run, "robustness", gettext("Robustness"), heads, rows)
