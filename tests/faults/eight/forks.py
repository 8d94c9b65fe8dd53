"""An estimator that forks, and comes back from its fit twice."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import ClassVar

from _mean import Hostile

from harness.plugin import hookimpl


@dataclass(frozen=True)
class Own(Hostile):
    name: ClassVar[str] = "forks"

    def worst(self, panel):
        os.fork()


@hookimpl
def harness_estimators():
    return [Own]
