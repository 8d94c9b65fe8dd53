"""What a study finds on a drawn panel, by the functions that write the findings of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from harness.execution.answers import answer_parts
from harness.execution.parts import AnswerInParts
from harness.findings.table import established
from harness.report.model.run import Run
from harness.scenarios.full_fit import FullResult
from harness.spec.study import Study
from harness.store.csv_table import as_declared
from harness.store.manifest import Manifest
from harness.tables import GAIN, with_own

COLUMNS = ("outcome", "estimator", "protocol", "finding", "found")


@dataclass(frozen=True, eq=False)
class DrawnTables:
    """The tables of a run on a drawn panel that findings rest on; no folder holds them."""

    tables: Mapping[str, pd.DataFrame]
    of_study: Manifest

    def read_table(self, name: str) -> pd.DataFrame:
        """Return a table; an empty frame where there is none."""
        return self.tables.get(name, pd.DataFrame())

    def manifest(self) -> Manifest:
        """Return what was run: the study that is repeated."""
        return self.of_study

    def files(self) -> tuple[str, ...]:
        """Return no file."""
        return ()


def drawn_run(
    study: Study, manifest: Manifest, gains: pd.DataFrame, answered: Sequence[FullResult | AnswerInParts]
) -> Run:
    """Return a run on a drawn panel as findings see it.

    Parameters
    ----------
    manifest : of the study
    gains : on test rows, columns of `harness.tables.GAIN`; cells without a gain may be absent
    answered : fits on all rows with their answers, and answers that were put together from parts
    """
    declared = with_own(table for entry in study.scenarios for table in entry.scenario.tables)
    tables = {
        name: as_declared(declared[name], parts) for name, parts in answer_parts(study, answered).items()
    }
    return Run(manifest, DrawnTables({GAIN.name: as_declared(GAIN, [gains])} | tables, manifest))


def kinds_found(run: Run) -> pd.DataFrame:
    """Return which kinds of findings are established.

    Returns
    -------
    `COLUMNS`: a row for each outcome, estimator and kind looked for, with an empty protocol; found is 1.0
    where any finding of the kind is established, else 0.0. Gains are those over the study's reference, where
    any protocol keeps test rows apart.
    """
    study = run.manifest.study
    tests_gains = any(protocol.keeps_test_rows_apart for protocol in study.protocols)
    found: dict[tuple[str, str, str], float] = {}
    for finding in established(run):
        is_gain = finding.finding == "gain"
        if is_gain and not (tests_gains and finding.estimator and finding.about == study.reference):
            continue
        key = (finding.outcome, finding.estimator, finding.finding)
        found[key] = max(found.get(key, 0.0), float(finding.is_established))
    rows = [(outcome, estimator, "", kind, value) for (outcome, estimator, kind), value in found.items()]
    return pd.DataFrame(rows, columns=list(COLUMNS))
