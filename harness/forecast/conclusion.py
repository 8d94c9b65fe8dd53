"""What follows the tasks: tables with their intervals, figures and the report."""

from __future__ import annotations

from dataclasses import dataclass
from time import process_time

import numpy as np

from harness.running.plan import Plan

AT_LEAST = 3.0
"""Seconds of a report without figures, in those of the figure drawn here."""

MADE, PRINTED = 0.7, 1.8
"""Seconds of a figure of the report until it can be printed, and of its printing, in the same."""

GAIN = 0.1
"""Seconds of a gain with its interval, in the same."""

OF_AN_OUTCOME, OF_A_SCENARIO = 8, 1
"""Figures of an outcome whatever is asked, and for each scenario, as in the shipped studies."""

REPORT_BYTES, FIGURE_BYTES = 107_000_000, 10_500_000
"""Memory of a report, and of each of its figures, in the process that makes them."""


@dataclass(frozen=True)
class Conclusion:
    """What follows the tasks takes.

    Attributes
    ----------
    own : seconds of the processor, of the process that writes the report
    printing : seconds of the processor that workers share
    n_bytes : memory of the process that writes the report, over that of a fit
    """

    own: float
    printing: float
    n_bytes: float

    def seconds(self, n_jobs: int) -> float:
        """Return the seconds with so many worker processes."""
        return self.own + self.printing / n_jobs


def conclusion_of(plan: Plan) -> Conclusion:
    """Return what follows the tasks of a plan takes, in seconds of one figure, which is drawn now."""
    study = plan.study
    n_outcomes, n_scenarios = len(study.roles.outcomes), len(study.scenarios)
    n_gains = n_outcomes * len(study.evaluation.references) * len(study.estimators) * len(plan.splits)
    unit = _figure_seconds()
    if not study.report.formats:
        return Conclusion(unit * GAIN * n_gains, 0.0, 0.0)
    n_figures = n_outcomes * (OF_AN_OUTCOME + OF_A_SCENARIO * n_scenarios)
    own = AT_LEAST + GAIN * n_gains + MADE * n_figures
    return Conclusion(unit * own, unit * PRINTED * n_figures, REPORT_BYTES + FIGURE_BYTES * n_figures)


def _figure_seconds() -> float:
    """Return the processor seconds of three panels of four curves with bands, as SVG and PNG."""
    from harness.report.drawing.canvas import new_figure, printed

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

    drawn()
    return drawn()
