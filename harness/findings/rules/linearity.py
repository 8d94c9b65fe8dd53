"""Findings on tests of a straight line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.findings.finding import SourceNumbers, finding
from harness.findings.run import Run
from harness.findings.sentence import PValue, Sentence, VariableId
from harness.tables.decision import ABOVE
from harness.tables.effects import EFFECT_TESTS, LINEARITY
from harness.tables.findings import FindingRow
from harness.tables.table import NAN


@dataclass(frozen=True)
class Linearity(Sentence):
    """Whether a test rejects a straight line; one with entity means is of no estimator.

    Attributes
    ----------
    p_adjusted, n_family : with entity means, for so much that is said of the exposure
    """

    exposure: VariableId
    is_significant: bool
    p_value: PValue
    p_adjusted: PValue = NAN
    n_family: int = 1


@dataclass(frozen=True)
class LooksNonlinear(Sentence):
    """That an effect that differs along a correlated covariate looks nonlinear, too."""


def linearity_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield every test of linearity; a nonlinearity is significant where its p-value is below the level."""
    for row in run.rows(EFFECT_TESTS, outcome=outcome, test=LINEARITY):
        if row.is_done:
            is_bent = row.decision == ABOVE
            yield finding(
                "nonlinearity",
                Linearity(row.exposure, is_bent, row.p_value),
                outcome=outcome,
                subject={
                    "test": LINEARITY,
                    "exposure": row.exposure,
                    "estimator": row.estimator,
                    "against": row.against,
                },
                about=", ".join(filter(None, (LINEARITY, row.exposure, row.against))),
                estimator=row.estimator,
                decision=row.decision,
                numbers=SourceNumbers(p_value=row.p_value),
                screen="trust" if is_bent and not row.estimator else "none",
                caveats=[LooksNonlinear()] * is_bent,
            )
