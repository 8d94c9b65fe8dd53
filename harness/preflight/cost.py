"""What a run will take: time and memory, from a few fits of its own, and how many draws fit into a time."""

from __future__ import annotations

import math
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from time import process_time

import numpy as np

from harness.evaluation.fold_fit import FoldTask
from harness.language import LINES, Coded, chained, marked
from harness.running.graph import StudyTask
from harness.running.isolation import run_isolated, run_on_one_thread
from harness.running.plan import MOST_ROWS, Plan
from harness.running.prepare import Prepared
from harness.running.varied import capped, greatest
from harness.scenarios.blocks import RATIO, is_trained_anew
from harness.scenarios.full_fit import FullTask
from harness.scenarios.task import PartTask, run_in_process
from harness.study.spec.document import entry_name
from harness.terminal import terminal_text

Tasks = Callable[[Plan], Iterator[StudyTask]]

# Draws of the two fits that give the seconds of a draw.
FEW, MORE = 4, 12

# Rows of the larger sample of a large plan, in those of the smaller.
LARGER = 4

# Seconds on a sample from which two draws are told from one; `MORE` of cheaper tasks, whose timings vary.
DEAR = 1.0


@dataclass(frozen=True)
class TaskCost:
    """Tasks that are alike, and what one of them takes.

    Attributes
    ----------
    label : of the one that was tried
    count : how many there are
    seconds : of the processor, for one with all its draws
    of_draws : those of `seconds` that go into draws which are tasks of their own
    draws : of one of them
    """

    label: str
    count: int
    seconds: float
    of_draws: float = 0.0
    draws: int = 0

    @property
    def all_seconds(self) -> float:
        """Seconds of all of them, one after the other."""
        return self.count * self.seconds


def iter_task_costs(
    plan: Plan, *, on_probe: Callable[[str], None], tasks: Tasks = Plan.tasks
) -> Iterator[TaskCost]:
    """Yield what the tasks of a plan take, one for each kind that costs alike.

    Fits on all rows are alike for all outcomes; fits on folds for all outcomes, folds and protocols; parts
    of an answer for all outcomes. The middle one of each kind is tried with `FEW` and `MORE` draws, and the
    straight line through both says what all draws take; a task without draws is tried once.

    Of a large plan two samples of whole entities are tried, and the straight line through both says what a
    task takes on all rows. What a draw takes goes by the rows that it is trained on.

    Parameters
    ----------
    on_probe : called with the label of each task before it is tried
    tasks : of the plan that count; all unless given
    """
    samples, whole = (plan.sampled(MOST_ROWS), plan.sampled(LARGER * MOST_ROWS)), n_rows_of(plan)
    few, more = map(n_rows_of, samples)
    small, large = (_middles(tuple(tasks(sample))) for sample in samples)
    for kind, (task, count) in large.items():
        on_probe(task.label)
        base, each = _timed(_ready(task), is_sample=few < whole)
        if few < more and kind in small:
            of_few, _ = _timed(_ready(small[kind][0]), is_sample=True)
            base += max(0.0, base - of_few) * (whole - more) / (more - few)
        each *= _draws(task) * _trained_on(task, whole) / _trained_on(task, more)
        of_draws = each if isinstance(task, FullTask) else 0.0
        yield TaskCost(task.label, count, base + each, of_draws, _draws(task))


def _middles(tasks: Sequence[StudyTask]) -> Mapping[Hashable, tuple[StudyTask, int]]:
    """Return the middle task of each kind, and how many there are."""
    counts, passed = Counter(map(_kind, tasks)), Counter[Hashable]()
    found = {}
    for task in tasks:
        kind = _kind(task)
        if passed[kind] == counts[kind] // 2:
            found[kind] = task, counts[kind]
        passed[kind] += 1
    return found


def n_rows_of(plan: Plan) -> int:
    """Return the rows of a plan."""
    return plan.panels.panel(plan.study.roles.outcomes[0]).n_obs


