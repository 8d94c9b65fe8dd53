"""Findings on effects through mediators."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.findings.finding import SourceNumbers, few_entities, finding
from harness.findings.run import Run
from harness.findings.sentence import Estimate, EstimatorId, Sentence, VariableId, Word
from harness.tables.decision import SIGNIFICANT
from harness.tables.effects import MEDIATION, TOTAL, MediationRow
from harness.tables.findings import FindingRow
from harness.tables.table import NAN


@dataclass(frozen=True)
class IndirectEffect(Sentence):
    """An effect through a mediator, and what would remove it.

    Attributes
    ----------
    rho_zero : correlation of the errors of mediator and outcome at which it is zero
    share : of a total effect that is significantly different from zero
    """

    exposure: VariableId
    mediator: VariableId
    method: Word
    learner: EstimatorId
    estimate: Estimate
    is_significant: bool
    rho_zero: float
    share: float = NAN


@dataclass(frozen=True)
class MediatorAsRandom(Sentence):
    """That the mediator is taken for as good as random, given exposure and controls."""


def leading_paths(run: Run, outcome: str, scenario: str) -> tuple[MediationRow, ...]:
    """Return the paths of the first method and learner of a scenario, the total effect first."""
    rows = run.rows(MEDIATION, outcome=outcome, scenario=scenario)
    first = [row for row in rows if (row.method, row.learner) == (rows[0].method, rows[0].learner)]
    return tuple(sorted(first, key=lambda row: row.path != TOTAL))


def mediation_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield every indirect effect; on the first screen those of a mediation that is the headline."""
    study = run.manifest.study
    for row in run.rows(MEDIATION, outcome=outcome):
        if not row.is_indirect:
            continue
        estimate = Estimate(row.estimate, row.conf_low, row.conf_high)
        sentence = IndirectEffect(
            exposure=row.exposure,
            mediator=row.mediator,
            method=row.method,
            learner=row.learner,
            estimate=estimate,
            is_significant=row.decision in SIGNIFICANT,
            rho_zero=row.rho_zero,
            share=row.share,
        )
        leads = study.leads(scenario=row.scenario)
        is_leading = leads and row in leading_paths(run, outcome, row.scenario)
        yield finding(
            "mediation",
            sentence,
            outcome=outcome,
            subject={
                name: getattr(row, name) for name in ("scenario", "exposure", "mediator", "method", "learner")
            },
            about=", ".join((f"{row.scenario}: {row.mediator}", row.method, row.learner)),
            decision=row.decision,
            numbers=SourceNumbers(estimate, row.p_value, row.p_adjusted),
            family=row.family,
            screen="effect" if is_leading else "none",
            caveats=(MediatorAsRandom(), *few_entities(row.n_entities)),
        )
