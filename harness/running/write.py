"""Write the tables of a run from the results of its tasks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

import pandas as pd

from harness.data.panel import Panel
from harness.estimators.guard import attempt
from harness.findings.run import Run
from harness.findings.table import findings_table
from harness.record.manifest import Manifest
from harness.running.comparison import write_comparison
from harness.running.csv_table import as_declared
from harness.running.effect_tests import effect_tests
from harness.running.folder import RunFolder
from harness.running.isolation import one_thread
from harness.running.provenance import tables_of
from harness.running.results import RunResults, answer_parts, rows_of_fits
from harness.running.truth_tables import error_parts, truth_parts
from harness.running.warnings import run_notes, warnings_table
from harness.scenarios.full_fit import FullResult
from harness.study.expectations.cell import check_expectations, expectations_table
from harness.study.expectations.claims_table import claims_table
from harness.study.expectations.moderated_claim import SOURCES
from harness.study.spec.study import Study
from harness.tables.effects import EFFECT_TESTS
from harness.tables.findings import FINDINGS
from harness.tables.registry import TABLES
from harness.tables.table import ResultTable


@one_thread()
def write_tables(folder: RunFolder, results: RunResults) -> None:
    """Write all tables but those of findings and of expectations, which look into the others."""
    panels = results.panel_of()
    write_comparison(folder, results, panels)
    _write(folder, TABLES["coefficients"], _coefficients(results.fulls))
    for name, parts in _detail_parts(results.fulls).items():
        folder.write_table(f"details/{name}", pd.concat(parts, ignore_index=True))
    declared = tables_of(results.study)
    for name, parts in _scenario_parts(results, panels, folder).items():
        _write(folder, declared[name], parts)
    true = list(truth_parts(results, panels))
    if true:
        _write(folder, TABLES["truth"], true)
        _write(folder, TABLES["truth_errors"], error_parts(folder, folder.read_table("truth")))
    _write(folder, TABLES["preparation"], [results.panels.steps_table()])
    filled = results.panels.filled_table()
    if len(filled):
        _write(folder, TABLES["interpolated"], [filled])
    _write(folder, TABLES["summary"], [results.panels.summary()])
    folder.write_table("warnings", warnings_table(run_notes(results, panels)))
    if results.study.claims:
        written = {name: folder.read_table(name) for name in SOURCES}
        _write(folder, TABLES["claims"], [claims_table(results.study, written)])


@one_thread()
def write_conclusions(folder: RunFolder, study: Study, manifest: Manifest) -> None:
    """Write what follows from the other tables: findings, and what was expected of them and of the others.

    Parameters
    ----------
    manifest : of the run, without the hashes of its files
    """
    folder.write_table(FINDINGS.name, findings_table(Run(manifest, folder)))
    if study.expect:
        found = expectations_table(check_expectations(study.expect, folder.read_table))
        _write(folder, TABLES["expectations"], [found])


def _write(folder: RunFolder, table: ResultTable, parts: Iterable[pd.DataFrame]) -> None:
    folder.write_table(table.name, as_declared(table, parts))


def _coefficients(fulls: Sequence[FullResult]) -> Iterator[pd.DataFrame]:
    for full in fulls:
        place = {"outcome": full.outcome, "estimator": full.estimator}
        if full.coefficients is not None:
            yield full.coefficients.assign(**place, status="ok", reason="")
        elif full.status != "ok":
            yield pd.DataFrame([place | {"status": full.status, "reason": full.reason}])


def _detail_parts(fulls: Sequence[FullResult]) -> Mapping[str, list[pd.DataFrame]]:
    """Return the tables that fits bring along, outcome and estimator first."""
    parts: dict[str, list[pd.DataFrame]] = {}
    for full in fulls:
        place = pd.DataFrame([{"outcome": full.outcome, "estimator": full.estimator}])
        for name, frame in full.details.items():
            parts.setdefault(_slug(name), []).append(place.merge(frame, how="cross"))
    return parts


def _slug(name: str) -> str:
    """Return a name that is safe as a file name: lower case letters, digits and underscores."""
    return re.sub(r"[^a-z0-9_]+", "_", name.lower())[:64]


def _scenario_parts(
    results: RunResults, panels: Mapping[str, Panel], folder: RunFolder
) -> Mapping[str, list[pd.DataFrame]]:
    """Return the parts of every scenario table: what the data say, what estimators answer, and fits alone."""
    parts: dict[str, list[pd.DataFrame]] = {}
    any_panel = panels[results.outcomes[0]]
    for entry in results.study.scenarios:
        # Why one has none stands in the warnings.
        for name, frame in (attempt(partial(entry.scenario.describe, any_panel)).value or {}).items():
            parts.setdefault(name, []).append(frame.assign(scenario=entry.id))
    for name, frames in answer_parts(results.study, [*results.fulls, *results.in_parts]).items():
        parts.setdefault(name, []).extend(frames)
    for name, frame in rows_of_fits(results.fulls):
        parts.setdefault(name, []).append(frame)
    tested = list(effect_tests(results, panels, folder))
    if tested:
        parts.setdefault(EFFECT_TESTS.name, []).extend(tested)
    return parts
