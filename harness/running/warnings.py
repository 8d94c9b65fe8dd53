"""The warnings of a run as one table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import chain

import pandas as pd

from harness.arrays import skewness
from harness.data.panel import Panel
from harness.data.prepare.panel_steps import Lag
from harness.errors import PluginError
from harness.estimators.guard import attempt
from harness.estimators.protocol import absorbs_entities
from harness.evaluation.fold_fit import FoldResult
from harness.language import Coded, marked
from harness.running.prepare import Prepared
from harness.running.results import RunResults
from harness.scenarios.full_fit import FullResult
from harness.study.spec.entry import ScenarioEntry
from harness.study.spec.study import Study
from harness.tables.preparation import WARNINGS, Note
from harness.tables.table import coded
from harness.text.gains import NICKELL

# Beyond this skewness an outcome in levels is one of a few rows; an exponential distribution has 2.
EXTREME_SKEWNESS = 3.0

# Below this many entities an entity bootstrap and clustered errors are rough.
ENTITIES_FOR_BOOTSTRAP = 20


def within(note: Note, *places: str) -> Note:
    """Return a note with more general places before its own."""
    return replace(note, where=" · ".join(filter(None, (*places, note.where))))


def fit_notes(folds: Iterable[FoldResult], fulls: Iterable[FullResult]) -> Iterator[Note]:
    """Return what the fits had to say: one note for each code and place, the fit on all rows first.

    A place that the fit on all rows says nothing of is told with the protocols whose fits do.
    """
    alike: dict[tuple[str, str], dict[str, None]] = {}
    for full in fulls:
        for note in full.notes:
            own = within(note, full.outcome, full.estimator)
            alike.setdefault((own.code, own.where), {})[own.message] = None
    of_all_rows = frozenset(alike)
    protocols: dict[tuple[str, str], dict[str, None]] = {}
    for fold in folds:
        for note in fold.predictions.notes if fold.predictions is not None else ():
            own = within(note, fold.cell.outcome, fold.cell.estimator)
            alike.setdefault((own.code, own.where), {})[own.message] = None
            if (own.code, own.where) not in of_all_rows:
                protocols.setdefault((own.code, own.where), {})[fold.cell.protocol] = None
    for (code, where), (message, *others) in alike.items():
        by = ", ".join(protocols.get((code, where), ()))
        yield within(Note(code, by, _with_others(message, len(others))), where)


def _with_others(message: str, n_more: int) -> str:
    if n_more == 0:
        return message
    if n_more == 1:
        return Coded("{message} (one more fit has the same warning with other numbers)", message=message)
    return Coded(
        "{message} ({n} more fits have the same warning with other numbers)", message=message, n=n_more
    )


def unseen_notes(folds: Iterable[FoldResult]) -> Iterator[Note]:
    """Return how many test rows each cell predicted with a mean effect, their entity or period being new."""
    counts: dict[tuple[str, str, str], list[int]] = {}
    for result in folds:
        if result.predictions is not None and result.predictions.n_unseen:
            cell = result.cell
            count = counts.setdefault((cell.outcome, cell.estimator, cell.protocol), [0, 0])
            count[0] += result.predictions.n_unseen
            count[1] += result.predictions.test.size
    message = marked(
        "{unseen} of {rows} test rows have an entity, period or category not used in training; "
        "they are predicted with the mean effect"
    )
    for key, (unseen, rows) in counts.items():
        yield Note("W-UNSEEN", " · ".join(key), Coded(message, unseen=unseen, rows=rows))


def prepared_on_all_rows_notes(study: Study, *, learns: bool) -> Iterator[Note]:
    """Return which protocols let preparation steps learn from their test rows, where there are such steps."""
    message = marked("preparation steps that are estimated use all rows, including the test rows")
    for entry in study.evaluation.protocols:
        if learns and entry.protocol.prepared_on == "all":
            yield Note("W-PREPARED-ALL", entry.id, message)


def scenario_notes(entries: Iterable[ScenarioEntry], panel: Panel) -> Iterator[Note]:
    """Return what the scenarios warn of, each under its id."""
    for entry in entries:
        tried = [attempt(partial(ask, panel)) for ask in (entry.scenario.notes, entry.scenario.describe)]
        notes = [*(tried[0].value or ()), *(_omitted(one.reason) for one in tried if one.reason)]
        for note in notes:
            if not isinstance(note, Note):
                raise PluginError.returned(note, "a harness.plugin.Note", by=f"scenario {entry.id}: notes")
            yield within(note, entry.id)


def _omitted(reason: str) -> Note:
    message = marked("the scenario's results on the data alone are missing: {reason}")
    return Note("W-SCENARIO", "", Coded(message, reason=reason))


def skewed_outcome_notes(panels: Mapping[str, Panel]) -> Iterator[Note]:
    """Return a warning for every outcome in which a few rows weigh more than all others."""
    for outcome, panel in panels.items():
        found = skewness(panel.observed)
        if abs(found) > EXTREME_SKEWNESS:
            message = Coded(
                "the outcome has a skewness of {skewness}: a few rows dominate squared errors and "
                "hence gains; results for its logarithm may differ",
                skewness=f"{found:.1f}",
            )
            yield Note("W-SKEW", outcome, message)


def group_notes(entries: Iterable[ScenarioEntry], panel: Panel) -> Iterator[Note]:
    """Yield a warning for every scenario whose rows are all in one group."""
    for entry in entries:
        for name in entry.scenario.columns:
            key = panel.group(name)
            if key.n_present == 1:
                template = marked(
                    "all rows are in one group of {name}, {group}: there is none to compare it with"
                )
                message = Coded(template, name=repr(name), group=repr(key.labels[key.codes[0]]))
                yield Note("W-ONEGROUP", entry.id, message)


def lagged_outcome_notes(study: Study, *, n_periods: int) -> Iterator[Note]:
    """Yield a warning for every estimator with entity effects next to the outcome of an earlier period."""
    roles = study.roles
    for outcome in roles.outcomes:
        lags = (step for step in study.data.steps if isinstance(step, Lag) and step.of == outcome)
        lagged = ", ".join(step.into for step in lags if step.into in roles.regressors)
        message = Coded(NICKELL, lagged=lagged, entity=roles.entity, n_periods=n_periods)
        for entry in study.estimators:
            if lagged and absorbs_entities(entry.estimator):
                yield Note("W-NICKELL", f"{outcome} · {entry.id}", message)


def few_entities_note(n_entities: int) -> Iterator[Note]:
    """Return a warning where intervals rest on few entities."""
    if n_entities >= ENTITIES_FOR_BOOTSTRAP:
        return
    message = Coded(
        "intervals and tests are based on {n_entities} entities; with fewer than {FEW_ENTITIES} "
        "they are approximate",
        n_entities=n_entities,
        FEW_ENTITIES=ENTITIES_FOR_BOOTSTRAP,
    )
    yield Note("W-FEWENTITIES", marked("panel"), message)


def study_notes(prepared: Prepared) -> Iterator[Note]:
    """Yield what a reader is warned of by the study and its data, before anything is fitted."""
    study, panels = prepared.plan.study, prepared.panels
    all_rows = {outcome: prepared.plan.panels.panel(outcome) for outcome in study.roles.outcomes}
    any_panel = next(iter(all_rows.values()))
    yield from panels.notes
    yield from scenario_notes(study.scenarios, any_panel)
    yield from group_notes(study.scenarios, any_panel)
    yield from prepared_on_all_rows_notes(study, learns=panels.learns)
    yield from lagged_outcome_notes(study, n_periods=any_panel.n_periods)
    yield from few_entities_note(any_panel.n_entities)
    yield from skewed_outcome_notes(all_rows)


def run_notes(results: RunResults) -> list[Note]:
    """Return everything that a reader of a run is warned of."""
    fits = (fit_notes(results.folds, results.fulls), unseen_notes(results.folds))
    return [*study_notes(results.prepared), *chain(*fits)]


def warnings_table(notes: Iterable[Note]) -> pd.DataFrame:
    """Return notes as a table, each once, sorted by code and place."""
    rows = sorted(set(notes))
    return pd.DataFrame([coded(vars(note)) for note in rows], columns=list(WARNINGS.columns))
