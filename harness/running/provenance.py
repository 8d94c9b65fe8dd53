"""Where a run came from, and the manifest that says so."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.data.build import PanelBuilder
from harness.data.prepare.row_steps import Log
from harness.estimators.guard import Attempt
from harness.estimators.protocol import absorbs_entities, n_candidates
from harness.evaluation.fold_fit import FoldResult
from harness.evaluation.protocol import ALL_ROWS_PREPARED
from harness.findings.table import RULES_VERSION
from harness.language import to_json
from harness.record import manifest
from harness.record.migrations import FORMAT
from harness.registry.catalog import plain_options
from harness.running.dependence import BLAS, Environment, blas
from harness.running.options import RunOptions
from harness.running.plan import headline_records
from harness.running.prepare import Prepared
from harness.running.results import AnswerInParts, RunResults
from harness.scenarios.effect.scenario import EffectScenario
from harness.scenarios.full_fit import FullResult
from harness.scenarios.scenario import NamesExposure
from harness.study.spec.entry import IN_WORDS, EstimatorEntry, ProtocolEntry
from harness.study.spec.study import Study, Variable
from harness.tables.registry import TABLES
from harness.tables.table import ResultTable

# Share of a variable's standard deviation that rounding can leave within entities.
_NOTHING = 1e-9


def manifest_of(
    options: RunOptions,
    prepared: Prepared,
    environment: Environment,
    *,
    folder: Path,
    started: datetime,
    seconds: float | None = None,
    results: RunResults | None = None,
) -> manifest.Manifest:
    """Return the manifest of a run, without the hashes of its files.

    Parameters
    ----------
    environment : code and versions that computed it
    folder : of the run
    seconds : that the run took; None for those since it started
    results : of its tasks; None for a study that was not run
    """
    study = prepared.plan.study
    cells = () if results is None else cell_records(results.folds, [*results.fulls, *results.in_parts])
    return manifest.Manifest(
        manifest_version=str(FORMAT),
        study=replace(
            study_record(study, quick=options.quick, learns=prepared.panels.learns),
            scales=scale_records(prepared.panels, study.variables),
        ),
        data=data_record(prepared),
        spec=manifest.SpecRecord(
            path=options.spec_path(folder).as_posix(),
            sha256=prepared.loaded.document.sha256,
            overrides=options.overrides,
        ),
        versions={**environment.versions, BLAS: blas()},
        code=environment.code,
        command=options.command(folder, study.data),
        started=started.isoformat(timespec="seconds"),
        seconds=round((datetime.now(UTC) - started).total_seconds() if seconds is None else seconds, 1),
        cells=tuple(cells),
        scenario_tables=tuple(table for name, table in tables_of(study).items() if name not in TABLES),
        files={},
        rules_version=RULES_VERSION,
    )


def tables_of(study: Study) -> Mapping[str, ResultTable]:
    """Return the tables in CSV files that a run of the study may have, by name."""
    scenarios = [entry.scenario for entry in study.scenarios]
    declared = (table for one in scenarios for table in (*one.tables, *one.data_tables))
    return {**{table.name: table for table in declared}, **TABLES}


def study_record(study: Study, *, quick: bool, learns: bool) -> manifest.StudyRecord:
    """Return what is kept of a study.

    Parameters
    ----------
    quick : whether draws, splits and restarts were cut
    learns : whether a preparation step is fitted on rows
    """
    roles, evaluation = study.roles, study.evaluation
    return manifest.StudyRecord(
        id=study.study,
        quick=quick,
        **_named(study, "title", "description", "seed", "variables", "left_open", "conclusions"),
        **_named(roles, "entity", "time", "outcomes", "exposure", "moderators", "controls"),
        estimators=tuple(_estimators(study.estimators)),
        protocols=tuple(_protocols(evaluation.protocols, learns=learns)),
        **_named(evaluation, "reference", "further_references", "level", "least_gain"),
        **_named(study.report, "formats", "featured", "language", "brackets", "stars"),
        metrics=tuple(
            manifest.MetricRecord(one.id, one.metric.title, one.metric.how, to_json(one.metric.how))
            for one in evaluation.metrics
        ),
        levels=tuple(str(level) for level in roles.levels),
        primary=primary_record(study),
        headline=headline_records(study),
        negligible={
            entry.id: entry.scenario.negligible
            for entry in study.scenarios
            if isinstance(entry.scenario, EffectScenario) and entry.scenario.negligible is not None
        },
        exposures={
            entry.id: entry.scenario.exposure
            for entry in study.scenarios
            if isinstance(entry.scenario, NamesExposure) and entry.scenario.exposure is not None
        },
    )


def scale_records(
    panels: PanelBuilder, variables: Mapping[str, Variable]
) -> Mapping[str, manifest.ScaleRecord]:
    """Return how effects of each variable, and on it, are stated.

    Parameters
    ----------
    variables : what the spec says of columns
    """
    logs = {step.into: step.of for step in panels.steps if isinstance(step, Log)}
    cells, scales = panels.frame(), dict[str, manifest.ScaleRecord]()
    for name, row in panels.summary().set_index("variable").iterrows():
        given, within = variables.get(str(name), Variable()).step, float(row["sd_within"])
        is_within = within > _NOTHING * row["sd"]
        step = given or float(f"{within if is_within else row['sd']:.2g}")
        mean = float(row["mean"]) if row["min"] >= 0.0 < row["mean"] else None
        scale = manifest.ScaleRecord(
            step=step if step > 0.0 else None,
            step_of="spec" if given else "within" if is_within else "all",
            mean=mean,
        )
        if name in logs:
            scale = manifest.ScaleRecord("log", source=logs[str(name)])
        elif not given and set(cells[name].unique()) == {0.0, 1.0}:
            scale = manifest.ScaleRecord("binary", mean=mean)
        scales[str(name)] = scale
    return scales


def primary_record(study: Study) -> manifest.PrimaryRecord | None:
    """Return the primary effect; where none is declared the first number asked, and None without one."""
    estimators = {entry.id: entry.estimator for entry in study.estimators}
    asked = [
        (entry, entry.scenario, form)
        for entry in study.scenarios
        if isinstance(entry.scenario, EffectScenario) and (form := entry.scenario.leading_form) is not None
    ]
    for entry, scenario, form in sorted(asked, key=lambda one: not one[0].primary):
        learner = next(iter(scenario.respondents(estimators)))
        return manifest.PrimaryRecord(entry.id, scenario.methods[0], form, learner, entry.primary)
    return None


def _named(part: object, *names: str) -> dict[str, Any]:
    """Return what a record has of something under the same names, sequences as tuples."""
    values = ((name, getattr(part, name)) for name in names)
    return {name: tuple(value) if isinstance(value, list | tuple) else value for name, value in values}


def _estimators(entries: Sequence[EstimatorEntry]) -> Iterator[manifest.EstimatorRecord]:
    labels = _unique_names({entry.id: entry.label or entry.id + IN_WORDS[entry.target] for entry in entries})
    for entry in entries:
        own = {
            name: value
            for name in ("entity_means", "exposure", "controls", "target", "regressors", "split_unit", "rows")
            if (value := getattr(entry, name))
            != EstimatorEntry.model_fields[name].get_default(call_default_factory=True)
        }
        yield manifest.EstimatorRecord(
            **_named(entry, "id", "use"),
            label=labels[entry.id],
            options=plain_options(entry.estimator) | plain_options(own),
            has_levels=absorbs_entities(entry.estimator),
            n_candidates=n_candidates(entry.estimator),
        )


def _protocols(entries: Sequence[ProtocolEntry], *, learns: bool) -> Iterator[manifest.ProtocolRecord]:
    titles = _unique_names({entry.id: entry.protocol.title for entry in entries})
    for entry in entries:
        leaks = tuple(leak for leak in entry.protocol.leaks if learns or leak != ALL_ROWS_PREPARED)
        how = entry.protocol.how
        yield manifest.ProtocolRecord(entry.id, entry.use, titles[entry.id], how, leaks, to_json(how))


def _unique_names(names: Mapping[str, str]) -> Mapping[str, str]:
    """Return names by id, of which those that are alike carry their ids."""
    times = Counter(names.values())
    return {key: f"{name}, {key}" if times[name] > 1 else name for key, name in names.items()}


def data_record(prepared: Prepared) -> manifest.DataRecord:
    """Return what is kept of the data."""
    panel = prepared.panels.panel(prepared.plan.study.roles.outcomes[0])
    return manifest.DataRecord(
        **_named(prepared.table, "origin", "title", "source", "sha256", "simulated"),
        **_named(panel, "n_obs", "n_entities", "n_periods"),
        balanced=panel.n_obs == panel.n_entities * panel.n_periods,
        first_period=panel.time.labels[int(panel.time.codes[panel.period.argmin()])],
        last_period=panel.time.labels[int(panel.time.codes[panel.period.argmax()])],
        title_code=to_json(prepared.table.title),
        source_code=to_json(prepared.table.source),
        n_read=prepared.n_read,
    )


def cell_records(
    folds: Iterable[FoldResult], answered: Iterable[FullResult | AnswerInParts]
) -> Iterator[manifest.CellRecord]:
    """Yield how every cell ended: folds, fits on all rows and answers to scenarios."""
    for fold in folds:
        memory = None if math.isnan(fold.memory) else round(fold.memory)
        yield _record(fold.label, fold, fold.seconds, memory)
    for full in answered:
        if isinstance(full, FullResult):
            yield _record(full.label, full, full.seconds)
        for scenario, answer in full.answers.items():
            seconds = 0.0 if isinstance(full, FullResult) else full.seconds
            place = f"{full.outcome} · {full.estimator} · {scenario}"
            yield _record(place, answer, seconds)


def _record(
    cell: str, ended: FoldResult | FullResult | Attempt[Any], seconds: float, memory: int | None = None
) -> manifest.CellRecord:
    reason = ended.reason
    return manifest.CellRecord(cell, ended.status, reason, round(seconds, 3), memory, to_json(reason))
