"""Findings on contrasts: what an exposure that is no dose changes, from one value to another."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from harness.findings.finding import StudyFinding
from harness.language import gettext
from harness.report.model.bands import SIMULTANEOUS
from harness.report.model.run import Run
from harness.report.sections.contrasts.rows import value_in_words
from harness.report.text.numbers import plain, with_interval
from harness.report.text.plain_text import listed
from harness.report.text.units import in_unit
from harness.tables.heterogeneity import CONTRASTS, ContrastRow


def contrast_findings(run: Run, outcome: str) -> Iterator[StudyFinding]:
    """Yield every contrast of every question.

    It is established where its simultaneous interval, which allows for all of the question, excludes zero, to
    the side on which the contrast itself is.
    """
    rows = [
        row
        for row in run.rows(CONTRASTS)
        if row.is_done and row.outcome == outcome and row.band == SIMULTANEOUS
    ]
    for _, same in groupby(rows, key=lambda row: (row.scenario, row.estimator)):
        own = tuple(same)
        for row in own:
            yield _finding(run, row, n_contrasts=len(own))


def _finding(run: Run, row: ContrastRow, *, n_contrasts: int) -> StudyFinding:
    study = run.manifest.study
    is_established = min(row.conf_low, row.estimate) > 0.0 or max(row.conf_high, row.estimate) < 0.0
    high, low = (value_in_words(study.levels, value) for value in (row.exposure_to, row.exposure_from))
    values = gettext("{high} rather than {low}").format(high=high, low=low)
    said = "" if is_established else gettext("; it is not established")
    among = (
        gettext("One of {n_contrasts} contrasts; its interval allows for their number.").format(
            n_contrasts=n_contrasts
        )
        if n_contrasts > 1
        else ""
    )
    where = _where(run, row)
    return StudyFinding(
        outcome=row.outcome,
        estimator=row.estimator,
        finding="contrast",
        about=f"{row.scenario}{where and f', {where}'}: {values}",
        text=(
            gettext("{subject}: {number}{said}.").format(
                subject=listed(
                    filter(
                        None,
                        (
                            study.estimator_label(row.estimator),
                            f"{study.label(study.exposure)} {values}",
                            where,
                        ),
                    )
                ),
                number=in_unit(
                    with_interval(row.estimate, row.conf_low, row.conf_high), study.unit(row.outcome)
                ),
                said=said,
            )
        ),
        is_established=is_established,
        estimate=row.estimate,
        conf_low=row.conf_low,
        conf_high=row.conf_high,
        caveats=among,
    )


def _where(run: Run, row: ContrastRow) -> str:
    """Return which rows a contrast is over, or at which moderator value; empty for all rows as they are."""
    study = run.manifest.study
    if row.by:
        return f"{study.label(row.by)} {row.group}"
    if not row.moderator:
        return ""
    return f"{study.label(row.moderator)} {in_unit(plain(row.moderator_at), study.unit(row.moderator))}"
