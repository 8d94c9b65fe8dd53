"""Seconds of the tasks of a plan, from the same tasks with few draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, replace
from time import process_time

from harness.evaluation.fold_fit import FoldTask
from harness.running.capped import capped, greatest
from harness.running.executor import run_on_one_thread
from harness.running.graph import StudyTask
from harness.running.plan import Plan
from harness.running.run import tasks_of
from harness.scenarios.full_fit import FullTask
from harness.scenarios.parts import PartTask, run_in_order

FEW, MORE = 4, 12
"""Draws of the two fits from which the seconds of a draw are told."""

_DRAWS = ("draws", "fold_draws")


@dataclass(frozen=True)
class Probed:
    """Tasks that are alike, and what one of them takes.

    Attributes
    ----------
    label : of the one that was tried
    count : how many there are
    seconds : of the processor, for one with all its draws
    tried : seconds of the processor that it took to find out
    of_draws : those of `seconds` that go into draws which are tasks of their own
    """

    label: str
    count: int
    seconds: float
    tried: float
    of_draws: float = 0.0

    @property
    def all_seconds(self) -> float:
        """Seconds of all of them, one after the other."""
        return self.count * self.seconds


def probed(plan: Plan, *, on_probe: Callable[[str], None]) -> Iterator[Probed]:
    """Yield what the tasks of a plan take, one for each kind that costs alike.

    Fits on all rows are alike for all outcomes; fits on folds for all outcomes, folds and protocols; parts
    of an answer for all outcomes. The middle one of each kind is tried with `FEW` and `MORE` draws, and the
    straight line through both says what all draws take; a task without draws is tried once.

    Parameters
    ----------
    on_probe : called with the label of each task before it is tried
    """
    counts = Counter(_kind(task) for task in tasks_of(plan))
    passed: Counter[Hashable] = Counter()
    for task in tasks_of(plan):
        kind = _kind(task)
        if passed[kind] == counts[kind] // 2:
            on_probe(task.label)
            yield _probe(task, counts[kind])
        passed[kind] += 1


def _kind(task: StudyTask) -> Hashable:
    """Return what tasks of equal cost have in common."""
    if isinstance(task, FullTask):
        return "all rows", task.estimator_id
    if isinstance(task, FoldTask):
        return "fold", task.cell.estimator.partition(" (")[0]
    if isinstance(task, PartTask):
        return "part", task.part_cell.scenario, task.part_cell.estimator, len(task.needs)
    return task.label


def _probe(task: StudyTask, count: int) -> Probed:
    if isinstance(task, PartTask) and task.needs:
        task = task.given(run_in_order(task.needs))
    draws = _draws(task)
    start = process_time()
    if draws <= MORE:
        seconds = _seconds(task)
        return Probed(task.label, count, seconds, process_time() - start)
    few, more = (_seconds(_with_draws(task, number)) for number in (FEW, MORE))
    each = max(0.0, (more - few) / (MORE - FEW))
    of_draws = each * draws if isinstance(task, FullTask) else 0.0
    return Probed(task.label, count, more + each * (draws - MORE), process_time() - start, of_draws)


def _seconds(task: StudyTask) -> float:
    start = process_time()
    run_on_one_thread(task)
    return process_time() - start


def _draws(task: StudyTask) -> int:
    """Return the draws of a task: those of its estimator, or those that its questions ask for."""
    if isinstance(task, FullTask):
        own = greatest(task.estimator, "draws")
        return own or max((greatest(scenario, "draws") for scenario in task.scenarios.values()), default=0)
    if isinstance(task, FoldTask):
        own, most = greatest(task.estimator, "draws"), greatest(task.estimator, "fold_draws")
        return min(own, most) if most else own
    return 0


def _with_draws(task: StudyTask, draws: int) -> StudyTask:
    most = dict.fromkeys(_DRAWS, draws)
    if isinstance(task, FullTask):
        scenarios = {name: capped(scenario, most) for name, scenario in task.scenarios.items()}
        return replace(task, estimator=capped(task.estimator, most), scenarios=scenarios)
    if isinstance(task, FoldTask):
        return replace(task, estimator=capped(task.estimator, most))
    return task
