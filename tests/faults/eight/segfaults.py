"""An estimator whose compiled code reads memory that is not there."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import ClassVar

from _mean import Hostile

from harness.plugin import hookimpl


@dataclass(frozen=True)
class Own(Hostile):
    name: ClassVar[str] = "segfaults"

    def worst(self, panel):
        ctypes.string_at(0)


@hookimpl
def harness_estimators():
    return [Own]
