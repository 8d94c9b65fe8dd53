"""Write the tables of a run from the results of its tasks."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial

import pandas as pd

from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.estimators.guard import attempt
from harness.estimators.protocol import absorbs_periods
from harness.evaluation.protocol import TOUCHES_TEST_ROWS
from harness.evaluation.residual_tests import encompassing_test, geography_of, harris_tzavalis, moran_test
from harness.findings.run import Rule, Run
from harness.record.decisions import decided
from harness.record.manifest import Manifest, StudyRecord
from harness.rng import random_stream
from harness.running.comparison import write_comparison, write_variations
from harness.running.csv_table import as_declared
from harness.running.folder import RunFolder
from harness.running.isolation import one_thread
from harness.running.provenance import tables_of
from harness.running.results import RunResults, TableStore, answer_parts
from harness.running.warnings import run_notes, warnings_table
from harness.scenarios.bands import equal_curves_test
from harness.scenarios.curve.binned import binned_scatter
from harness.scenarios.curve.scenario import CurveScenario
from harness.scenarios.effect.linearity import linearity_test
from harness.scenarios.effect.scenario import EffectScenario
from harness.scenarios.full_fit import FullResult
from harness.scenarios.truth import CanTellTruth, place_errors, true_fit, truth_errors
from harness.study.expectations.cell import check_expectations, expectations_table
from harness.study.expectations.claims_table import claims_table
from harness.study.expectations.curve_claim import SOURCES
from harness.study.spec.study import Study
from harness.study.variation import change_rows
from harness.tables.coefficients import COEFFICIENTS
from harness.tables.curves import BINNED_SCATTER, CURVE_DRAWS
from harness.tables.effects import EFFECT_TESTS, EQUAL_CURVES, UNIT_ROOT
from harness.tables.findings import FINDINGS
from harness.tables.registry import TABLES
from harness.tables.table import DETAILS, ResultTable, coded
from harness.tables.variations import VARIATIONS
from harness.text.render import findings_table


def effect_tests(results: RunResults, folder: TableStore) -> Iterator[pd.DataFrame]:
    """Yield a row for each test: of unit roots and curves, and of debiased effects where any are asked.

    Parameters
    ----------
    folder : that holds the predictions, which are read where effects are asked: of a large panel they are
        gigabytes
    """
    for outcome, panel in results.all_rows.items():
        yield from unit_roots(panel)
        yield from _equal_curves(results, outcome)
    if not _effects(results.study):
        return
    predictions = folder.read_parquet("predictions")
    for outcome, panel in results.all_rows.items():
        yield from linearity_tests(results.study, panel)
        rows = predictions[predictions["outcome"] == outcome]
        yield from _encompassing(results, rows, outcome)
        yield from _spatial(results, rows, panel)


def unit_roots(panel: Panel) -> Iterator[pd.DataFrame]:
    """Yield a test that outcome and a continuous exposure have unit roots, where periods are enough."""
    exposure = {} if panel.levels else {panel.exposure: panel.column(panel.exposure)}
    for name, values in {panel.outcome: panel.observed, **exposure}.items():
        found = harris_tzavalis(panel, values)
        if found is not None:
            subject = {"outcome": panel.outcome, "exposure": panel.exposure, "test": UNIT_ROOT}
            yield pd.DataFrame([subject | {"against": name} | vars(found) | {"status": "ok"}])


def linearity_tests(study: Study, panel: Panel) -> Iterator[pd.DataFrame]:
    """Yield a row for each exposure that debiased effects are asked of; the panel is of one outcome."""
    for exposure in dict.fromkeys(scenario.exposure or study.roles.exposure for scenario in _effects(study)):
        place = {"outcome": panel.outcome, "exposure": exposure, "test": "linearity"}
        rng = random_stream(study.seed, "linearity", panel.outcome, exposure)
        tried = attempt(partial(linearity_test, panel.with_exposure(exposure), rng=rng))
        numbers = vars(tried.value) if tried.value else {}
        yield pd.DataFrame([place | numbers | tried.how])


def _effects(study: Study) -> list[EffectScenario]:
    return [entry.scenario for entry in study.scenarios if isinstance(entry.scenario, EffectScenario)]


def _encompassing(results: RunResults, predictions: pd.DataFrame, outcome: str) -> Iterator[pd.DataFrame]:
    """Yield whether each estimator adds to each reference, where test rows are kept apart."""
    place = {"outcome": outcome, "exposure": results.study.roles.exposure, "test": "encompassing"}
    sizes = predictions.groupby(["protocol", "sample"], observed=True).size()
    for protocol, by_estimator in _honest_predictions(results, predictions):
        share = float(sizes[protocol, "test"] / sizes[protocol, "train"])
        for reference in results.study.evaluation.references:
            for rival in results.estimators:
                if rival == reference or reference not in by_estimator or rival not in by_estimator:
                    continue
                found = encompassing_test(by_estimator[rival], by_estimator[reference], test_to_train=share)
                if found is not None:
                    named = {"estimator": rival, "against": reference, "protocol": protocol, "status": "ok"}
                    yield pd.DataFrame([place | named | vars(found)])


def _honest_predictions(
    results: RunResults, predictions: pd.DataFrame
) -> Iterator[tuple[str, Mapping[str, pd.DataFrame]]]:
    """Yield the protocols that keep test rows apart, with the predictions of these rows by estimator."""
    test = predictions[predictions["sample"] == "test"]
    for entry in results.study.evaluation.protocols:
        if not TOUCHES_TEST_ROWS.intersection(leak.code for leak in entry.protocol.leaks):
            rows = test[test["protocol"] == entry.id]
            if len(rows):
                groups = rows.groupby("estimator", observed=True)
                yield entry.id, {str(name): group for name, group in groups}


def _equal_curves(results: RunResults, outcome: str) -> Iterator[pd.DataFrame]:
    """Yield whether the curve of each estimator has the shape of that of each reference."""
    place = {"outcome": outcome, "test": EQUAL_CURVES}
    exposures = {
        entry.id: entry.scenario.exposure or results.study.roles.exposure
        for entry in results.study.scenarios
        if isinstance(entry.scenario, CurveScenario)
    }
    # Rows of their own are resampled on their own.
    of_all_rows = {entry.id for entry in results.study.estimators if not entry.rows}
    drawn = {
        (scenario, full.estimator): answer.value[CURVE_DRAWS.name]
        for full in results.fulls
        if full.outcome == outcome and full.estimator in of_all_rows
        for scenario, answer in full.answers.items()
        if answer.value is not None and CURVE_DRAWS.name in answer.value
    }
    for scenario, rival in drawn:
        for reference in results.study.evaluation.references:
            if rival == reference or (scenario, reference) not in drawn:
                continue
            rng = random_stream(results.study.seed, "equal curves", outcome, scenario, rival, reference)
            found = equal_curves_test(drawn[scenario, rival], drawn[scenario, reference], rng)
            if found is not None:
                n_entities = results.panels.panel(outcome).n_entities
                named = {"estimator": rival, "against": reference, "n_entities": n_entities, "status": "ok"}
                named |= {"exposure": exposures.get(scenario, results.study.roles.exposure)}
                yield pd.DataFrame([place | named | vars(found)])


def _spatial(results: RunResults, predictions: pd.DataFrame, panel: Panel) -> Iterator[pd.DataFrame]:
    """Yield whether residuals of test rows go together in near entities, for each estimator."""
    place = {"outcome": panel.outcome, "exposure": results.study.roles.exposure, "test": "moran"}
    geography = geography_of(panel)
    if geography is None:
        return
    for protocol, by_estimator in _honest_predictions(results, predictions):
        for estimator in results.estimators:
            if estimator not in by_estimator:
                continue
            rng = random_stream(results.study.seed, "moran", panel.outcome, protocol)
            found = moran_test(by_estimator[estimator], geography, rng)
            if found is not None:
                named = {"estimator": estimator, "protocol": protocol, "status": "ok"}
                yield pd.DataFrame([place | named | vars(found)])


# Kinds of places of a curve; those of a conditional effect are thresholds.
TURNS = ("minimum", "maximum")


def truth_parts(results: RunResults) -> Iterator[pd.DataFrame]:
    """Yield the truth for every outcome and scenario; nothing where data are not simulated.

    Nothing of a scenario that refuses the panel either: the rows of its answers have the reason.
    """
    for outcome, panel in results.all_rows.items():
        fit = true_fit(results.study.data.simulate, panel)
        if fit is None:
            continue
        for entry in results.study.scenarios:
            if isinstance(entry.scenario, CanTellTruth):
                with suppress(EstimationError):
                    rows = pd.DataFrame([dict(row) for row in entry.scenario.truth(fit, panel)])
                    yield rows.assign(outcome=outcome, scenario=entry.id)


def error_parts(folder: TableStore, truth: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield the errors of every kind of answer that has a truth."""
    for rows, columns in _answers(folder):
        yield truth_errors(rows, truth, columns=columns)
    turns, changes = folder.read_table("turning_points"), folder.read_table("thresholds")
    if len(turns):
        yield place_errors(_done(turns), truth[truth["kind"].isin(TURNS)].assign(place=truth["at"]))
    if len(changes):
        own = truth[truth["kind"] == "threshold"].assign(place=truth["moderator_at"])
        found = changes.assign(kind=changes["kind"].where(changes["kind"] == "none", "threshold"))
        yield place_errors(_done(found), own)


