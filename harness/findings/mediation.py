"""Findings on indirect effects: one for each mediator, method and learner."""

from __future__ import annotations

import math
from collections.abc import Iterator

from harness.findings.debiased import FEW_ENTITIES, holm
from harness.findings.run import Run
from harness.tables.effects import INDIRECT, MEDIATION, MediationRow
from harness.tables.findings import FindingRow
from harness.tables.gain import size_of
from harness.text.sentences import Sentence, finding


def mediation_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield every indirect effect; all on an outcome are one family (Holm 1979).

    One is significant where its p-value, adjusted for the family, is below one less the level.
    """
    rows = [row for row in run.rows(MEDIATION) if row.outcome == outcome and is_indirect(row)]
    for row, p_value in zip(rows, holm(row.p_value for row in rows), strict=True):
        is_apart = p_value < size_of(run.manifest.study.level)
        n_entities = row.n_entities or 0
        has_few = n_entities < FEW_ENTITIES
        few = {"n_entities": n_entities, "least": FEW_ENTITIES}
        estimate = row.estimate, row.conf_low, row.conf_high
        yield finding(
            "mediation",
            Sentence(
                "indirect_effect",
                {
                    **{name: getattr(row, name) for name in ("exposure", "mediator", "method", "learner")},
                    "estimate": estimate,
                    "is_significant": is_apart,
                    "rho_zero": row.rho_zero,
                    **({"share": row.share} if math.isfinite(row.share) else {}),
                },
            ),
            outcome=outcome,
            about=", ".join((f"{row.scenario}: {row.mediator}", row.method, row.learner)),
            is_established=is_apart and not has_few,
            estimate=estimate,
            p_value=row.p_value,
            p_adjusted=p_value,
            against=[Sentence("mediator_as_random"), *[Sentence("few_entities", few)] * has_few],
        )


def is_indirect(row: MediationRow) -> bool:
    """Return whether a row is an indirect effect without residual correlation."""
    return row.is_done and (row.path, row.rho) == (INDIRECT, 0.0)
