"""What is asked of every estimator."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from harness.conformance.case import Case

SOUND = ("fits", "predictions", "randomness")
"""Laws whose failure would show as a failure of nearly all others, and so hide what is wrong."""


class Law(ABC):
    """One law of the seam.

    Attributes
    ----------
    name : in reports and in the ids of tests
    says : the law, in one clause
    needs : names of the laws that must not have failed for this one to be asked
    is_slow : whether it takes many fits
    """

    name: ClassVar[str]
    says: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = SOUND
    is_slow: ClassVar[bool] = False

    @abstractmethod
    def check(self, case: Case) -> str:
        """Return what was found in an estimator that keeps the law; may be empty.

        Raises
        ------
        Broken
            Where the estimator breaks the law.
        NotAsked
            Where the question does not arise.
        """
