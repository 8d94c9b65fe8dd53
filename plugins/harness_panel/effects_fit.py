"""A fit whose levels have effects of their own."""

from __future__ import annotations

from dataclasses import dataclass

from harness import Panel
from harness_panel.linear_fit import LinearFit


@dataclass(frozen=True, eq=False)
class EffectsFit(LinearFit):
    """A fit with entity or period effects."""

    def n_unseen(self, panel: Panel) -> int:
        """Return the number of rows predicted with a mean effect, since their entity or period is new."""
        return self.model.n_unseen(panel)
