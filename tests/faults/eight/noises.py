"""An estimator that writes to the file descriptor of standard output."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import ClassVar

from _mean import Hostile

from harness.plugin import hookimpl


@dataclass(frozen=True)
class Own(Hostile):
    name: ClassVar[str] = "noises"

    def worst(self, panel):
        os.write(1, b"\x00\xff{noise" * 10_000)


@hookimpl
def harness_estimators():
    return [Own]
