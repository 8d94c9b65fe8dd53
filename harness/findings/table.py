"""The table of findings of a run, from its other tables alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from harness.findings.error_rates import with_error_rates
from harness.findings.finding import StudyFinding
from harness.findings.gain import error_findings, gain_findings
from harness.findings.group_difference import group_findings
from harness.findings.sign_change import sign_change_findings
from harness.findings.turning_point import turning_point_findings
from harness.report.model.run import Run, RunReader, read_run
from harness.store.csv_table import as_declared
from harness.store.folder import RunFolder
from harness.store.lock import locked
from harness.tables import ERROR_RATES, FINDINGS

KINDS: tuple[Callable[[Run, str], Iterator[StudyFinding]], ...] = (
    gain_findings,
    turning_point_findings,
    group_findings,
    sign_change_findings,
    error_findings,
)
"""What finds, in the order of the verdict."""


def findings_table(folder: RunReader) -> pd.DataFrame:
    """Return every finding of a run, outcome by outcome, with the error rates that the run was given."""
    run = read_run(folder)
    found = [
        asdict(finding)
        for outcome in run.manifest.study.outcomes
        for find in KINDS
        for finding in find(run, outcome)
    ]
    findings = as_declared(FINDINGS, [pd.DataFrame(found)])
    rates = folder.read_table(ERROR_RATES.name)
    return with_error_rates(findings, rates, reference=run.manifest.study.reference)


def write_findings(path: Path) -> None:
    """Write the findings of a finished run into its folder.

    Raises
    ------
    ArtifactError
        Where `path` is not the folder of a finished run.
    """
    folder = RunFolder.open(path)
    manifest = folder.manifest()
    with locked(path):
        folder.write_table(FINDINGS.name, findings_table(folder))
        folder.write_manifest(manifest)
