"""The debiased slope under other choices, those of one exposure, outcome, method and learner together."""

from __future__ import annotations

import math
from collections.abc import Iterator

from harness.language import gettext, reworded
from harness.report.model.run import Run
from harness.report.paper.estimates import (
    bracketed,
    decimals_of,
    estimate_notes,
    number_text,
    run_notes,
    starred,
)
from harness.report.paper.table import PaperRow, PaperTable
from harness.report.sections.robustness.section import RobustnessRow, check_heading, checks_together
from harness.report.text.numbers import MISSING, count, p_value
from harness.store.study_record import StudyRecord


def robustness_tables(run: Run) -> Iterator[PaperTable]:
    """Yield the table; none where the run asks for no robustness."""
    study = run.manifest.study
    rows: list[PaperRow] = []
    for checks in checks_together(run):
        rows.append(PaperRow(check_heading(study, checks[0])))
        rows += [line for row in checks for line in _lines(study, row)]
    if rows:
        heads = (gettext("Check"), gettext("Slope"), gettext("p of the difference"), gettext("N"))
        notes = (*estimate_notes(study), *run_notes(run))
        yield PaperTable("robustness", gettext("Robustness"), (heads,), tuple(rows), notes)


def _lines(study: StudyRecord, row: RobustnessRow) -> Iterator[PaperRow]:
    has_slope = row.is_done and math.isfinite(row.estimate)
    decimals = decimals_of(row.std_error, row.conf_low, row.conf_high)
    slope = starred(study, number_text(row.estimate, decimals), row.p_value) if has_slope else MISSING
    yield PaperRow(reworded(row.check), (slope, p_value(row.p_difference), count(row.n_obs)))
    if has_slope and math.isfinite(row.std_error):
        yield PaperRow("", (bracketed(study, row.estimate, row.std_error, decimals),))
