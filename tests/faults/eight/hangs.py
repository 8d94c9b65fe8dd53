"""An estimator that never comes back from a fit."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import ClassVar

from _mean import Hostile

from harness.plugin import hookimpl


@dataclass(frozen=True)
class Own(Hostile):
    name: ClassVar[str] = "hangs"

    def worst(self, panel):
        time.sleep(1e6)


@hookimpl
def harness_estimators():
    return [Own]
