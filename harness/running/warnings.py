"""The warnings of a run as one table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import pandas as pd

from harness.data.panel import Panel
from harness.estimators.guard import attempt
from harness.evaluation.fold_fit import FoldResult
from harness.language import Message, marked
from harness.running.results import RunResults
from harness.scenarios.full_fit import FullResult
from harness.study.spec.entry import ScenarioEntry
from harness.study.spec.study import Study
from harness.tables.preparation import Note

# Beyond this skewness an outcome in levels is one of a few rows; an exponential distribution has 2.
EXTREME_SKEWNESS = 3.0

# Below this many entities an entity bootstrap and clustered errors are rough.
FEW_ENTITIES = 20


def _of_estimator(note: Note, outcome: str, estimator: str) -> Note:
    place = f"{outcome} · {estimator}"
    return replace(note, where=f"{place} · {note.where}" if note.where else place)


def fit_notes(folds: Iterable[FoldResult], fulls: Iterable[FullResult]) -> list[Note]:
    """Return what the fits had to say: one note for each code and place, the fit on all rows first.

    A place that the fit on all rows says nothing of is told with the protocols whose fits do.
    """
    alike: dict[tuple[str, str], dict[str, None]] = {}
    for full in fulls:
        for note in full.notes:
            own = _of_estimator(note, full.outcome, full.estimator)
            alike.setdefault((own.code, own.where), {})[own.message] = None
    of_all_rows = frozenset(alike)
    protocols: dict[tuple[str, str], dict[str, None]] = {}
    for fold in folds:
        for note in fold.predictions.notes if fold.predictions is not None else ():
            own = _of_estimator(note, fold.cell.outcome, fold.cell.estimator)
            alike.setdefault((own.code, own.where), {})[own.message] = None
            if (own.code, own.where) not in of_all_rows:
                protocols.setdefault((own.code, own.where), {})[fold.cell.protocol] = None
    return [
        Note(code, _under(where, protocols.get((code, where), ())), _together(list(messages)))
        for (code, where), messages in alike.items()
    ]


def _under(where: str, protocols: Iterable[str]) -> str:
    return " · ".join(filter(None, (where, ", ".join(protocols))))


def _together(messages: Sequence[str]) -> str:
    first, n_more = messages[0], len(messages) - 1
    if n_more == 0:
        return first
    if n_more == 1:
        return Message("{message} (and the like, with other numbers, in one more fit)", message=first)
    return Message("{message} (and the like, with other numbers, in {n} more fits)", message=first, n=n_more)


def unseen_notes(folds: Iterable[FoldResult]) -> list[Note]:
    """Return how many test rows each cell predicted with a mean effect, their entity or period being new."""
    counts: dict[tuple[str, str, str], list[int]] = {}
    for result in folds:
        if result.predictions is not None and result.predictions.n_unseen:
            cell = result.cell
            count = counts.setdefault((cell.outcome, cell.estimator, cell.protocol), [0, 0])
            count[0] += result.predictions.n_unseen
            count[1] += result.predictions.test.size
    return [
        Note(
            "W-UNSEEN",
            " · ".join(key),
            Message(
                "{unseen} of {rows} test rows have an entity, a period or a level that was not trained "
                "on; they are predicted with the mean effect",
                unseen=unseen,
                rows=rows,
            ),
        )
        for key, (unseen, rows) in counts.items()
    ]


def prepared_on_all_rows_notes(study: Study, *, learns: bool) -> list[Note]:
    """Return which protocols let preparation steps learn from their test rows, where there are such steps."""
    if not learns:
        return []
    message = marked("preparation steps that learn are fitted on all rows here, the test rows included")
    return [
        Note("W-PREPARED-ALL", entry.id, message)
        for entry in study.evaluation.protocols
        if entry.protocol.prepared_on == "all"
    ]


def scenario_notes(entries: Iterable[ScenarioEntry], panel: Panel) -> list[Note]:
    """Return what the scenarios warn of, each under its id."""
    found = []
    for entry in entries:
        said = attempt(partial(entry.scenario.notes, panel))
        described = attempt(partial(entry.scenario.describe, panel))
        notes = [*(said.value or ()), *(_unsaid(tried.reason) for tried in (said, described) if tried.reason)]
        found += [
            replace(note, where=f"{entry.id} · {note.where}" if note.where else entry.id) for note in notes
        ]
    return found


def _unsaid(reason: str) -> Note:
    return Note(
        "W-SCENARIO",
        "",
        Message("what the scenario says of the data alone is left out: {reason}", reason=reason),
    )


def skewed_outcome_notes(panels: Mapping[str, Panel]) -> list[Note]:
    """Return a warning for every outcome in which a few rows weigh more than all others."""
    found = []
    for outcome, panel in panels.items():
        deviation = panel.observed - panel.observed.mean()
        spread = float((deviation**2).mean())
        skewness = float((deviation**3).mean()) / spread**1.5 if spread > 0 else 0.0
        if abs(skewness) > EXTREME_SKEWNESS:
            message = Message(
                "the outcome has a skewness of {skewness}: a few rows make up most of every squared "
                "error, and so of every gain; a logarithm of it may say something else",
                skewness=f"{skewness:.1f}",
            )
            found.append(Note("W-SKEW", outcome, message))
    return found


def few_entities_note(n_entities: int) -> list[Note]:
    """Return a warning where intervals rest on few entities."""
    if n_entities >= FEW_ENTITIES:
        return []
    message = Message(
        "intervals and tests rest on {n_entities} entities; with fewer than {FEW_ENTITIES} they "
        "are rough; p_best is not taken below p_value since draws of six entities alone reject a "
        "true null of five estimators in 22 of 100 cases",
        n_entities=n_entities,
        FEW_ENTITIES=FEW_ENTITIES,
    )
    return [Note("W-FEWENTITIES", "panel", message)]


def run_notes(results: RunResults, panels: Mapping[str, Panel]) -> list[Note]:
    """Return everything that a reader of a run is warned of; panels are by outcome, all rows."""
    any_panel = panels[results.outcomes[0]]
    return [
        *results.panels.notes,
        *fit_notes(results.folds, results.fulls),
        *unseen_notes(results.folds),
        *scenario_notes(results.study.scenarios, any_panel),
        *prepared_on_all_rows_notes(results.study, learns=results.panels.learns),
        *few_entities_note(any_panel.n_entities),
        *skewed_outcome_notes(panels),
    ]


def warnings_table(notes: Iterable[Note]) -> pd.DataFrame:
    """Return notes as a table, each once, sorted by code and place."""
    rows = sorted(set(notes))
    return pd.DataFrame([vars(note) for note in rows], columns=["code", "where", "message"])