def _kind(task: StudyTask) -> Hashable:
    """Return what tasks of equal cost have in common."""
    if isinstance(task, FullTask):
        return "all rows", task.estimator_id
    if isinstance(task, FoldTask):
        return "fold", task.cell.estimator.partition(" (")[0]
    if isinstance(task, PartTask):
        return "part", task.part_cell.scenario, task.part_cell.estimator, len(task.needs)
    return task.label


def _ready(task: StudyTask) -> StudyTask:
    """Return a task with what it needs, where that is a part of its own."""
    return task.given(run_in_process(task.needs)) if isinstance(task, PartTask) and task.needs else task


def _timed(task: StudyTask, *, is_sample: bool) -> tuple[float, float]:
    """Return the seconds of a task without its draws, and of each of these; with few draws these are zero.

    Those on a sample, which are multiplied, are taken once the libraries are loaded.
    """
    few, has_draws = 1 if is_sample else FEW, _draws(task) > MORE
    least = _with_draws(task, few) if has_draws else task
    if is_sample:
        _seconds(least)
    with_few = _seconds(least)
    if not has_draws:
        return with_few, 0.0
    more = 2 if is_sample and with_few > DEAR else MORE
    each = max(0.0, (_seconds(_with_draws(task, more)) - with_few) / (more - few))
    return max(0.0, with_few - few * each), each


def _trained_on(task: StudyTask, n_rows: int) -> float:
    """Return the mean rows that a draw of a task is trained on, of a panel of so many rows.

    Draws of scenarios that are trained anew have subsamples, half of them a `RATIO`-th of the others.
    """
    if not isinstance(task, FullTask) or not is_trained_anew(task.subject.estimator):
        return n_rows
    most = max((greatest(scenario, "draw_rows") for scenario in task.scenarios.values()), default=n_rows)
    is_whole = greatest(task.subject.estimator, "draws") > 0 or n_rows <= most
    return n_rows if is_whole else most * (1.0 + 1.0 / RATIO) / 2.0


def _seconds(task: StudyTask) -> float:
    """Return the seconds of the processor that a task takes; what few draws make it warn of is of no run."""
    start = process_time()
    with warnings.catch_warnings(action="ignore"):
        run_on_one_thread(task, run_isolated)
    return process_time() - start


def _draws(task: StudyTask) -> int:
    """Return the draws of a task: those of its estimator, or those that its questions ask for."""
    if isinstance(task, FullTask):
        own = greatest(task.subject.estimator, "draws")
        return own or max((greatest(scenario, "draws") for scenario in task.scenarios.values()), default=0)
    if isinstance(task, FoldTask):
        own, most = greatest(task.estimator, "draws"), greatest(task.estimator, "fold_draws")
        return min(own, most) if most else own
    return 0


def _with_draws(task: StudyTask, draws: int) -> StudyTask:
    most = dict.fromkeys(("draws", "fold_draws"), draws)
    if isinstance(task, FullTask):
        scenarios = {name: capped(scenario, most) for name, scenario in task.scenarios.items()}
        subject = replace(task.subject, estimator=capped(task.subject.estimator, most))
        return replace(task, subject=subject, scenarios=scenarios)
    if isinstance(task, FoldTask):
        return replace(task, estimator=capped(task.estimator, most))
    return task


# Seconds of a report without figures, in those of the figure drawn here.
AT_LEAST = 15.0

# Seconds of a figure of the report, in the same.
OF_A_FIGURE = 2.5

# Seconds of a gain with its interval, in the same.
GAIN = 0.5

# Figures of an outcome whatever is asked, and for each scenario, as in the shipped studies.
OF_AN_OUTCOME, OF_A_SCENARIO = 8, 1

# Memory of a report, and of each of its figures, in the process that makes them.
REPORT_BYTES, FIGURE_BYTES = 107_000_000, 1_000_000


