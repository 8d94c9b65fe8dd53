"""Scenarios that answer from pieces of work, each a task of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Protocol, runtime_checkable

from harness.arrays import Floats
from harness.data.panel import Panel
from harness.estimators.guard import Attempt, Status, attempt
from harness.estimators.protocol import Estimator
from harness.scenarios.asked import Tables


@dataclass(frozen=True, eq=False)
class Question:
    """What is asked, of whom and on which rows.

    Attributes
    ----------
    panel : all rows
    estimator : that is asked, its options
    name : of the estimator in the study; labels its random streams
    seed : root seed of the study
    """

    panel: Panel
    estimator: Estimator
    name: str
    seed: int


class Part(Protocol):
    """A piece of work that needs nothing but itself."""

    @property
    def label(self) -> str:
        """Its name among the parts of one question."""

    def run(self) -> Floats:
        """Do the work.

        Raises
        ------
        EstimationError
            Where the estimator refuses the rows.
        """


Found = Mapping[str, Attempt[Floats]]
"""What came of the parts, by label."""


@runtime_checkable
class WorksInParts(Protocol):
    """Capability of a scenario: its answer is put together from parts, which run and resume on their own."""

    def asked(self, estimators: Mapping[str, Estimator]) -> Mapping[str, Estimator]:
        """Return whom it asks, by name: some estimators of the study, and those that it brings itself."""

    def parts(self, question: Question) -> Iterator[Part]:
        """Yield the parts of the answer."""

    def concluded(self, question: Question, found: Found) -> Tables:
        """Return the answer, with the status of every row where some have none; it takes seconds at most."""


@dataclass(frozen=True)
class PartCell:
    """Where a part belongs in a study."""

    outcome: str
    estimator: str
    scenario: str
    part: str

    def __str__(self) -> str:
        return " · ".join((self.outcome, self.estimator, self.scenario, self.part))


@dataclass(frozen=True, eq=False)
class PartResult:
    """How a part went; `found` is None unless `status` is ``ok``."""

    part_cell: PartCell
    found: Floats | None
    status: Status
    reason: str
    seconds: float

    @property
    def label(self) -> str:
        """Name of the part within the study."""
        return str(self.part_cell)


@dataclass(frozen=True, eq=False)
class PartTask:
    """A part that is ready to run in any process."""

    part_cell: PartCell
    part: Part

    @property
    def estimator_id(self) -> str:
        """Id of the estimator that is asked."""
        return self.part_cell.estimator

    @property
    def label(self) -> str:
        """Name of the part within the study."""
        return str(self.part_cell)

    def run(self) -> PartResult:
        """Do the work, and keep the reason where that cannot be done."""
        start = perf_counter()
        tried = attempt(self.part.run)
        return PartResult(self.part_cell, tried.value, tried.status, tried.reason, perf_counter() - start)

    def failed(self, reason: str) -> PartResult:
        """Return what stands for a result that could not be had."""
        return PartResult(self.part_cell, None, "failed", reason, 0.0)


def answered_in_parts(scenario: WorksInParts, question: Question) -> Tables:
    """Return an answer, all of its parts run here one after the other."""
    found = {part.label: attempt(partial(part.run)) for part in scenario.parts(question)}
    return scenario.concluded(question, found)
