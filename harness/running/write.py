"""Write the tables of a run from the results of its tasks."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

import pandas as pd

from harness.estimators.guard import attempt
from harness.estimators.protocol import absorbs_periods
from harness.findings.run import Rule, Run
from harness.record.decisions import decided
from harness.record.manifest import Manifest, StudyRecord
from harness.running.comparison import write_comparison, write_variations
from harness.running.folder import RunFolder
from harness.running.isolation import one_thread
from harness.running.provenance import tables_of
from harness.running.results import RunResults, TableStore, answer_parts
from harness.running.warnings import run_notes, warnings_table
from harness.scenarios.curve.binned import binned_scatter
from harness.scenarios.curve.scenario import CurveScenario
from harness.scenarios.effect_tests import effect_tests
from harness.scenarios.full_fit import FullResult
from harness.scenarios.truth import error_parts, truth_parts
from harness.study.expectations.cell import check_expectations, expectations_table
from harness.study.expectations.claims_table import claims_table
from harness.study.expectations.curve_claim import SOURCES
from harness.study.spec.study import Study
from harness.study.variation import change_rows
from harness.tables.coefficients import COEFFICIENTS
from harness.tables.csv_table import as_declared
from harness.tables.curves import BINNED_SCATTER
from harness.tables.effects import EFFECT_TESTS
from harness.tables.findings import FINDINGS
from harness.tables.registry import TABLES
from harness.tables.table import DETAILS, ResultTable, coded
from harness.tables.variations import VARIATIONS
from harness.text.render import findings_table


@one_thread()
def write_tables(folder: TableStore, results: RunResults, study: StudyRecord) -> None:
    """Write all tables but those of findings and of expectations, which look into the others.

    Parameters
    ----------
    study : as the manifest has it
    """
    write_comparison(folder, results, study)
    coefficients = as_declared(COEFFICIENTS, _coefficients(results.fulls))
    folder.write_table(COEFFICIENTS.name, decided(coefficients, COEFFICIENTS.name, study))
    for name, parts in _detail_parts(results.fulls).items():
        detail = f"{DETAILS}{name}"
        folder.write_table(detail, decided(pd.concat(parts, ignore_index=True), detail, study))
    declared = tables_of(results.study)
    for name, parts in _scenario_parts(results, folder).items():
        folder.write_table(name, decided(as_declared(declared[name], parts), name, study))
    true = list(truth_parts(results.study, results.all_rows))
    if true:
        _write(folder, TABLES["truth"], true)
        _write(folder, TABLES["truth_errors"], error_parts(folder.read_table))
    write_variations(folder, results)
    _write(folder, TABLES["preparation"], [results.panels.steps_table()])
    filled = results.panels.filled_table()
    if len(filled):
        _write(folder, TABLES["interpolated"], [filled])
    _write(folder, TABLES["summary"], [results.panels.summary()])
    folder.write_table("warnings", warnings_table(run_notes(results)))
    if results.study.claims:
        written = {name: folder.read_table(name) for name in SOURCES}
        _write(folder, TABLES["claims"], [claims_table(results.study, written)])


@one_thread()
def write_conclusions(folder: RunFolder, study: Study, manifest: Manifest, rules: Sequence[Rule]) -> None:
    """Write what follows from the other tables: findings, and what was expected of them and of the others.

    Parameters
    ----------
    manifest : of the run, without the hashes of its files
    rules : on the tables, of the harness and of plugins
    """
    folder.write_table(FINDINGS.name, findings_table(Run(manifest, folder), rules))
    if study.expect:
        found = expectations_table(check_expectations(study.expect, folder.read_table))
        _write(folder, TABLES["expectations"], [found])


def _write(folder: TableStore, table: ResultTable, parts: Iterable[pd.DataFrame]) -> None:
    folder.write_table(table.name, as_declared(table, parts))


def _coefficients(fulls: Sequence[FullResult]) -> Iterator[pd.DataFrame]:
    for full in fulls:
        place = {"outcome": full.outcome, "estimator": full.estimator}
        if full.coefficients is not None:
            yield full.coefficients.assign(**place, status="ok", reason="")
        elif full.status != "ok":
            yield pd.DataFrame([coded(place | {"status": full.status, "reason": full.reason})])


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


def _scenario_parts(results: RunResults, folder: TableStore) -> Mapping[str, list[pd.DataFrame]]:
    """Return the parts of every scenario table: what the data say, what estimators answer, and fits alone."""
    parts: dict[str, list[pd.DataFrame]] = defaultdict(list)
    any_panel = results.all_rows[results.outcomes[0]]
    if results.prepared.plan.varied:
        changes = change_rows(one.variation for one in results.prepared.plan.varied)
        parts[VARIATIONS.name].append(pd.DataFrame(changes).assign(scenario=""))
    for entry in results.study.scenarios:
        # Why one has none stands in the warnings.
        for name, frame in (attempt(partial(entry.scenario.describe, any_panel)).value or {}).items():
            parts[name].append(frame.assign(scenario=entry.id))
    by_period = any(absorbs_periods(entry.estimator) for entry in results.study.estimators)
    for entry in results.study.scenarios:
        for panel in results.all_rows.values() if isinstance(entry.scenario, CurveScenario) else ():
            about = panel.with_exposure(entry.scenario.exposure or panel.exposure)
            made = binned_scatter(about, by_period=by_period, level=entry.scenario.level)
            parts[BINNED_SCATTER.name].append(made.assign(scenario=entry.id))
    for name, frames in answer_parts(results.study, results.fulls, results.in_parts).items():
        parts[name] += frames
    predictions = partial(folder.read_parquet, "predictions")
    tested = list(effect_tests(results.study, results.all_rows, results.fulls, predictions))
    if tested:
        parts[EFFECT_TESTS.name] += tested
    return parts
