"""The most memory that a process of a run takes."""

from __future__ import annotations

import sys

from harness.execution.capped import greatest
from harness.execution.plan import Plan

DRAW_ROW = 17
"""Bytes for each draw and row of a fit, as measured for ``docs/planning.md``."""


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
