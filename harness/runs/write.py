"""Write the tables of a run from the results of its tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from harness.data.build import PanelBuilder
from harness.data.note import Note
from harness.data.panel import Panel
from harness.evaluation.decomposition import decomposition_table
from harness.evaluation.fold import Fold
from harness.evaluation.fold_fit import FoldResult
from harness.evaluation.tables import SAMPLES, Bootstrap, accuracy_table, gain_table
from harness.runs.claims.here import SOURCES
from harness.runs.claims.table import claims_table
from harness.runs.folder import RunFolder
from harness.runs.gather import Missing, in_order, missing_cells, predictions_table, status_rows
from harness.runs.tables import slug, table
from harness.runs.warnings import (
    few_entities_note,
    fit_notes,
    prepared_on_all_rows_notes,
    unseen_notes,
    warnings_table,
)
from harness.scenarios.full_fit import FullResult
from harness.spec.study import Study


@dataclass(frozen=True, eq=False)
class Results:
    """Everything that the tasks of a study returned.

    Attributes
    ----------
    study : as it ran
    panels : builder of the panels
    folds_of : folds by protocol
    refused : cells of protocols that the panel is too small for
    folds, fulls : results, in the order of the tasks
    """

    study: Study
    panels: PanelBuilder
    folds_of: Mapping[str, Sequence[Fold]]
    refused: Sequence[Missing]
    folds: Sequence[FoldResult]
    fulls: Sequence[FullResult]

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Outcomes in the order of the spec."""
        return self.study.roles.outcomes

    @property
    def estimators(self) -> tuple[str, ...]:
        """Estimators in the order of the spec."""
        return tuple(entry.id for entry in self.study.estimators)

    @property
    def order(self) -> Mapping[str, Sequence[str]]:
        """Order of the rows of a comparison."""
        protocols = tuple(entry.id for entry in self.study.evaluation.protocols)
        return {
            "outcome": self.outcomes,
            "protocol": protocols,
            "sample": tuple(SAMPLES),
            "estimator": self.estimators,
        }


def write_tables(folder: RunFolder, results: Results) -> None:
    """Write predictions, accuracy, gain, coefficients, scenario tables, variables, warnings and claims."""
    panels = {outcome: results.panels.panel(outcome) for outcome in results.outcomes}
    _write_comparison(folder, results, panels)
    folder.write_table("coefficients", table("coefficients", _coefficients(results.fulls)))
    for name, parts in _detail_parts(results.fulls).items():
        folder.write_table(f"details/{name}", pd.concat(parts, ignore_index=True))
    for name, parts in _scenario_parts(results, panels).items():
        folder.write_table(name, table(name, parts))
    folder.write_table("summary", table("summary", [results.panels.summary()]))
    folder.write_table("warnings", warnings_table(_notes(results, panels)))
    if results.study.claims:
        written = {name: folder.read_table(name) for name in SOURCES}
        folder.write_table("claims", table("claims", [claims_table(results.study, written)]))


def _write_comparison(folder: RunFolder, results: Results, panels: Mapping[str, Panel]) -> None:
    missing = [*results.refused, *missing_cells(results.folds)]
    folds = {(protocol, fold.name): fold for protocol, folds in results.folds_of.items() for fold in folds}
    predictions = predictions_table(results.folds, panels=panels, folds=folds, missing=missing)
    folder.write_parquet("predictions", predictions)
    holes = status_rows(missing, SAMPLES)
    accuracies = table("accuracy", [accuracy_table(predictions), holes])
    folder.write_table("accuracy", in_order(accuracies, results.order))
    evaluation = results.study.evaluation
    reference = evaluation.reference
    bootstrap = Bootstrap(evaluation.level, evaluation.draws, results.study.seed)
    gains = gain_table(predictions, reference=reference, bootstrap=bootstrap)
    protocols = {entry.use: entry.id for entry in evaluation.protocols}
    parts = decomposition_table(predictions, reference=reference, protocols=protocols, bootstrap=bootstrap)
    folder.write_table("decomposition", table("decomposition", [parts]))
    without_gain = status_rows(_without_gain(missing, results), SAMPLES).assign(reference=reference)
    folder.write_table("gain", in_order(table("gain", [gains, without_gain]), results.order))


def _without_gain(missing: Sequence[Missing], results: Results) -> Iterator[Missing]:
    """Yield cells without a gain: their own predictions are missing, or the reference's are."""
    reference = results.study.evaluation.reference
    own = {(one.outcome, one.protocol, one.estimator): one for one in missing}
    for outcome in results.outcomes:
        for protocol in results.folds_of:
            for estimator in results.estimators:
                if estimator == reference:
                    continue
                if (outcome, protocol, estimator) in own:
                    yield own[outcome, protocol, estimator]
                elif (outcome, protocol, reference) in own:
                    reason = f"the reference '{reference}' has no predictions: "
                    hole = own[outcome, protocol, reference]
                    yield Missing(outcome, estimator, protocol, hole.status, reason + hole.reason)


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
            parts.setdefault(slug(name), []).append(place.merge(frame, how="cross"))
    return parts


def _scenario_parts(results: Results, panels: Mapping[str, Panel]) -> Mapping[str, list[pd.DataFrame]]:
    """Return the parts of every scenario table: what the data say, then what the estimators answer."""
    parts: dict[str, list[pd.DataFrame]] = {}
    any_panel = panels[results.outcomes[0]]
    for entry in results.study.scenarios:
        for name, frame in entry.scenario.describe(any_panel).items():
            parts.setdefault(name, []).append(frame.assign(scenario=entry.id))
        for name in entry.scenario.tables:
            parts.setdefault(name, [])
    for full in results.fulls:
        for answer in full.answers:
            place = {"outcome": full.outcome, "estimator": full.estimator, "scenario": answer.scenario}
            how = {"status": answer.status, "reason": answer.reason}
            for name, frame in answer.tables.items():
                parts[name].append(frame.assign(**place, **how))
            if answer.status != "ok":
                for name in _tables_of(results.study, answer.scenario):
                    parts[name].append(pd.DataFrame([place | how]))
    return parts


def _tables_of(study: Study, scenario: str) -> tuple[str, ...]:
    return next(entry.scenario.tables for entry in study.scenarios if entry.id == scenario)


def _notes(results: Results, panels: Mapping[str, Panel]) -> list[Note]:
    any_panel = panels[results.outcomes[0]]
    return [
        *results.panels.notes,
        *fit_notes(results.folds, results.fulls),
        *unseen_notes(results.folds),
        *prepared_on_all_rows_notes(results.study, learns=results.panels.learns),
        *few_entities_note(any_panel.n_entities),
    ]