# Rows with an estimate and its pointwise limits, and the columns that tell those of a kind apart.
_Answers = tuple[pd.DataFrame, tuple[str, ...]]

_OF_MEDIANS = {"median": "estimate", "median_low": "conf_low", "median_high": "conf_high"}

# Answers that have a truth: their table, their kind where the table has none, the columns that tell them
# apart, and what is called otherwise in the table.
_ANSWERS: tuple[tuple[str, str, tuple[str, ...], dict[str, str]], ...] = (
    ("curves", "", ("at",), {}),
    ("heterogeneity", "effect", ("group",), {"effect": "estimate"}),
    ("heterogeneity", "median", ("group",), _OF_MEDIANS),
    ("conditional_effects", "conditional_effect", ("moderator_at",), {"effect": "estimate"}),
    ("surfaces", "surface", ("at", "moderator_at"), {"exposure_at": "at"}),
)

# What the rows that are compared with a truth hold, where a table has such a column.
_COMPARED = {"band": "pointwise", "supported": "True", "mode": "pooled"}


def _answers(folder: TableStore) -> Iterator[_Answers]:
    """Yield the answers of every kind that has a truth."""
    for name, kind, columns, renamed in _ANSWERS:
        rows = _compared(folder.read_table(name))
        if len(rows):
            rows = rows.drop(columns=list(renamed.values()), errors="ignore").rename(columns=renamed)
            yield rows.assign(kind=kind) if kind else rows, columns
    contrasts = _compared(folder.read_table("contrasts"))
    if len(contrasts):
        yield from _contrasts(contrasts)


