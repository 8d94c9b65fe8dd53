"""What a study finds on a drawn panel, by the functions that write the findings of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from harness.data.panel import Panel
from harness.findings.table import established
from harness.record.manifest import Manifest
from harness.report.model.run import Run
from harness.running.csv_table import as_declared
from harness.running.effect_tests import linearity_tests
from harness.running.results import AnswerInParts, answer_parts, rows_of_fits
from harness.scenarios.full_fit import FullResult
from harness.study.spec.study import Study
from harness.tables.effects import EFFECT_TESTS
from harness.tables.gain import GAIN
from harness.tables.registry import with_own

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
    study: Study,
    manifest: Manifest,
    gains: pd.DataFrame,
    *,
    fulls: Sequence[FullResult],
    in_parts: Sequence[AnswerInParts],
    panels: Sequence[Panel],
) -> Run:
    """Return a run on a drawn panel as findings see it.

    Parameters
    ----------
    manifest : of the study
    gains : on test rows, columns of `harness.tables.gain.GAIN`; cells without a gain may be absent
    fulls : fits on all rows, with their answers and what they tell besides
    in_parts : answers that were put together from parts
    panels : of each outcome, all rows, for tests of the effect's form
    """
    declared = with_own(table for entry in study.scenarios for table in entry.scenario.tables)
    parts = {name: list(frames) for name, frames in answer_parts(study, [*fulls, *in_parts]).items()}
    tested = ((EFFECT_TESTS.name, frame) for panel in panels for frame in linearity_tests(study, panel))
    for name, frame in (*rows_of_fits(fulls), *tested):
        parts.setdefault(name, []).append(frame)
    tables = {name: as_declared(declared[name], frames) for name, frames in parts.items()}
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
