"""Seconds of what follows the tasks: tables with their intervals, figures and the report."""

from __future__ import annotations

from time import process_time

import numpy as np

from harness.execution.plan import Plan

FIGURE = 2.2
"""Seconds of a figure of the report, in those of the one drawn here."""

GAIN = 0.5
"""Seconds of a gain with its interval, in the same."""

OF_AN_OUTCOME = 6
"""Figures of an outcome whatever is asked: of gains, of the first screen, of networks."""

OF_A_SCENARIO = 3
"""Figures of an outcome for each scenario."""


def conclusion_seconds(plan: Plan) -> float:
    """Return the seconds, counted in those of one figure, which is drawn for the purpose.

    How many there are of what was counted in reports of the shipped studies.
    """
    study = plan.study
    n_outcomes, n_scenarios = len(study.roles.outcomes), len(study.scenarios)
    n_figures = n_outcomes * (OF_AN_OUTCOME + OF_A_SCENARIO * n_scenarios)
    n_gains = n_outcomes * len(study.evaluation.references) * len(study.estimators) * len(plan.splits)
    drawn = FIGURE * n_figures if study.report.formats else 0.0
    return _figure_seconds() * (drawn + GAIN * n_gains)


def _figure_seconds() -> float:
    """Return the processor seconds of three panels of four curves with bands, as SVG and PNG."""
    from harness.report.drawing.canvas import FigureRenderer, new_figure

    def drawn() -> float:
        start = process_time()
        figure = new_figure(7.0, 3.0)
        at = np.linspace(0.0, 1.0, 40)
        for axes in figure.subplots(1, 3):
            for power in range(1, 5):
                axes.plot(at, at**power)
                axes.fill_between(at, 0.9 * at**power, 1.1 * at**power, alpha=0.2)
        FigureRenderer(is_simulated=False).render("figure", figure, alt="", caption="")
        return process_time() - start

    drawn()
    return drawn()
