"""Who learns the nuisance functions of an effect: estimators of the study, or some written out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain, count
from typing import Annotated

from pydantic import Field

from harness.data.panel import Panel
from harness.estimators.nested import grouped_by
from harness.estimators.protocol import CanRunQuick, Estimator, NestedEstimator
from harness.scenarios.asked import Tables
from harness.scenarios.parts import Question, WorksInParts, answered_in_parts
from harness.scenarios.subject import Subject

Learner = Annotated[str | NestedEstimator, Field(union_mode="left_to_right")]
"""An estimator of the study by its id, or one written out."""


def named(learners: Iterable[Learner], estimators: Mapping[str, Estimator]) -> Mapping[str, Estimator]:
    """Return learners by name; one written out has that of what it uses, numbered where it is taken.

    Parameters
    ----------
    estimators : of the study, by id; where there are no learners, all of them
    """
    found: dict[str, Estimator] = {}
    for learner in learners:
        if isinstance(learner, str):
            found[learner] = estimators[learner]
        else:
            taken = {*estimators, *found}
            further = (f"{learner.name}_{at}" for at in count(2))
            name = next(candidate for candidate in chain([learner.name], further) if candidate not in taken)
            found[name] = learner
    return found or estimators


def as_quick(learners: Iterable[Learner]) -> tuple[Learner, ...]:
    """Return learners as ``--quick`` runs them; those of the study are quickened there."""
    return tuple(learner.quick() if isinstance(learner, CanRunQuick) else learner for learner in learners)


def group_columns(learners: Iterable[Learner], by: str | None) -> tuple[str, ...]:
    """Return the column that rows are asked apart by, and those that learners written out group rows by."""
    own = (learner for learner in learners if not isinstance(learner, str))
    names = [] if by is None else [by]
    return tuple(dict.fromkeys([*names, *(name for learner in own for name in grouped_by(learner))]))


class AsksLearners(WorksInParts):
    """What scenarios of debiased effects have in common: they ask learners, part by part.

    Attributes
    ----------
    learners : those asked; all of the study where there are none
    by : column of the data whose groups are asked apart
    """

    learners: tuple[Learner, ...]
    by: str | None

    @property
    def columns(self) -> tuple[str, ...]:
        """The column of the groups, where there is one, and those that learners of its own group rows by."""
        return group_columns(self.learners, self.by)

    @property
    def about(self) -> Mapping[str, str]:
        """Nothing: every row says it by itself."""
        return {}

    def describe(self, panel: Panel) -> Tables:
        """Return nothing: the data alone have no effects."""
        return {}

    def answer(self, subject: Subject) -> Tables:
        """Return the answer with the estimator under question as learner."""
        question = Question(subject.panel, subject.estimator, subject.name, subject.seed)
        return answered_in_parts(self, question)

    def asked(self, estimators: Mapping[str, Estimator]) -> Mapping[str, Estimator]:
        """Return the learners by name."""
        return named(self.learners, estimators)
