"""An estimator that breaks with an endless text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from _mean import Hostile

from harness.plugin import hookimpl


@dataclass(frozen=True)
class Own(Hostile):
    name: ClassVar[str] = "talks"

    def worst(self, panel):
        raise ValueError("word " * 2_000_000)


@hookimpl
def harness_estimators():
    return [Own]
