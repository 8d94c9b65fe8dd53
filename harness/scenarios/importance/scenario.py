"""Scenario ``importance``: how much worse an estimator predicts entities held out without some columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import Field

from harness.arrays import Floats
from harness.data.note import Note
from harness.data.panel import Panel
from harness.errors import EstimationError, Problem
from harness.estimators.guard import attempt
from harness.estimators.protocol import Estimator
from harness.rng import random_stream
from harness.scenarios.asked import Tables
from harness.scenarios.effect.entity_folds import EntityFolds
from harness.scenarios.held_out_fit import HeldOutFit
from harness.scenarios.importance.without import Importance, importance, without
from harness.scenarios.parts import Found, Part, Question, answered_in_parts
from harness.scenarios.subject import Subject
from harness.tables import IMPORTANCE, ResultTable

ALL = "all columns"
"""What parts call the fit that leaves nothing out."""

QUICK_FOLDS = 3
"""Most folds of a quick run."""


@dataclass(frozen=True, kw_only=True)
class ImportanceScenario:
    """How much the error of entities held out rises where an estimator is fitted without some columns.

    Every group of columns is left out in turn, and the estimator is fitted anew, its own search included, on
    the same folds of entities. What other columns say as well is not lost: of two columns that are alike
    neither is important by itself, and both are as a group. Intervals are from draws of entities.

    Attributes
    ----------
    groups : columns that are left out together, by what the group is called; unless given every regressor is
        a group of its own
    folds : of entities
    level : nominal coverage of intervals
    """

    name: ClassVar[str] = "importance"
    tables: ClassVar[tuple[ResultTable, ...]] = (IMPORTANCE,)
    data_tables: ClassVar[tuple[ResultTable, ...]] = ()

    groups: Mapping[str, Annotated[tuple[str, ...], Field(min_length=1)]] = field(default_factory=dict)
    folds: Annotated[int, Field(ge=2, le=10_000)] = 5
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95

    @property
    def columns(self) -> tuple[str, ...]:
        """It needs no groups of rows."""
        return ()

    @property
    def about(self) -> Mapping[str, str]:
        """Nothing: every row says it by itself."""
        return {}

    def describe(self, panel: Panel) -> Tables:
        """Return nothing: the data alone have no errors."""
        return {}

    def notes(self, panel: Panel) -> tuple[Note, ...]:
        """Return nothing."""
        return ()

    def quick(self) -> Self:
        """Return a copy with at most three folds."""
        return replace(self, folds=min(self.folds, QUICK_FOLDS))

    def answer(self, subject: Subject) -> Tables:
        """Return the importance of every group for the estimator under question."""
        question = Question(subject.panel, subject.estimator, subject.name, subject.seed)
        return answered_in_parts(self, question)

    def asked(self, estimators: Mapping[str, Estimator]) -> Mapping[str, Estimator]:
        """Return all estimators."""
        return estimators

    def parts(self, question: Question) -> Iterator[Part]:
        """Yield the fits with all columns and without each group, on each fold of entities."""
        for group, names in {ALL: (), **self._groups(question.panel)}.items():
            yield from attempt(partial(self._fits, question, group, names)).value or ()

    def concluded(self, question: Question, found: Found) -> Tables:
        """Return the importance of every group, a row with its reason where there is none."""
        import pandas as pd

        answers = _Answers(self, question, found)
        rows = []
        for group, names in self._groups(question.panel).items():
            tried = attempt(partial(answers.importance, group, names))
            place = {"group": group, "columns": " ".join(names)}
            numbers = {} if tried.value is None else _columns(tried.value, question.panel)
            rows.append(place | numbers | {"status": tried.status, "reason": tried.reason})
        return {IMPORTANCE.name: pd.DataFrame(rows)}

    def split(self, question: Question) -> EntityFolds:
        """Return the folds, the same for all estimators, outcomes and groups."""
        rng = random_stream(question.seed, "importance folds")
        return EntityFolds.drawn(question.panel.entity.codes, n_folds=self.folds, rng=rng)

    def _groups(self, panel: Panel) -> Mapping[str, tuple[str, ...]]:
        names = (panel.exposure, *panel.moderators, *panel.controls)
        return self.groups or {name: (name,) for name in names}

    def _fits(self, question: Question, group: str, names: tuple[str, ...]) -> list[Part]:
        panel, folds = without(question.panel, names), self.split(question)
        return [
            HeldOutFit(
                label=label_of(group, fold),
                purpose=self.name,
                name=question.name,
                estimator=question.estimator,
                panel=panel,
                train=folds.others(fold),
                test=folds.held_out(fold),
                seed=question.seed,
            )
            for fold in range(folds.n_folds)
        ]


def label_of(group: str, fold: int) -> str:
    """Return the name of a part."""
    return f"without {group}, fold {fold + 1}" if group != ALL else f"{ALL}, fold {fold + 1}"


@dataclass(frozen=True, eq=False)
class _Answers:
    """What came of the parts of one question."""

    scenario: ImportanceScenario
    question: Question
    found: Found

    @cached_property
    def folds(self) -> EntityFolds:
        return self.scenario.split(self.question)

    @cached_property
    def whole(self) -> Floats:
        return self._predicted(ALL)

    def importance(self, group: str, names: tuple[str, ...]) -> Importance:
        panel = self.question.panel
        without(panel, names)
        return importance(
            panel.observed,
            self.whole,
            self._predicted(group),
            panel.entity.codes,
            level=self.scenario.level,
            rng=random_stream(self.question.seed, "importance draws", panel.outcome),
        )

    def _predicted(self, group: str) -> Floats:
        gathered = np.empty(self.question.panel.n_obs)
        for fold in range(self.folds.n_folds):
            label = label_of(group, fold)
            part = self.found[label]
            if part.value is None:
                raise EstimationError(Problem(label, part.reason))
            gathered[self.folds.held_out(fold)] = part.value
        return gathered


def _columns(found: Importance, panel: Panel) -> dict[str, float | int]:
    counts = {"n_obs": panel.n_obs, "n_entities": panel.n_entities}
    return {**vars(found), **counts}
