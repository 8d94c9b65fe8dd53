"""what a run would meet, by its plan, its scenarios, its estimators and fits that cost little."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from harness.arrays import Floats
from harness.errors import Problem
from harness.estimators.guard import Attempt, attempt, notes_of
from harness.estimators.protocol import Fitted, check_rows
from harness.evaluation.fold_fit import check_fold
from harness.language import Coded
from harness.running.isolation import one_thread
from harness.running.plan import Plan
from harness.running.prepare import Prepared, numbers_of_a_draw
from harness.running.warnings import study_notes, within
from harness.scenarios.scenario import EvaluatesModels, Subject, framed
from harness.study.spec.entry import Entry
from harness.study.spec.reader import Loc
from harness.tables.preparation import Note

# Rows at most that scenarios are tried on.
MOST_SCENARIO_ROWS = 20_000

# Why an answer has no number yet.
_AWAITED = "its parts are not computed"

# What is refused: the id of an entry of the spec, and why.
Refused = tuple[str, str]


@dataclass(frozen=True)
class Preflight:
    """What a run would meet.

    Attributes
    ----------
    notes : warnings that the report would have, known before it, each at its place in the spec
    refused : protocols that cannot be formed, and estimators and scenarios that would be refused
    is_in_vain : whether every estimator refuses all rows of every outcome
    """

    notes: tuple[Note, ...]
    refused: tuple[Problem, ...]
    is_in_vain: bool


@one_thread()
def check_run(prepared: Prepared) -> Preflight:
    """Return what a run would meet, by the functions that the run calls.

    Least squares is fitted without standard errors, on all rows and on the smallest training set of every
    protocol, and estimators that cost more say what they refuse (`ChecksRows`).
    """
    plan = prepared.plan
    tried = [(task.subject, *_tried(task.subject)) for task in plan.full_tasks()]
    sound = {subject.name for subject, one, _ in tried if one.status == "ok"}
    refused: list[Refused] = [
        *((split.entry.id, split.reason) for split in plan.splits if not split.folds),
        *((subject.name, one.reason) for subject, one, _ in tried if one.status != "ok"),
        *_refused_folds(plan, sound),
        *_refused_scenarios(plan),
    ]
    of_fits = (
        within(note, subject.panel.outcome, subject.name) for subject, _, notes in tried for note in notes
    )
    notes = dict.fromkeys((*study_notes(prepared), *of_fits))
    n_cells = len(plan.study.estimators) * len(plan.study.roles.outcomes)
    return Preflight(
        notes=tuple(replace(note, where=_placed(prepared, note.where)) for note in notes),
        refused=tuple(Problem(_placed(prepared, name), why) for name, why in dict.fromkeys(refused)),
        is_in_vain=sum(one.status != "ok" for _, one, _ in tried) == n_cells,
    )


def _tried(subject: Subject) -> tuple[Attempt[Fitted], tuple[Note, ...]]:
    """Return how an estimator does on all rows, by a check or a quick fit that is not kept, and its notes."""
    tried = attempt(partial(check_rows, subject.estimator, subject.panel, rng=subject.stream))
    return tried.without_value(), notes_of(tried.value)


def _refused_folds(plan: Plan, sound: set[str]) -> Iterator[Refused]:
    """Yield those that take all rows, and refuse the smallest training set of a protocol."""
    smallest = [
        replace(split, folds=(min(split.folds, key=lambda fold: fold.train.size),))
        for split in plan.splits
        if split.folds
    ]
    study = plan.study
    roles = replace(study.roles, outcomes=study.roles.outcomes[:1])
    entries = tuple(entry for entry in study.estimators if entry.id in sound)
    few = study.model_copy(update={"roles": roles, "estimators": entries})
    for task in replace(plan, study=few, splits=tuple(smallest), varied=()).fold_tasks():
        tried = attempt(partial(check_fold, task))
        if tried.status != "ok":
            what = Coded("{protocol}, fold {fold}: {reason}", reason=tried.reason, **vars(task.cell))
            yield task.cell.estimator, what


def _refused_scenarios(plan: Plan) -> Iterator[Refused]:
    """Yield what scenarios refuse for any estimator, and parts that learners cannot learn."""
    panel = plan.panels.panel(plan.study.roles.outcomes[0])
    for entry in plan.study.scenarios:
        if isinstance(entry.scenario, EvaluatesModels):
            asked = numbers_of_a_draw(entry.scenario, panel, n_rows=MOST_SCENARIO_ROWS)
            if asked.value is None:
                yield entry.id, asked.reason
    awaited: defaultdict[str, Attempt[Floats]] = defaultdict(lambda: Attempt(None, "refused", _AWAITED))
    for entry, scenario, subject in plan.subjects():
        answer = attempt(partial(scenario.concluded, subject, awaited)).then(framed)
        tables = (answer.value or {}).values()
        reasons = [answer.reason, *(why for table in tables for why in table.get("reason", ()))]
        yield from (
            (entry.id, why) for why in reasons if isinstance(why, str) and why and _AWAITED not in why
        )


def _placed(prepared: Prepared, where: str) -> str:
    """Return where something is, its place in the spec before it if it begins with an entry or a column."""
    study, document = prepared.plan.study, prepared.loaded.document
    roles, protocols = study.roles, study.evaluation.protocols
    lists: dict[Loc, Sequence[Entry]] = {
        ("scenarios",): study.scenarios,
        ("estimators",): study.estimators,
        ("evaluation", "protocols"): protocols,
    }
    locs = {entry.id: (*loc, at) for loc, entries in lists.items() for at, entry in enumerate(entries)}
    for column in (roles.entity, roles.time, *roles.variables):
        locs.setdefault(column, tuple(roles.path_of(column).split(".")))
    found = next((locs[part] for part in reversed(where.split(" · ")) if part in locs), None)
    return where if found is None else f"{document.place(found)} ({where})"
