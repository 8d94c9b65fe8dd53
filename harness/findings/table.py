"""The table of findings of a run, from its other tables alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import pandas as pd

from harness.findings.caveats import with_nickell
from harness.findings.contrast import contrast_findings
from harness.findings.curve_effect import curve_effect_findings
from harness.findings.effect import debiased_findings
from harness.findings.finding import StudyFinding
from harness.findings.gain import error_findings, gain_findings
from harness.findings.group_difference import group_findings
from harness.findings.linearity import linearity_findings
from harness.findings.sign_change import sign_change_findings
from harness.findings.threshold import threshold_findings
from harness.findings.turning_point import turning_point_findings
from harness.record.manifest import Manifest
from harness.report.model.run import Run, RunReader
from harness.running.csv_table import as_declared
from harness.tables.conditional import CONDITIONAL_EFFECTS, THRESHOLDS
from harness.tables.curves import CURVES, TURNING_POINTS
from harness.tables.effects import EFFECT_TESTS, EFFECTS
from harness.tables.findings import ERROR_RATES, FINDINGS
from harness.tables.gain import GAIN
from harness.tables.heterogeneity import CONTRASTS, HETEROGENEITY_DIFFERENCES

KEY = ("outcome", "estimator", "finding")
"""What a finding and its error rate have in common."""


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
    """Yield every finding that may be established, outcome by outcome."""
    for outcome in run.manifest.study.outcomes:
        for finder in FINDERS:
            yield from finder.find(run, outcome)


def findings_of(manifest: Manifest, folder: RunReader) -> pd.DataFrame:
    """Return the findings of a run that may not have written its manifest yet; see `findings_table`."""
    return findings_table(Run(manifest, folder))


def findings_table(run: Run) -> pd.DataFrame:
    """Return every finding of a run, outcome by outcome, with the error rates that the run was given."""
    study = run.manifest.study
    found = [
        asdict(with_nickell(run, finding))
        for outcome in study.outcomes
        for find in (*(finder.find for finder in FINDERS), error_findings)
        for finding in find(run, outcome)
    ]
    findings = as_declared(FINDINGS, [pd.DataFrame(found)])
    return with_error_rates(findings, run.frame(ERROR_RATES.name), reference=study.reference)


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
