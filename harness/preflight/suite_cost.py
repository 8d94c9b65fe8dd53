"""What a suite will take, a row a study, from a few fits of each that are made before anything is run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from time import process_time

from harness.data.read.source import machine_bytes
from harness.language import Coded, marked, quoted
from harness.preflight.cost import RunCost, estimate_cost, span
from harness.registry.registry import Registry
from harness.running.options import RunOptions
from harness.running.plan import Plan
from harness.running.workers import made_apart
from harness.suite.run import prepare_studies, with_memory
from harness.suite.spec import LoadedSuite
from harness.terminal import terminal_text
from harness.text.plain_text import width_of

HOUR = 3600.0

# Heads of the columns with their widths in letters.
HEADS = {
    marked("study", code="head_of_study"): 28,
    marked("outer fits", code="head_of_outer_fits"): 12,
    marked("draws", code="head_of_draws"): 8,
    marked("time", code="head_of_time"): 8,
    marked("GB", code="head_of_gigabytes"): 6,
}


@dataclass(frozen=True)
class StudyCost:
    """What a study of a suite will take.

    Attributes
    ----------
    study : its name within the suite
    cost : of its fits on folds and of their tables
    n_jobs : worker processes
    """

    study: str
    cost: RunCost
    n_jobs: int

    @property
    def n_fits(self) -> int:
        """Fits on folds, of all estimators."""
        return sum(kind.count for kind in self.cost.probed)

    @property
    def n_draws(self) -> int:
        """Draws within these fits."""
        return sum(kind.count * kind.draws for kind in self.cost.probed)

    @property
    def seconds(self) -> float:
        """Seconds with nothing else running."""
        return self.cost.seconds(self.n_jobs)

    def excesses(self, machine: float) -> Iterator[str]:
        """Yield what is more than an hour, and more than a machine with so many bytes has."""
        name = quoted(self.study)
        if self.seconds > HOUR:
            yield Coded("{study}: {time} are more than an hour", study=name, time=span(self.seconds))
        if self.n_jobs * self.cost.peak > machine:
            yield Coded(
                "{study}: {n} x {gb} GB are more than the {machine} GB of this machine; take fewer --jobs",
                study=name,
                n=self.n_jobs,
                gb=_gigabytes(self.cost.peak),
                machine=_gigabytes(machine),
            )


def study_cost(plan: Plan) -> RunCost:
    """Return what the fits on folds of a study of a suite, and their tables, will take.

    The libraries are loaded once for all studies, and a suite draws no report of one.
    """
    report = plan.study.report.model_copy(update={"formats": ()})
    folds = replace(plan, study=plan.study.model_copy(update={"report": report}))
    estimate = partial(estimate_cost, folds, on_probe=lambda _: None, tasks=Plan.fold_tasks)
    return replace(with_memory(estimate)[0], start=0.0)  # the height of the process is that of these fits


def plan_suite(
    loaded: LoadedSuite,
    options: RunOptions,
    registry: Registry,
    *,
    only: Sequence[str] = (),
    on_line: Callable[[str], None],
) -> tuple[StudyCost, ...]:
    """Return what each study of a suite will take.

    Parameters
    ----------
    options, only : see `harness.suite.run.run_suite`
    on_line : called with each line of the table once it is known, then with what exceeds and what is left out

    Raises
    ------
    SpecError, DataError
        See `harness.suite.run.prepare_studies`.
    """
    studies, skipped = prepare_studies(loaded, options, registry, only=only)
    start, costs = process_time(), list[StudyCost]()
    on_line(_line(*HEADS))

    def tried(plan: Plan) -> RunCost:
        return made_apart(partial(study_cost, plan), plan.chosen, options.apart(registry))

    tried(studies[0][1].plan)  # loads the libraries, which no fit of the first study shall count
    for study, prepared in studies:
        one = StudyCost(study.id, tried(prepared.plan), options.jobs)
        on_line(_row(one.study, (one,)))
        costs.append(one)
    on_line(_row(marked("all", code="row_of_all_studies"), costs, start))
    excesses = [line for one in costs for line in one.excesses(machine_bytes())]
    for line in (*excesses, *(study.message for study in skipped)):
        on_line(line)
    return tuple(costs)


def _row(name: str, costs: Sequence[StudyCost], start: float = 0.0) -> str:
    """Return the row of one study or of all, with the seconds until the first."""
    n_fits, n_draws = sum(one.n_fits for one in costs), sum(one.n_draws for one in costs)
    seconds, peak = start + sum(one.seconds for one in costs), max(one.cost.peak for one in costs)
    return _line(name, f"{n_fits:,}", f"{n_draws:,}", span(seconds), _gigabytes(peak))


def _line(*cells: str) -> str:
    """Return cells in the terminal's language, the first flush left and the others right."""
    shown = [terminal_text(cell) for cell in cells]
    pads = [" " * (width - width_of(text)) for text, width in zip(shown, HEADS.values(), strict=True)]
    numbers = (pad + text for pad, text in zip(pads[1:], shown[1:], strict=True))
    return " ".join([shown[0] + pads[0], *numbers])


def _gigabytes(n_bytes: float) -> str:
    return f"{n_bytes / 1e9:,.1f}" if math.isfinite(n_bytes) else "–"
