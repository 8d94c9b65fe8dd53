"""Linear models of a panel with further columns that follow from those it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from harness.plugin import Floats, LevelModels, Panel
from harness_panel.resampling.levels import LinearModels


class FurtherColumns(Protocol):
    """Further columns, such as powers of the exposure, or a trend."""

    def expand(self, panel: Panel) -> Panel:
        """Return the panel with the terms as its last controls."""


@dataclass(frozen=True, eq=False)
class ExpandedModels:
    """Linear models, one a draw.

    Attributes
    ----------
    terms : added to a panel before it is predicted
    draws : of the expanded panel
    """

    terms: FurtherColumns
    draws: LevelModels

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_draws, n_obs), outcome units."""
        return self.draws.predict(self.terms.expand(panel))

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions, (n_draws, n_points), as `harness.plugin.CanProfile` has it."""
        moved = (panel.with_columns(dict(zip(columns, point, strict=True))) for point in points.tolist())
        return self.draws.mean_predictions(
            panel, np.stack([self.terms.expand(rows).X.mean(axis=0) for rows in moved])
        )


@dataclass(frozen=True, eq=False)
class OneByOne:
    """Models of draws that share neither columns nor levels."""

    models: Sequence[LinearModels]

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_draws, n_obs), outcome units."""
        return np.concatenate([model.predict(panel) for model in self.models])

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions, (n_draws, n_points), as `harness.plugin.CanProfile` has it."""
        return np.concatenate([model.profile(panel, columns, points) for model in self.models])
