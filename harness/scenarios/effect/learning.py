"""How the nuisance functions of an effect are learned."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Self

import numpy as np

from harness.arrays import Floats, Ints
from harness.data.panel import Panel
from harness.estimators.protocol import Estimator
from harness.scenarios.effect.entity_folds import EntityFolds
from harness.scenarios.effect.methods import Arranged
from harness.scenarios.effect.nuisance import ConditionalMeans, ExposurePart, NuisancePart
from harness.scenarios.parts import Question


@dataclass(frozen=True, eq=False)
class NuisanceLearning:
    """Learning at the rows of the method: from those outside a fold, for those in it.

    Attributes
    ----------
    learner : learns the functions
    inputs : what they are functions of, as labels have it
    rows : of the method
    panel : rows that are learned from, the outcome in its place
    targets : terms and instruments at these rows, (n_learned, n_terms) and (n_learned, n_instruments)
    """

    learner: Estimator
    inputs: str
    rows: Arranged
    panel: Panel
    targets: tuple[Floats, Floats]

    part_type: ClassVar[type[NuisancePart]] = NuisancePart

    @classmethod
    def at_rows(cls, learner: Estimator, inputs: str, rows: Arranged) -> Self:
        """Return the learning of functions at the rows of a method."""
        return cls(learner, inputs, rows, rows.targeting(rows.outcome), (rows.terms, rows.instruments))

    @cached_property
    def without_outcome(self) -> Panel:
        """The same rows, so that what is learned of other targets is the same for all outcomes."""
        return replace(self.panel, outcome="", observed=np.zeros(self.panel.n_obs))

    @cached_property
    def predicted(self) -> Panel:
        """The rows that targets are predicted at."""
        return self.without_outcome

    def split(self, folds: EntityFolds, fold: int) -> tuple[Ints, Ints]:
        """Return positions of the rows that are learned from and of those held out."""
        return folds.others(fold), folds.held_out(fold)

    def means(self, label: str, question: Question, train: Ints) -> ConditionalMeans:
        """Return what learns from some rows the means of targets."""
        place = (label, question.name, self.learner)
        return ConditionalMeans(*place, self.panel, self.predicted, train, question.seed)

    def part(self, label: str, question: Question, folds: EntityFolds, fold: int) -> NuisancePart:
        """Return the functions of a fold."""
        train, test = self.split(folds, fold)
        means = self.means(label, question, train)
        exposure = ExposurePart(replace(means, panel=self.without_outcome), *self.targets)
        return self.part_type(means, exposure, test)

    def held_out(self, values: Floats, folds: EntityFolds, fold: int) -> Floats:
        """Return what a part gave as predictions of the rows held out, (n_values, n_test)."""
        return values
