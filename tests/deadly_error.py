"""A metric that ends the process, in a module that another process can import by its name."""

from __future__ import annotations

import os
from dataclasses import dataclass

from harness.evaluation.metrics import AbsoluteError


@dataclass(frozen=True)
class DeadlyError(AbsoluteError):
    """Ends the process on rows that come alone, as a fault in compiled code would."""

    def loss(self, observed, predicted):
        if observed.size < 100:
            os._exit(3)
        return super().loss(observed, predicted)
