"""Findings on how often all columns of a table of regressions agree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.findings.finding import finding
from harness.findings.run import Run
from harness.findings.sentence import Count, Estimate, Sentence
from harness.tables.effects import AGREEMENT
from harness.tables.findings import FindingRow
from harness.tables.table import grouped


@dataclass(frozen=True)
class ColumnsAgree(Sentence):
    """How often all columns are significant with one sign, without an effect and with one.

    Attributes
    ----------
    without, with_effect : shares of `n_draws`
    effect : that is added
    """

    without: Estimate
    with_effect: Estimate
    n_draws: Count
    effect: float


def agreement_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield how often all columns of each estimator agree, without an effect and with the baseline's."""
    done = (row for row in run.rows(AGREEMENT, outcome=outcome) if row.is_done)
    for (scenario, estimator), rows in grouped(done, "scenario", "estimator").items():
        without, with_effect = (Estimate(row.share, row.conf_low, row.conf_high) for row in rows)
        yield finding(
            "agreement",
            ColumnsAgree(without, with_effect, rows[0].n_draws or 0, rows[1].effect),
            outcome=outcome,
            subject={"scenario": scenario, "estimator": estimator},
            about=scenario,
            estimator=estimator,
        )
