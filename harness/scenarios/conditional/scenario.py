"""Scenario ``conditional``: how the effect of the exposure depends on a moderator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import Field

from harness.arrays import Floats
from harness.data.panel import Panel
from harness.estimators.protocol import Fitted, FittedDraws
from harness.estimators.refusals import require_continuous
from harness.scenarios.ale import interaction_share, local_changes
from harness.scenarios.conditional import surface
from harness.scenarios.draws import FitAndDraws, Numbers, WithDraws, some_at_a_time
from harness.scenarios.grid import Spacing, exposure_grid, require_separate, require_variation
from harness.scenarios.scenario import Concluded, Evaluated, Resampled
from harness.scenarios.truth import Truths
from harness.tables.conditional import CONDITIONAL_EFFECTS, INTERACTIONS, SURFACES, THRESHOLDS
from harness.tables.table import ResultTable

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

    moderator: str
    grid: Annotated[int, Field(ge=3, le=200)] = 30
    spacing: Spacing = "uniform"

    @property
    def about(self) -> Mapping[str, str]:
        """The moderator."""
        return {"moderator": self.moderator}

    def numbers(self, model: Fitted | FittedDraws, panel: Panel, rows: Panel) -> Numbers:
        """Return levels on the plane and along each axis, and what accumulated local effects rest on.

        Raises
        ------
        EstimationError
            Where exposure or moderator do not vary, or cannot be set apart.
        """
        require_continuous(panel)
        require_separate(panel, self.moderator, where=self.name)
        require_variation(panel, panel.exposure)
        require_variation(panel, self.moderator)
        axes = self._axes(panel)
        return {
            "levels": surface.levels_on(model, rows, axes),
            **surface.axis_levels(model, rows, axes),
            **local_changes(model, panel, rows, (panel.exposure, self.moderator)),
        }

    def concluded(self, evaluated: Evaluated) -> Concluded:
        """Return the surface, the conditional effects, their changes of sign, and measures of interaction."""
        panel, level, whole = evaluated.panel, self.level, evaluated.whole
        plane = self._plane(panel)
        levels = whole.of("levels")
        effects = surface.averaged_effects(levels, plane)
        pair = (panel.exposure, self.moderator)
        found = {
            "friedman_h": partial(surface.friedman_h, panel=panel, axes=plane),
            "ale_interaction_share": partial(interaction_share, panel=panel, names=pair),
        }
        measures = {name: _measure(whole, panel, measure) for name, measure in found.items()}
        bands = partial(evaluated.rng, "bands", self.moderator)
        return {
            "surfaces": surface.surface_rows(levels, plane, level=level),
            "conditional_effects": surface.effect_rows(effects, plane, level=level, rng=bands()),
            "thresholds": surface.threshold_rows(effects, plane, level=level, rng=bands()),
            "interactions": surface.interaction_rows(measures, level=level),
        }

    def _axes(self, panel: Panel) -> surface.Axes:
        columns = panel.column(panel.exposure), panel.column(self.moderator)
        grids = (exposure_grid(column, n_grid=self.grid, spacing=self.spacing) for column in columns)
        return surface.Axes(self.moderator, *grids)

    def _plane(self, panel: Panel) -> surface.Plane:
        axes = self._axes(panel)
        values = np.column_stack([panel.column(panel.exposure), panel.column(self.moderator)])
        near = surface.cell_support(values, panel.entity.codes, axes.exposure_at, axes.moderator_at)
        return surface.Plane(**vars(axes), support=near)

    def truth(self, fit: Fitted, panel: Panel) -> Truths:
        """Return the true level of every cell, the true conditional effects, and where these change sign."""
        plane = self._plane(panel)
        levels = surface.levels_on(fit, panel, plane)
        effects = surface.conditional_effects(surface.effects_on(levels, plane), plane)
        cells = zip(plane.cells.tolist(), levels.ravel().tolist(), strict=True)
        at = plane.moderator_at[plane.has_support]
        changes = surface.sign_changes(at, effects[plane.has_support])
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
        return replace(super().quick(), grid=min(self.grid, QUICK_GRID))


def _measure(whole: FitAndDraws, panel: Panel, measure: Callable[[Numbers], Floats]) -> WithDraws:
    """Return a measure of the fit and of each draw."""
    n_draws = len(whole.draws["levels"])

    def of_some(some: slice) -> Floats:
        return measure({name: values[some] for name, values in whole.draws.items()})

    return WithDraws(measure(whole.fit), some_at_a_time(of_some, n_draws=n_draws, n_obs=panel.n_obs))
