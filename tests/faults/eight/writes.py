"""An estimator that writes to its panel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from _mean import Hostile

from harness.plugin import hookimpl


@dataclass(frozen=True)
class Own(Hostile):
    name: ClassVar[str] = "writes"

    def worst(self, panel):
        panel.observed.setflags(write=True)
        panel.observed[:] = 0.0


@hookimpl
def harness_estimators():
    return [Own]
