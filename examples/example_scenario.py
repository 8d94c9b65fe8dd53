"""A scenario with a table of its own: how the predicted effect of the exposure is spread over the rows.

scenarios: [{use: effect_spread, shares: [0.1, 0.5, 0.9]}]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import pandas as pd
from pydantic import Field

from harness.plugin import ResultTable, Scenario, Subject, hookimpl

EFFECT_SPREAD = ResultTable(
    "effect_spread",
    ("outcome", "estimator", "share", "effect", "scenario", "status", "reason"),
    ("outcome", "estimator", "scenario", "share"),
    "quantiles over the rows of the effect of the exposure that an estimator predicts in each of them",
    measures=("effect",),
)


@dataclass(frozen=True)
class EffectSpread(Scenario):
    """Quantiles over the rows of the predicted effect of a small step of the exposure.

    Attributes
    ----------
    shares : quantiles, above 0 and below 1
    """

    name: ClassVar[str] = "effect_spread"
    tables: ClassVar[tuple[ResultTable, ...]] = (EFFECT_SPREAD,)

    shares: Annotated[tuple[Annotated[float, Field(gt=0, lt=1)], ...], Field(min_length=1)] = (0.1, 0.5, 0.9)

    def answer(self, subject: Subject) -> Mapping[str, pd.DataFrame]:
        """Return the quantiles of central differences, outcome units per unit of the exposure."""
        panel, predict = subject.panel, subject.fit.predict
        exposure = panel.column(panel.exposure)
        step = 0.1 * exposure.std()
        above = predict(panel.with_column(panel.exposure, exposure + step))
        below = predict(panel.with_column(panel.exposure, exposure - step))
        effects = np.quantile((above - below) / (2 * step), self.shares)
        return {EFFECT_SPREAD.name: pd.DataFrame({"share": self.shares, "effect": effects})}

    def quick(self) -> EffectSpread:
        """Return itself: nothing is drawn, so nothing is left out."""
        return self


@hookimpl
def harness_scenarios() -> list[type[Scenario]]:
    """Return the scenarios of this plugin."""
    return [EffectSpread]
