"""Scenario ``curve``: the net effect of the exposure on its whole range."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

import numpy as np
from pydantic import Field

from harness.arrays import Floats, Mask
from harness.data.panel import Panel
from harness.evaluation.resample import ResampleUnit
from harness.scenarios.effect import partial_dependence, pointwise_limits, slope
from harness.scenarios.grid import Spacing, exposure_grid
from harness.scenarios.scenario import Tables
from harness.scenarios.subject import DrawPlan, Subject
from harness.scenarios.support import support

if TYPE_CHECKING:
    import pandas as pd

RUG_POINTS = 500
"""Quantiles of the exposure kept for the rug under a curve."""


@dataclass(frozen=True)
class Curve:
    """Mean predicted outcome were every row's exposure the same, at each exposure, with its slope.

    Attributes
    ----------
    grid : number of grid points
    spacing : equal steps, or equal shares of the rows
    draws : bootstrap draws of the band
    unit : what is resampled; rows ignore that an entity's rows go together, and the band is too narrow
    level : nominal coverage of each point of the band on its own
    """

    name: ClassVar[str] = "curve"
    tables: ClassVar[tuple[str, ...]] = ("curves",)

    grid: Annotated[int, Field(ge=2, le=1000)] = 40
    spacing: Spacing = "uniform"
    draws: Annotated[int, Field(ge=2)] = 200
    unit: ResampleUnit = "entity"
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95

    @property
    def columns(self) -> tuple[str, ...]:
        """A curve needs no groups."""
        return ()

    def _points(self, panel: Panel) -> Floats:
        return exposure_grid(panel.column(panel.exposure), n_grid=self.grid, spacing=self.spacing)

    def describe(self, panel: Panel) -> Tables:
        """Return ``support`` (rows and entities near each grid point) and ``rug`` (exposure quantiles)."""
        import pandas as pd

        exposure = panel.column(panel.exposure)
        at = self._points(panel)
        near = support(exposure, panel.entity.codes, at)
        rug = np.quantile(exposure, np.linspace(0.0, 1.0, min(RUG_POINTS, exposure.size)))
        columns = {"at": at, "n_obs": near.n_obs, "n_entities": near.n_entities, "supported": near.supported}
        return {"support": pd.DataFrame(columns), "rug": pd.DataFrame({"exposure": rug})}

    def answer(self, subject: Subject) -> Tables:
        """Return ``curves``: levels and slopes on the grid, with pointwise bands."""
        import pandas as pd

        panel = subject.panel
        at = self._points(panel)
        supported = support(panel.column(panel.exposure), panel.entity.codes, at).supported
        level = partial_dependence(subject.fit, panel, at)
        drawn = partial_dependence(subject.draws(DrawPlan(self.draws, self.unit)), panel, at)
        frames = [
            self._rows(kind, at, supported=supported, estimate=estimate, drawn=resampled)
            for kind, estimate, resampled in (
                ("level", level, drawn),
                ("slope", slope(level, at), slope(drawn, at)),
            )
        ]
        return {"curves": pd.concat(frames, ignore_index=True)}

    def _rows(
        self, kind: str, at: Floats, *, supported: Mask, estimate: Floats, drawn: Floats
    ) -> pd.DataFrame:
        import pandas as pd

        low, high = pointwise_limits(drawn, level=self.level)
        columns = {"kind": kind, "at": at, "estimate": estimate, "conf_low": low, "conf_high": high}
        fixed = {"band": "pointwise", "n_draws": len(drawn), "supported": supported}
        return pd.DataFrame(columns | fixed)

    def quick(self) -> Self:
        """Return a copy with at most 40 draws and 25 grid points."""
        return replace(self, draws=min(self.draws, 40), grid=min(self.grid, 25))
