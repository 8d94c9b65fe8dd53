"""Answers that are put together from parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from harness.estimators.guard import Attempt, attempt
from harness.execution.plan import Plan
from harness.scenarios.parts import PartResult
from harness.scenarios.sample_fit import Answer


@dataclass(frozen=True, eq=False)
class AnswerInParts:
    """What one estimator answered to one scenario, alone in `answers`, and the time of its parts together."""

    outcome: str
    estimator: str
    answers: tuple[Answer, ...]
    seconds: float


def answers_in_parts(plan: Plan, results: Sequence[PartResult]) -> tuple[AnswerInParts, ...]:
    """Return the answers of a plan from the results of their parts."""
    parts: dict[tuple[str, str, str], list[PartResult]] = {}
    for result in results:
        cell = result.part_cell
        parts.setdefault((cell.outcome, cell.estimator, cell.scenario), []).append(result)
    answers = []
    for entry, scenario, question in plan.questions():
        own = parts.get((question.panel.outcome, question.name, entry.id), [])
        found = {part.part_cell.part: Attempt(part.found, part.status, part.reason) for part in own}
        tried = attempt(partial(scenario.concluded, question, found))
        answer = Answer(entry.id, tried.value or {}, tried.status, tried.reason)
        seconds = sum(part.seconds for part in own)
        answers.append(AnswerInParts(question.panel.outcome, question.name, (answer,), seconds))
    return tuple(answers)
