"""Findings on slopes of models that have the other sign than the debiased effect, or than the truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.findings.finding import finding
from harness.findings.lines import first_effect, mean_slopes
from harness.findings.rules.effect import true_slopes
from harness.findings.run import Run
from harness.findings.sentence import Sentence
from harness.tables.decision import SIGNIFICANT
from harness.tables.effects import SLOPES
from harness.tables.findings import FindingRow
from harness.tables.table import NAN


@dataclass(frozen=True)
class SignsDiffer(Sentence):
    """That the mean slopes of all models have one sign, and the debiased effect or the truth has the other.

    Attributes
    ----------
    do_rise : whether the curves of the models rise
    is_significant : whether the debiased effect is, which has the other sign then
    truth : the true effect; NaN where it is not known
    """

    n_curves: int
    do_rise: bool
    is_significant: bool
    truth: float = NAN


def sign_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield that all models go where a significant debiased effect does not, or else the truth."""
    for row in first_effect(run, outcome)[:1]:
        slopes = list(mean_slopes(run, outcome, row.exposure).values())
        truth, is_significant = next(iter(true_slopes(run, row)), NAN), row.decision in SIGNIFICANT
        other = row.estimate if is_significant else truth
        if row.is_done and row.form in SLOPES and slopes and all(slope * other < 0.0 for slope in slopes):
            sentence = SignsDiffer(len(slopes), slopes[0] > 0.0, is_significant, truth)
            subject = {"exposure": row.exposure}
            yield finding("sign_difference", sentence, outcome=outcome, subject=subject, screen="trust")
