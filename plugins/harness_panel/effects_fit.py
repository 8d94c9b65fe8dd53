"""A fit whose levels have effects of their own."""

from __future__ import annotations

from dataclasses import dataclass

from harness import Panel
from harness_panel.linear_fit import LinearFit


@dataclass(frozen=True, eq=False, repr=False)
class EffectsFit(LinearFit):
    """A fit with effects of entities, periods or other levels."""

    def n_unseen(self, panel: Panel) -> int:
        """Return the number of rows predicted with a mean effect, since one of their levels is new."""
        return self.model.n_unseen(panel)
