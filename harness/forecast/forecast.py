"""What a run will take: seconds of the processor, and memory."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from time import process_time

from harness.forecast.conclusion import Conclusion, conclusion_of
from harness.forecast.probe import Probed, probed
from harness.running.capped import greatest
from harness.running.plan import Plan

DRAW_ROW = 17
"""Bytes for each draw and row of a fit, as measured for ``docs/planning.md``."""

_SHOWN = 4
"""Kinds of tasks that are told."""


@dataclass(frozen=True)
class Forecast:
    """What a run will take on this machine, were nothing else running on it.

    Attributes
    ----------
    start : seconds until the first task: libraries, spec and data
    probed : tasks by kind
    conclusion : tables, figures and report
    peak : bytes of the process that has the most
    """

    start: float
    probed: tuple[Probed, ...]
    conclusion: Conclusion
    peak: float

    def seconds(self, n_jobs: int, *, draws: float = 1.0) -> float:
        """Return the seconds of a run with so many worker processes; no less than its longest task takes.

        Parameters
        ----------
        draws : share of the draws that are made
        """
        work = sum(kind.all_seconds - (1.0 - draws) * kind.count * kind.of_draws for kind in self.probed)
        return self.start + max(self._longest, work / n_jobs) + self.conclusion.seconds(n_jobs)

    @property
    def _longest(self) -> float:
        """Seconds of the longest task; draws of a fit on all rows are tasks of their own."""
        return max((kind.seconds - kind.of_draws for kind in self.probed), default=0.0)

    def describe(self, n_jobs: int) -> str:
        """Return time and memory in words, the dearest kinds of tasks first."""
        dear = sorted(self.probed, key=lambda kind: kind.all_seconds, reverse=True)[:_SHOWN]
        lines = [
            f"about {span(self.seconds(n_jobs))} with {n_jobs} worker process(es) and nothing else running; "
            f"the longest task takes {span(self._longest)}",
            *(f"  {span(kind.all_seconds)}: {kind.count} x like {kind.label}" for kind in dear),
            f"  {span(self.conclusion.seconds(n_jobs))}: tables, figures and report",
        ]
        if math.isfinite(self.peak):
            lines.append(f"about {self.peak / 1e9:.1f} GB of memory in the process that takes most")
        return "\n".join(lines)


def span(seconds: float) -> str:
    """Return a time in a unit that suits it."""
    for unit, size in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2.0 * size:
            return f"{seconds / size:,.0f} {unit}"
    return f"{max(1.0, seconds):.0f} s"


def forecast(plan: Plan, *, on_probe: Callable[[str], None]) -> Forecast:
    """Return what a run of a plan will take, from a few fits that are made now.

    Parameters
    ----------
    on_probe : called with what is tried, before it is
    """
    start = process_time()
    found = tuple(probed(plan, on_probe=on_probe))
    on_probe("a figure")
    conclusion = conclusion_of(plan)
    return Forecast(start, found, conclusion, peak_bytes(plan) + conclusion.n_bytes)


def peak_bytes(plan: Plan) -> float:
    """Return the bytes of this process at its height, after one task of each kind, and what all draws add.

    It is NaN on a system that does not tell.
    """
    estimators = [greatest(entry.estimator, "draws") for entry in plan.study.estimators]
    scenarios = [greatest(entry.scenario, "draws") for entry in plan.study.scenarios]
    n_obs = plan.panels.panel(plan.study.roles.outcomes[0]).n_obs
    return _height() + float(DRAW_ROW * n_obs * max([0, *estimators, *scenarios]))


def _height() -> float:
    """Return the most bytes that this process had in memory."""
    if sys.platform == "win32":
        return float("nan")
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return float(unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