def _compared(rows: pd.DataFrame) -> pd.DataFrame:
    for column, held in _COMPARED.items():
        if column in rows:
            rows = rows[rows[column].astype(str) == held]
    return rows


def _contrasts(rows: pd.DataFrame) -> Iterator[_Answers]:
    """Yield the contrasts with the least value: of all rows, of groups, at moderator values."""
    least = rows[rows["exposure_from"] == rows["exposure_from"].min()]
    own = least.rename(columns={"exposure_to": "at"}).assign(kind="contrast")
    of_group, at_moderator = own["group"].notna(), own["moderator_at"].notna()
    for chosen, columns in (
        (~of_group & ~at_moderator, ("at",)),
        (of_group, ("at", "group")),
        (at_moderator, ("at", "moderator_at")),
    ):
        if chosen.any():
            yield own[chosen], columns


def _done(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["status"] == "ok"]


@one_thread()
def write_tables(folder: TableStore, results: RunResults, study: StudyRecord) -> None:
    """Write all tables but those of findings and of expectations, which look into the others.

    Parameters
    ----------
    study : as the manifest has it
    """
    write_comparison(folder, results)
    coefficients = as_declared(COEFFICIENTS, _coefficients(results.fulls))
    folder.write_table(COEFFICIENTS.name, decided(coefficients, COEFFICIENTS.name, study))
    for name, parts in _detail_parts(results.fulls).items():
        detail = f"{DETAILS}{name}"
        folder.write_table(detail, decided(pd.concat(parts, ignore_index=True), detail, study))
    declared = tables_of(results.study)
    for name, parts in _scenario_parts(results, folder).items():
        folder.write_table(name, decided(as_declared(declared[name], parts), name, study))
    true = list(truth_parts(results))
    if true:
        _write(folder, TABLES["truth"], true)
        _write(folder, TABLES["truth_errors"], error_parts(folder, folder.read_table("truth")))
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
    tested = list(effect_tests(results, folder))
    if tested:
        parts[EFFECT_TESTS.name] += tested
    return parts
