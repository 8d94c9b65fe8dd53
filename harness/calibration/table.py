"""How often a study finds what, over panels drawn from a linear truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pandas as pd

from harness.calibration.drawn_study import DrawnStudy, Findings
from harness.evaluation.linear_truth import fit_linear_truth
from harness.execution.executor import execute
from harness.execution.plan import Plan
from harness.execution.workers import Workers

LEVEL = 0.95
"""Of the exact binomial limits of a share."""

COLUMNS = ("outcome", "estimator", "protocol", "finding", "share", "conf_low", "conf_high", "n_panels")


@dataclass(frozen=True)
class Truth:
    """What a calibration draws.

    Attributes
    ----------
    n_panels : >= 1, panels to draw
    effect : of the exposure, outcome units per unit of exposure; 0 removes it
    """

    n_panels: int
    effect: float


def calibration_table(
    plan: Plan, truth: Truth, *, workers: Workers, on_done: Callable[[Findings], None]
) -> pd.DataFrame:
    """Repeat a study on panels drawn from a linear truth.

    Parameters
    ----------
    plan : of the study, on the user's data; folds are the same for all panels
    on_done : called as each panel is done

    Returns
    -------
    `COLUMNS`: the share of the panels with each finding, with exact binomial limits of coverage `LEVEL`; of a
    pointwise band the mean share of the curve, with limits as if each panel counted once.
    """
    outcomes = plan.study.roles.outcomes
    truths = {
        outcome: fit_linear_truth(plan.panels.panel(outcome), effect=truth.effect) for outcome in outcomes
    }
    tasks = (DrawnStudy(plan, truths, number) for number in range(1, truth.n_panels + 1))
    found = pd.concat([findings.table for findings in execute(tasks, workers=workers, on_done=on_done)])
    return pd.DataFrame(_shares(found), columns=list(COLUMNS))


def _shares(found: pd.DataFrame) -> Iterator[dict[str, object]]:
    from scipy.stats import binomtest

    keys = ["outcome", "estimator", "protocol", "finding"]
    for key, own in found.groupby(keys, sort=False)["found"]:
        share, n_panels = float(own.mean()), len(own)
        limits = binomtest(round(share * n_panels), n_panels).proportion_ci(LEVEL, method="exact")
        yield dict(zip(keys, key, strict=True)) | {
            "share": share,
            "conf_low": float(limits.low),
            "conf_high": float(limits.high),
            "n_panels": n_panels,
        }