@dataclass(frozen=True)
class ConclusionCost:
    """What follows the tasks takes.

    Attributes
    ----------
    seconds : of the processor, of one process
    n_bytes : memory of that process, over that of a fit
    """

    seconds: float
    n_bytes: float


def estimate_conclusion(plan: Plan) -> ConclusionCost:
    """Return what follows the tasks of a plan takes, in seconds of one figure, which is drawn now."""
    study = plan.study
    n_outcomes, n_scenarios = len(study.roles.outcomes), len(study.scenarios)
    n_gains = n_outcomes * len(study.evaluation.references) * len(study.estimators) * len(plan.splits)
    unit = _figure_seconds()
    if not study.report.formats:
        return ConclusionCost(unit * GAIN * n_gains, 0.0)
    n_figures = n_outcomes * (OF_AN_OUTCOME + OF_A_SCENARIO * n_scenarios)
    units = AT_LEAST + GAIN * n_gains + OF_A_FIGURE * n_figures
    return ConclusionCost(unit * units, REPORT_BYTES + FIGURE_BYTES * n_figures)


def _figure_seconds() -> float:
    """Return the processor seconds of three panels of four curves with bands."""
    from harness.report.drawing.canvas import house_style, new_figure, printed

    def drawn() -> float:
        start = process_time()
        figure = new_figure(7.0, 3.0)
        at = np.linspace(0.0, 1.0, 40)
        for axes in figure.subplots(1, 3):
            for power in range(1, 5):
                axes.plot(at, at**power)
                axes.fill_between(at, 0.9 * at**power, 1.1 * at**power, alpha=0.2)
        printed(figure)
        return process_time() - start

    with house_style():
        drawn()
        return drawn()


# Bytes for each draw and row of a fit, as measured for ``docs/measured/performance.md``.
DRAW_ROW = 17

# Bytes for each row and column of a fit, as measured there for two-way effects.
NUMBER_OF_A_FIT = 116

# Kinds of tasks that are described.
_SHOWN = 4


@dataclass(frozen=True)
class RunCost:
    """What a run will take on this machine, were nothing else running on it.

    Attributes
    ----------
    start : seconds until the first task: libraries, spec and data
    probed : tasks by kind
    conclusion : tables, figures and report
    peak : bytes of the process that has the most
    rows : of the plan, and of the sample that was tried
    """

    start: float
    probed: tuple[TaskCost, ...]
    conclusion: ConclusionCost
    peak: float
    rows: tuple[int, int]

    def seconds(self, n_jobs: int, *, draws: float = 1.0) -> float:
        """Return the seconds of a run with so many worker processes; no less than its longest task takes.

        Parameters
        ----------
        draws : share of the draws that are made
        """
        work = sum(kind.all_seconds - (1.0 - draws) * kind.count * kind.of_draws for kind in self.probed)
        return self.start + max(self._longest, work / n_jobs) + self.conclusion.seconds

    @property
    def _longest(self) -> float:
        """Seconds of the longest task; draws of a fit on all rows are tasks of their own."""
        return max((kind.seconds - kind.of_draws for kind in self.probed), default=0.0)

    def describe(self, n_jobs: int) -> str:
        """Return time and memory in words, the dearest kinds of tasks first."""
        dear = sorted(self.probed, key=lambda kind: kind.all_seconds, reverse=True)[:_SHOWN]
        workers = Coded("1 worker process") if n_jobs == 1 else Coded("{n} worker processes", n=n_jobs)
        lines = [
            Coded(
                "about {time} with {workers} and nothing else running; the longest task takes {longest}",
                time=span(self.seconds(n_jobs)),
                workers=workers,
                longest=span(self._longest),
            ),
            *map(_in_words, dear),
            Coded("  {time}: tables, figures and report", time=span(self.conclusion.seconds)),
        ]
        whole, few = self.rows
        if few < whole:
            lines.append(
                Coded("extrapolated from fits of {n} of {n_all} rows", n=f"{few:,}", n_all=f"{whole:,}")
            )
        if math.isfinite(self.peak):
            memory = f"{self.peak / 1e9:.1f}"
            lines.append(Coded("about {gb} GB of memory in the process that takes most", gb=memory))
        return chained(lines, LINES)


