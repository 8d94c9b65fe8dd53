"""How the nuisance functions of an effect are learned: at the rows of the method, or within entities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Self

import numpy as np

from harness.arrays import Floats, Ints
from harness.data.entity_means import means_by
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


def moving_inputs(levels: Panel, names: Sequence[str]) -> Panel | None:
    """Return rows whose regressors are those columns that move within entities; None where none does."""
    columns = {name: levels.column(name) for name in names}
    code = levels.entity.codes
    moving = [
        name
        for name, column in columns.items()
        if not np.allclose(column, means_by(code, column), rtol=0.0, atol=1e-9 * (np.ptp(column) or 1.0))
    ]
    if not moving:
        return None
    X = np.column_stack([columns[name] for name in moving])
    first, *others = moving
    return replace(levels, exposure=first, levels=(), moderators=tuple(others), controls=(), X=X, derived=())


@dataclass(frozen=True, eq=False)
class WithinPart(NuisancePart):
    """Targets as functions of the inputs beside an effect of each entity, the same for all methods.

    Its rows are in levels, those that the method's rows are made of.
    """

    def run_with(self, found: Sequence[Floats]) -> Floats:
        """Return the functions at all rows, with their mean effects, (1 + n_terms + n_instruments, n_obs).

        Raises
        ------
        EstimationError
            Where the learner refuses the rows.
        """
        return self.learned(found[0])

    def centred(self, values: Floats) -> Floats:
        """Return values of the training rows, (n_train, n_columns), less their means by entity."""
        code = self.means.panel.entity.codes[self.means.train]
        return np.asarray(values - means_by(code, values))


def with_what_effects_took(function: Floats, rows: Panel, train: Ints, test: Ints) -> Floats:
    """Return predictions of the rows held out, (n_test,): a function, and least squares of what it leaves.

    Least squares on the inputs of the method add what effects took: the part of an entity's constant that
    follows from its means, and what moves all entities in a period.

    Parameters
    ----------
    function : (n_obs,), as the method has it
    rows : of the method, the target as outcome
    """
    if np.ptp(rows.observed[train]) == 0.0:
        return np.full(test.size, rows.observed[train[0]])
    left, X = rows.observed - function, rows.X
    centre, scale = X[train].mean(axis=0), X[train].std(axis=0)
    inputs = (X - centre) / np.where(scale > 0.0, scale, 1.0)
    columns = np.column_stack([np.ones(rows.n_obs), inputs])
    slopes = np.linalg.lstsq(columns[train], left[train])[0]
    return np.asarray((function + columns @ slopes)[test])


def as_new(panel: Panel) -> Panel:
    """Return the rows as those of entities that nothing was trained on, which have the mean effect."""
    entity = panel.entity
    return replace(panel, entity=replace(entity, labels=tuple(f"new {label}" for label in entity.labels)))


@dataclass(frozen=True, eq=False)
class WithinLearning(NuisanceLearning):
    """Learning at all rows in levels, beside an effect of each entity; those held out are entities unseen.

    What is learned from are those columns that move within entities.
    """

    part_type: ClassVar[type[NuisancePart]] = WithinPart

    @cached_property
    def predicted(self) -> Panel:
        """The rows, as those of entities never seen."""
        return as_new(self.without_outcome)

    def split(self, folds: EntityFolds, fold: int) -> tuple[Ints, Ints]:
        """Return positions of the rows in levels whose entities are learned from, and of the others."""
        known = np.unique(self.rows.panel.entity.codes[folds.others(fold)])
        is_known = np.isin(self.panel.entity.codes, known)
        return np.flatnonzero(is_known), np.flatnonzero(~is_known)

    def held_out(self, values: Floats, folds: EntityFolds, fold: int) -> Floats:
        """Return functions of all levels as predictions of the method's rows held out, (n_values, n_test)."""
        rows, train, test = self.rows, folds.others(fold), folds.held_out(fold)
        targets = np.column_stack([rows.outcome, rows.terms, rows.instruments]).T
        functions = rows.moved.of(values.T).T
        return np.stack(
            [
                with_what_effects_took(function, rows.targeting(target), train, test)
                for function, target in zip(functions, targets, strict=True)
            ]
        )
