"""Scenarios that a spec can choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.scenarios.conditional.scenario import Conditional
from harness.scenarios.curve.scenario import Curve
from harness.scenarios.heterogeneity.scenario import Heterogeneity

SCENARIOS: Mapping[str, type] = {one.name: one for one in (Curve, Heterogeneity, Conditional)}


@dataclass(frozen=True)
class ScenarioCatalog:
    """The scenarios by name."""

    kind: str = field(default="scenario", init=False)

    @property
    def classes(self) -> Mapping[str, type]:
        """The dataclass behind each name."""
        return SCENARIOS

    def why_missing(self, name: str) -> str:  # noqa: ARG002 - the set is closed, there is no more to say
        """Return an empty string: the set is closed."""
        return ""
