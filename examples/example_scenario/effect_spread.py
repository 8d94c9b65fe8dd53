"""What an estimator says about the effect of the exposure in each row, and how these effects are spread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

import numpy as np
import pandas as pd
from pydantic import Field

from harness.plugin import Note, Panel, ResultTable, Subject

EFFECT_SPREAD = ResultTable(
    "effect_spread",
    ("outcome", "estimator", "share", "effect", "n_obs", "scenario", "status", "reason"),
    ("outcome", "estimator", "scenario", "share"),
    "quantiles over the rows of the effect of the exposure that an estimator predicts in each of them",
    measures=("effect",),
)


@dataclass(frozen=True)
class EffectSpread:
    """Quantiles over the rows of the predicted effect of a small step of the exposure.

    Attributes
    ----------
    shares : quantiles that are told, above 0 and below 1
    step : of the exposure to either side, in its standard deviations
    """

    name: ClassVar[str] = "effect_spread"
    tables: ClassVar[tuple[ResultTable, ...]] = (EFFECT_SPREAD,)
    data_tables: ClassVar[tuple[ResultTable, ...]] = ()

    shares: Annotated[tuple[Annotated[float, Field(gt=0, lt=1)], ...], Field(min_length=1)] = (0.1, 0.5, 0.9)
    step: Annotated[float, Field(gt=0)] = 0.1

    @property
    def columns(self) -> tuple[str, ...]:
        """No groups are asked for."""
        return ()

    @property
    def about(self) -> Mapping[str, str]:
        """The exposure, which needs no column."""
        return {}

    def describe(self, panel: Panel) -> Mapping[str, pd.DataFrame]:
        """Return nothing: all that is told comes from estimators."""
        return {}

    def answer(self, subject: Subject) -> Mapping[str, pd.DataFrame]:
        """Return the quantiles of central differences, outcome units per unit of the exposure."""
        panel = subject.panel
        exposure = panel.column(panel.exposure)
        reach = self.step * float(exposure.std())
        above, below = (
            subject.fit.predict(panel.with_column(panel.exposure, exposure + sign * reach))
            for sign in (1, -1)
        )
        effects = (above - below) / (2.0 * reach)
        shares = np.array(self.shares)
        spread = {"share": shares, "effect": np.quantile(effects, shares), "n_obs": panel.n_obs}
        return {EFFECT_SPREAD.name: pd.DataFrame(spread)}

    def notes(self, panel: Panel) -> tuple[Note, ...]:
        """Return nothing to warn of."""
        return ()

    def quick(self) -> EffectSpread:
        """Return a copy: nothing is drawn, so nothing is left out."""
        return replace(self)
