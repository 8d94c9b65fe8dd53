"""What every fit here is: linear models that predict, and tables by columns that describe it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from harness.plugin import Floats, Panel, ShownFit
from harness_panel.solver.equation import LinearModels


class LevelledModels(LinearModels, Protocol):
    """Linear models with effects of levels."""

    def n_unseen(self, panel: Panel) -> int:
        """Return the number of rows with a level that has no effect of its own."""


class ModelFit(ShownFit):
    """A fit that predicts by linear models.

    Attributes
    ----------
    model : columns and levels; one draw
    """

    model: LevelledModels

    @property
    def predictor(self) -> LinearModels:
        """What predicts; one draw."""
        return self.model

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_obs,), outcome units."""
        predicted: Floats = self.predictor.predict(panel)[0]
        return predicted

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions, (n_points,), as `harness.plugin.CanProfile` has it."""
        means: Floats = self.predictor.profile(panel, columns, points)[0]
        return means


class LevelledFit(ModelFit):
    """A fit with effects of entities, periods or other levels."""

    def n_unseen(self, panel: Panel) -> int:
        """Return the number of rows predicted with a mean effect, since one of their levels is new."""
        return self.model.n_unseen(panel)


def by_columns(names: Sequence[str], rows: Iterable[Sequence[object]]) -> Mapping[str, Sequence[object]]:
    """Return rows of values as a tidy table by columns."""
    found = list(rows)
    return {name: [row[at] for row in found] for at, name in enumerate(names)}
