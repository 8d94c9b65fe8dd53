"""RAB on simulated panels, under question."""

from __future__ import annotations

from harness.data.simulate.small_panels import SmallPanel
from harness.scenarios.scenario import Subject
from harness_neural.mlp import Mlp
from harness_rab.rab import Rab
from panels import small_panel

NETWORK = Mlp(optimiser="levenberg_marquardt", sizes_around=0, restarts=1, draw_restarts=3)


def rab_on(simulation: SmallPanel, *, draws: int, network: Mlp = NETWORK) -> Subject:
    """Return a RAB fitted on a simulated panel."""
    panel = small_panel(simulation.draw())
    estimator = Rab(base=network, draws=draws)
    return Subject(panel, estimator, "rab", simulation.seed)