def _in_words(kind: TaskCost) -> str:
    time, task = span(kind.all_seconds), terminal_text(kind.label)
    return Coded("  {time}: {n} x like {task}", time=time, n=kind.count, task=task)


SPANS = {marked("{n} days"): 86400.0, marked("{n} h"): 3600.0, marked("{n} min"): 60.0}


def span(seconds: float) -> str:
    """Return a time in a unit that suits it."""
    for unit, size in SPANS.items():
        if seconds >= 2.0 * size:
            return Coded(unit, n=f"{seconds / size:,.0f}")
    return Coded("{n} s", n=f"{max(1.0, seconds):.0f}")


def estimate_cost(plan: Plan, *, on_probe: Callable[[str], None], tasks: Tasks = Plan.tasks) -> RunCost:
    """Return what a run of a plan will take, from a few fits that are made now.

    Parameters
    ----------
    on_probe : called with what is tried, before it is
    tasks : of the plan that are run; all unless given
    """
    start, rows = process_time(), (n_rows_of(plan), n_rows_of(plan.sampled(LARGER * MOST_ROWS)))
    found = tuple(iter_task_costs(plan, on_probe=on_probe, tasks=tasks))
    on_probe(marked("a figure"))
    conclusion = estimate_conclusion(plan)
    peak = peak_bytes(plan) + conclusion.n_bytes
    if rows[1] < rows[0]:
        columns = plan.panels.panel(plan.study.roles.outcomes[0]).columns
        peak += NUMBER_OF_A_FIT * rows[0] * (len(columns) + 1)
    return RunCost(start, found, conclusion, peak, rows)


def peak_bytes(plan: Plan) -> float:
    """Return the bytes of this process at its height, after one task of each kind, and what all draws add.

    It is NaN on a system that does not tell.
    """
    estimators = [greatest(entry.estimator, "draws") for entry in plan.study.estimators]
    scenarios = [greatest(entry.scenario, "draws") for entry in plan.study.scenarios]
    height = float("nan")
    if sys.platform != "win32":
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        height = float(unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return height + float(DRAW_ROW * n_rows_of(plan) * max([0, *estimators, *scenarios]))


# Draws that options of that name ask for at least.
LEAST_DRAWS = 2


def share_within(cost: RunCost, seconds: float, *, n_jobs: int) -> float:
    """Return the greatest share of the draws, in whole per cent, with which a run ends within some seconds.

    It is 0 where what is not draws takes longer than that.

    Parameters
    ----------
    n_jobs : worker processes
    """
    shares = (percent / 100 for percent in range(100, 0, -1))
    return next((share for share in shares if cost.seconds(n_jobs, draws=share) <= seconds), 0.0)


def fewer_draws(prepared: Prepared, share: float) -> Iterator[str]:
    """Yield the overrides of the spec that leave a share of its draws.

    An estimator that the spec does not name, such as one of a ladder, keeps its own.
    """
    study, root = prepared.plan.study, prepared.loaded.document.root
    asked = {
        "estimators": {entry.id: entry.estimator for entry in study.estimators},
        "scenarios": {entry.id: entry.scenario for entry in study.scenarios},
    }
    for part, choices in asked.items():
        listed = root.child(part)
        entries = listed.content if listed is not None and isinstance(listed.content, tuple) else ()
        named = {entry_name(entry): entry for entry in entries}
        for name, choice in choices.items():
            draws = getattr(choice, "draws", None)
            if type(draws) is int and name in named:
                where, entry, fewer = f"{part}[{name}]", named[name], max(LEAST_DRAWS, round(share * draws))
                is_name = isinstance(entry.content, str)
                chosen = f"{where}={{use: {entry.content}, draws: {fewer}}}"
                yield chosen if is_name else f"{where}.draws={fewer}"
