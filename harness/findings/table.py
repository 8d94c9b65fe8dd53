"""The table of findings of a run, from its other tables alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pandas as pd

from harness.findings.curves import curve_effect_findings, turning_point_findings
from harness.findings.effects import debiased_findings, linearity_findings
from harness.findings.finding import StudyFinding
from harness.findings.gain import error_findings, gain_findings, nickell
from harness.findings.groups import contrast_findings, group_findings
from harness.findings.moderators import sign_change_findings, threshold_findings
from harness.findings.run import Run
from harness.tables.conditional import CONDITIONAL_EFFECTS, THRESHOLDS
from harness.tables.curves import CURVES, TURNING_POINTS
from harness.tables.effects import EFFECT_TESTS, EFFECTS
from harness.tables.findings import ERROR_RATES, FINDINGS
from harness.tables.gain import GAIN
from harness.tables.heterogeneity import CONTRASTS, HETEROGENEITY_DIFFERENCES

KEY = ("outcome", "estimator", "finding")
"""What a finding and its error rate have in common."""

DEBIASED = ("effect", "nonlinearity")
"""Kinds of finding without an estimator that are given effects of entities."""


@dataclass(frozen=True)
class Finder:
    """What finds.

    Attributes
    ----------
    find : yields the findings on one outcome
    source : name of the table whose rows they rest on
    """

    find: Callable[[Run, str], Iterator[StudyFinding]]
    source: str


FINDERS = (
    Finder(gain_findings, GAIN.name),
    Finder(debiased_findings, EFFECTS.name),
    Finder(linearity_findings, EFFECT_TESTS.name),
    Finder(curve_effect_findings, CURVES.name),
    Finder(turning_point_findings, TURNING_POINTS.name),
    Finder(contrast_findings, CONTRASTS.name),
    Finder(group_findings, HETEROGENEITY_DIFFERENCES.name),
    Finder(sign_change_findings, CONDITIONAL_EFFECTS.name),
    Finder(threshold_findings, THRESHOLDS.name),
)
"""What finds something that is there or is not, in the order of the verdict."""


def established(run: Run) -> Iterator[StudyFinding]:
    """Yield every finding that may be established, outcome by outcome, without its text."""
    for outcome in run.manifest.study.outcomes:
        for finder in FINDERS:
            yield from finder.find(run, outcome)


def findings_table(run: Run) -> pd.DataFrame:
    """Return every finding of a run, outcome by outcome, with the error rates that the run was given."""
    study = run.manifest.study
    found = [
        with_nickell(run, row).worded(study)
        for outcome in study.outcomes
        for find in (*(finder.find for finder in FINDERS), error_findings)
        for row in find(run, outcome)
    ]
    columns = {name: [getattr(row, name) for row in found] for name in FINDINGS.columns}
    return with_error_rates(pd.DataFrame(columns), run.frame(ERROR_RATES.name), reference=study.reference)


def with_nickell(run: Run, row: StudyFinding) -> StudyFinding:
    """Return a finding with what stands against it where the outcome's own lag is next to entity effects.

    Debiased effects, which no estimator has, take these effects out by whatever method.
    """
    entry = next((entry for entry in run.manifest.study.estimators if entry.id == row.estimator), None)
    takes_out = entry.goes_by_within if entry else row.finding in DEBIASED
    caveat = nickell(run, row.outcome) if takes_out else None
    return replace(row, against=(*row.against, caveat)) if caveat else row


def with_error_rates(findings: pd.DataFrame, rates: pd.DataFrame, *, reference: str) -> pd.DataFrame:
    """Return findings with the error rates of their kinds.

    Parameters
    ----------
    findings : columns of `harness.tables.findings.FINDINGS`
    rates : columns of `harness.tables.findings.ERROR_RATES`, as a calibration wrote them; empty without one
    reference : of the study; a gain over another has no rate, since calibrations compare with this one

    Returns
    -------
    The rows as they were, `error_rate` filled in where there is a rate of the outcome, estimator and kind.
    """
    if rates.empty:
        return findings
    known = rates.assign(estimator=rates["estimator"].fillna("").astype(str))
    rate_of = known.set_index(list(KEY))["error_rate"]
    own = pd.MultiIndex.from_frame(findings[list(KEY)].astype(str))
    counts = (findings["finding"] != "gain") | (findings["about"] == reference)
    return findings.assign(error_rate=rate_of.reindex(own).to_numpy(dtype=float)).assign(
        error_rate=lambda frame: frame["error_rate"].where(counts)
    )
