"""What is asked of every member of a kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Generic, TypeVar

CaseT = TypeVar("CaseT", contravariant=True)
"""What is under test: an estimator with its fits, or a member of another kind."""

SOUND = ("fits", "predictions", "randomness")
"""Laws of estimators whose failure would show as one of nearly all others, and so hide what is wrong."""


class Law(ABC, Generic[CaseT]):
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
    def check(self, case: CaseT) -> str:
        """Return what was found in a member that keeps the law; may be empty.

        Raises
        ------
        Broken
            Where the member breaks the law.
        Skipped
            Where the question does not arise.
        """
