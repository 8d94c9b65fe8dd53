"""What can be run: work that needs nothing but itself."""

from __future__ import annotations

from typing import Protocol, TypeVar, runtime_checkable

R_co = TypeVar("R_co", covariant=True)


class Task(Protocol[R_co]):
    """Work that needs nothing but itself."""

    @property
    def label(self) -> str:
        """Name of the task."""

    def run(self) -> R_co:
        """Do the work."""


@runtime_checkable
class CanFail(Protocol[R_co]):
    """Capability of a task: it knows what stands for its result where its worker dies, or cannot do it."""

    def failed(self, reason: str) -> R_co:
        """Return a failed result with this reason."""
