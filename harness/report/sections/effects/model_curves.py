"""Curves of the models next to debiased ones, less their means over the rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from harness.arrays import Floats, frozen_floats
from harness.findings import lines as run_lines
from harness.findings.lines import Curve, TruthLine, truth_line
from harness.findings.run import Run
from harness.report.sections.effects.rows import SubjectEffects


def model_curves(run: Run, effects: SubjectEffects) -> tuple[tuple[Curve, ...], TruthLine | None]:
    """Return the curves of the models, and the true one, less their means over the rows.

    They are those over the same exposure; none where no scenario gave any.
    """
    is_own = effects.exposure == run.manifest.study.exposure
    scenario = run_lines.leading_scenario(run) if is_own else ""
    rug, truth = run_lines.rug_of(run, scenario), truth_line(run, effects.outcome, scenario, "level")
    curves = (
        replace(curve, estimate=centred(curve.at, curve.estimate, rug), bands=())
        for curve in run_lines.curves_of(run, effects.outcome, scenario, "level")
    )
    return tuple(curves), truth and TruthLine(truth.at, centred(truth.at, truth.truth, rug))


def centred(at: Floats, curve: Floats, exposure: Floats) -> Floats:
    """Return a curve, (n_grid,), less its mean over the rows, whose exposures quantiles stand for."""
    return frozen_floats(curve - np.interp(exposure, at, curve).mean())
