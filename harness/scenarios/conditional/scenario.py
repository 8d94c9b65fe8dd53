"""Scenario ``conditional``: how the effect of the exposure depends on a moderator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import Field

from harness.data.panel import Panel
from harness.estimators.dose import require_dose
from harness.estimators.protocol import Fitted, FittedDraws
from harness.scenarios.conditional.ale_interaction import interaction_share
from harness.scenarios.conditional.cell_support import cell_support
from harness.scenarios.conditional.surface import (
    Plane,
    conditional_effects,
    effects_on,
    friedman_h,
    levels_on,
)
from harness.scenarios.conditional.tables import (
    EstimateWithDraws,
    averaged_effects,
    effect_rows,
    interaction_rows,
    surface_rows,
    threshold_rows,
)
from harness.scenarios.conditional.thresholds import sign_changes
from harness.scenarios.grid import Spacing, exposure_grid
from harness.scenarios.partial_dependence import require_apart
from harness.scenarios.resampled import QUICK_DRAWS, Resampled
from harness.scenarios.scenario import Tables
from harness.scenarios.subject import Subject
from harness.scenarios.support import require_variation
from harness.scenarios.truth import Truths
from harness.tables import CONDITIONAL_EFFECTS, INTERACTIONS, SURFACES, THRESHOLDS, ResultTable

QUICK_GRID = 12


@dataclass(frozen=True, kw_only=True)
class ConditionalScenario(Resampled):
    """Levels and effects over exposure and moderator, and whether the two interact.

    Levels are mean predictions were every row's exposure and moderator the same; effects are their slopes
    along the exposure. A cell is supported where entities enough are near it and it is inside the convex hull
    of the data. The conditional effect at a moderator value is the mean effect over the supported exposures,
    which count by the rows near them.

    Attributes
    ----------
    moderator : a regressor other than the exposure
    grid : number of points along the exposure and along the moderator
    spacing : equal steps, or equal shares of the rows, along both
    """

    name: ClassVar[str] = "conditional"
    tables: ClassVar[tuple[ResultTable, ...]] = (SURFACES, CONDITIONAL_EFFECTS, THRESHOLDS, INTERACTIONS)
    data_tables: ClassVar[tuple[ResultTable, ...]] = ()

    moderator: str
    grid: Annotated[int, Field(ge=3, le=200)] = 30
    spacing: Spacing = "uniform"

    @property
    def columns(self) -> tuple[str, ...]:
        """A surface needs no groups."""
        return ()

    @property
    def about(self) -> Mapping[str, str]:
        """The moderator."""
        return {"moderator": self.moderator}

    def describe(self, panel: Panel) -> Tables:  # noqa: ARG002 - support stands beside the surface
        """Return nothing: what the data support stands beside each cell."""
        return {}

    def answer(self, subject: Subject) -> Tables:
        """Return the surface, the conditional effects, their changes of sign, and measures of interaction."""
        panel, level = subject.panel, self.level
        self._require_moderator(panel)
        plane = self._plane(panel)
        models = subject.fit, subject.draws(self.plan)
        levels = EstimateWithDraws(*(levels_on(model, panel, plane) for model in models))
        effects = averaged_effects(levels, plane)
        measures = {
            "friedman_h": EstimateWithDraws(
                friedman_h(models[0], panel, plane, levels.estimate),
                friedman_h(models[1], panel, plane, levels.draws),
            ),
            "ale_interaction_share": self._shares(models, panel),
        }
        return {
            "surfaces": surface_rows(levels, plane, level=level),
            "conditional_effects": effect_rows(
                effects, plane, level=level, rng=subject.rng("bands", self.moderator)
            ),
            "thresholds": threshold_rows(
                effects, plane, level=level, rng=subject.rng("bands", self.moderator)
            ),
            "interactions": interaction_rows(measures, level=level),
        }

    def _shares(self, models: tuple[Fitted, FittedDraws], panel: Panel) -> EstimateWithDraws:
        names = (panel.exposure, self.moderator)
        return EstimateWithDraws(*(interaction_share(model, panel, names) for model in models))

    def _plane(self, panel: Panel) -> Plane:
        values = np.column_stack([panel.column(panel.exposure), panel.column(self.moderator)])
        first, second = (exposure_grid(column, n_grid=self.grid, spacing=self.spacing) for column in values.T)
        near = cell_support(values, panel.entity.codes, first, second)
        return Plane(self.moderator, first, second, near)

    def _require_moderator(self, panel: Panel) -> None:
        require_dose(panel)
        require_apart(panel, self.moderator, where=self.name)
        require_variation(panel, panel.exposure)
        require_variation(panel, self.moderator)

    def truth(self, fit: Fitted, panel: Panel) -> Truths:
        """Return the true level of every cell, the true conditional effects, and where these change sign."""
        plane = self._plane(panel)
        levels = levels_on(fit, panel, plane)
        effects = conditional_effects(effects_on(levels, plane), plane)
        cells = zip(plane.cells.tolist(), levels.ravel().tolist(), strict=True)
        at = plane.moderator_at[plane.has_support]
        changes = sign_changes(at, effects[plane.has_support])
        return [
            *({"kind": "surface", "at": x, "moderator_at": m, "truth": value} for (x, m), value in cells),
            *(
                {"kind": "conditional_effect", "moderator_at": m, "truth": value}
                for m, value in zip(plane.moderator_at.tolist(), effects.tolist(), strict=True)
                if np.isfinite(value)
            ),
            *({"kind": "threshold", "moderator_at": m, "truth": 0.0} for m in changes.tolist()),
        ]

    def quick(self) -> Self:
        """Return a copy with at most 40 draws and 12 grid points along each axis."""
        return replace(self, draws=min(self.draws, QUICK_DRAWS), grid=min(self.grid, QUICK_GRID))
