"""An estimator that exchanges a function of numpy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from _mean import Hostile

from harness.plugin import hookimpl


@dataclass(frozen=True)
class Own(Hostile):
    name: ClassVar[str] = "patches"

    def worst(self, panel):
        np.mean = lambda *_, **__: 0.0


@hookimpl
def harness_estimators():
    return [Own]
