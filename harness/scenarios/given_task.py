"""Tasks that begin once others are done, with what these returned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

G_contra = TypeVar("G_contra", contravariant=True)
G = TypeVar("G")
R_co = TypeVar("R_co", covariant=True)


class RunsWith(Protocol[G_contra, R_co]):
    """A task that others come before."""

    @property
    def estimator_id(self) -> str:
        """Id of the estimator that is asked."""

    @property
    def label(self) -> str:
        """Name of the task within the study."""

    def run_with(self, found: G_contra, /) -> R_co:
        """Do the work with what the others returned, and keep the reason where that cannot be done."""

    def failed(self, reason: str) -> R_co:
        """Return what stands for a result that could not be had."""


@dataclass(frozen=True, eq=False)
class GivenTask(Generic[G, R_co]):
    """A task that can run: `found` is what the others returned."""

    task: RunsWith[G, R_co]
    found: G

    @property
    def estimator_id(self) -> str:
        """Id of the estimator that is asked."""
        return self.task.estimator_id

    @property
    def label(self) -> str:
        """Name of the task within the study."""
        return self.task.label

    def run(self) -> R_co:
        """Do the work, and keep the reason where that cannot be done."""
        return self.task.run_with(self.found)

    def failed(self, reason: str) -> R_co:
        """Return what stands for a result that could not be had."""
        return self.task.failed(reason)
