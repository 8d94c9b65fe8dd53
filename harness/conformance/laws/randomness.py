"""All randomness comes from the stream that is given."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import numpy as np

from harness.conformance.case import Case
from harness.conformance.law import Law
from harness.conformance.verdict import Broken

_UNLIKELY = 271828182
"""A seed that nobody would choose."""


class Randomness(Law[Case]):
    """Equal streams give equal numbers, and no generator of the process is used."""

    name: ClassVar[str] = "randomness"
    says: ClassVar[str] = "equal streams give equal numbers, and the process's own generators are not used"
    needs: ClassVar[tuple[str, ...]] = ("fits", "predictions")

    def check(self, case: Case) -> str:
        """Fit once more from an equal stream, between two looks at the process's own generators."""
        with _known_states() as states:
            again = case.predicted(case.panel)
            if _states() != states:
                raise Broken("a global generator was used or seeded; draw from `rng` alone")
        if not np.array_equal(again, case.predictions()):
            raise Broken("two fits from equal streams differ; draw from `rng` alone")
        return ""


@contextmanager
def _known_states() -> Iterator[tuple[object, object]]:
    """Put the generators of the language and of numpy where no fit leaves them, and back afterwards."""
    before, numbers_before = random.getstate(), np.random.get_state()  # noqa: NPY002 - to put it back
    random.seed(_UNLIKELY)
    np.random.seed(_UNLIKELY)  # noqa: NPY002 - asked whether somebody else uses it
    try:
        yield _states()
    finally:
        random.setstate(before)
        np.random.set_state(numbers_before)  # noqa: NPY002 - as it was


def _states() -> tuple[object, object]:
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002 - asked whether somebody else used it
    return random.getstate(), (kind, np.asarray(keys).tobytes(), *rest)
