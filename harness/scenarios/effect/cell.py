"""One effect: a method, a form and some rows, its parts and what they give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from harness.arrays import Floats
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.estimators import protocol
from harness.estimators.guard import Attempt, attempt
from harness.estimators.target import TransformedTarget
from harness.language import COMMAS, Coded, chained, marked, quoted
from harness.rng import random_stream
from harness.scenarios.effect import nuisance, score
from harness.scenarios.effect.dependence import DependentErrors, Errors
from harness.scenarios.effect.riesz import Representer
from harness.scenarios.effect.terms import (
    Form,
    Method,
    NuisanceDesign,
    Terms,
    Within,
    control_names,
    instruments_of,
    nuisance_design,
    terms_of,
)
from harness.scenarios.scenario import Found, Subject, value_of

# A piece of work of an effect.
EffectPart = nuisance.NuisancePart | nuisance.DerivativePart

# Fewest entities with which bands missed whole curves of no effect in at most 7 % of panels, by method.
ENTITIES_OF_CURVES: Mapping[Method, int] = {"correlated_random_effects": 100}

# Fewest entities with which learners of any kind found an effect in few enough panels without one.
ENTITIES_OF_LEARNERS = 100

# What labels call what learners with effects of entities learn, whatever the method.
WITHIN = "within entities"


@dataclass(frozen=True)
class CrossFit:
    """How nuisance functions are cross-fitted.

    Attributes
    ----------
    n_folds : of entities
    repeats : times that folds are drawn anew
    level : nominal coverage of intervals
    representer : what learns the Riesz representer of a derivative
    errors, cutoff_km : how errors of rows depend on each other
    """

    n_folds: int
    repeats: int
    level: float
    representer: Representer = "ridge"
    errors: Errors = "entity"
    cutoff_km: float = np.inf


@dataclass(frozen=True, eq=False)
class Cell:
    """One effect of one learner.

    Attributes
    ----------
    method, form : of the effect
    within : how what is constant in an entity is allowed for, by the method itself or under its instruments
    group : whose rows they are; empty for all
    check : what makes the rows others than those of the study; empty where they are those
    moderator : of a conditional effect; None for others
    panel : the rows, the exposure in its place
    subject : whose learner is asked
    cross_fit : how
    """

    method: Method
    within: Within
    form: Form
    group: str
    check: str
    moderator: str | None
    panel: Panel
    subject: Subject
    cross_fit: CrossFit

    @property
    def key(self) -> tuple[str, str, str]:
        """Which effect it is of those of a learner."""
        return self.method, self.form, self.group

    @cached_property
    def terms(self) -> Terms:
        """The terms of the exposure."""
        return terms_of(self.form, self.panel, self.moderator)

    @cached_property
    def design(self) -> NuisanceDesign:
        """The rows and inputs of the nuisance functions.

        Raises
        ------
        EstimationError
            Where the rows do not allow the effect.
        """
        held = list(control_names(self.panel))
        if self.method == "instrumented":
            instruments = instruments_of(self.panel, self.terms, self.form, self.moderator)
            return nuisance_design(self.within, self.panel, self.terms, held, instruments)
        if self.form == "derivative":
            held = [self.panel.exposure, *held]
        return nuisance_design(self.within, self.panel, self.terms, held)

    @property
    def is_exploratory(self) -> bool:
        """Whether intervals were not found to hold with so few entities by this learner, or for such a curve.

        What holds was measured on panels with confounders and serially dependent errors, see
        ``docs/measured/effects.md``.
        """
        n_entities, learner = self.design.panel.n_entities, protocol.as_learner(type(self.subject.estimator))
        if self.form == "curve":
            return learner != "default" or n_entities < ENTITIES_OF_CURVES.get(self.method, np.inf)
        return learner is None and n_entities < ENTITIES_OF_LEARNERS

    def folds(self, repeat: int) -> score.EntityFolds:
        """Return the folds of a repeat, the same for all learners, outcomes and forms.

        They are the same for all checks with the same entities too, so that what a check changes is not
        what other folds change.
        """
        rng = random_stream(self.subject.seed, "effect folds", self.group, repeat)
        return score.EntityFolds.drawn(
            self.design.panel.entity.codes, n_folds=self.cross_fit.n_folds, rng=rng
        )

    def parts(self) -> Iterator[EffectPart]:
        """Yield the parts; some are shared with other forms and methods and have the same label there.

        Raises
        ------
        EstimationError
            Where the rows do not allow the effect.
        """
        for repeat in range(self.cross_fit.repeats):
            folds = self.folds(repeat)
            for fold in range(folds.n_folds):
                yield self._part(repeat, folds, fold)

    def repeats(self, found: Found) -> list[score.Estimated]:
        """Return what the parts of each repeat give.

        Raises
        ------
        EstimationError
            Where a part has no values, or nothing of the exposure's variation is left.
        """
        return [self.estimated(found, repeat) for repeat in range(self.cross_fit.repeats)]

    def effects(self, repeats: Sequence[score.Estimated]) -> score.Effects:
        """Return the effects over all repeats, or how far two such effects differ."""
        return self.aggregated(repeats, self.terms.combinations)

    def aggregated(self, repeats: Sequence[score.Estimated], points: Floats) -> score.Effects:
        """Return combinations of coefficients, (n_points, n_terms), over all repeats."""
        rng = random_stream(self.subject.seed, "effect bands", self.panel.outcome, self.form, self.group)
        return score.aggregated(
            repeats, points, self._dependence(repeats), level=self.cross_fit.level, rng=rng
        )

    def _dependence(self, repeats: Sequence[score.Estimated]) -> DependentErrors:
        rows, how = self.panel.take(self.panel.canonical_order), self.cross_fit
        influences = [repeat.influence for repeat in repeats]
        return DependentErrors.chosen(rows, how.errors, how.cutoff_km, influences)

    def p_line(self, repeats: Sequence[score.Estimated], effects: score.Effects) -> float:
        """Return the p-value of a Wald test that the effects of bins and their slopes are those of one line.

        The median over repeats of the statistic, which is Hotelling's T^2 (Pustejovsky and Tipton 2018).
        """
        from scipy.linalg import null_space
        from scipy.stats import f

        at, dependence = self.terms.at, self._dependence(repeats)
        line = np.block([[np.ones_like(at), np.zeros_like(at)], [at, np.ones_like(at)]])
        restrictions = null_space(line).T
        statistics = []
        for repeat in repeats:
            root, apart = restrictions @ dependence.root(repeat.influence), restrictions @ repeat.theta
            statistics.append(float(apart @ np.linalg.solve(root @ root.T, apart)))
        size, df = len(restrictions), dependence.df(effects.n_effective)
        rest = max(df - size + 1.0, 1.0)
        return float(f.sf(np.median(statistics) * rest / (size * df), size, rest))

    def estimated(self, found: Found, repeat: int) -> score.Estimated:
        """Return what the parts of one repeat give, influences at all rows of the panel in canonical order.

        Raises
        ------
        EstimationError
            Where a part has no values, or nothing of the exposure's variation is left.
        """
        own = self._estimated(found, repeat)
        influence = np.zeros((self.panel.n_obs, own.theta.size))
        influence[self.design.now] = own.influence
        return replace(own, influence=influence)

    def _estimated(self, found: Found, repeat: int) -> score.Estimated:
        folds, design = self.folds(repeat), self.design
        predicted = self._gathered(found, repeat, folds)
        if self.form == "derivative":
            fitted, slope, representer = predicted
            error = design.outcome - fitted
            return score.averaged(slope + representer * error, representer, error, folds)
        n_terms = design.terms.shape[1]
        outcome_hat, hats = predicted[0], predicted[1:].T
        terms_hat, instruments_hat = hats[:, :n_terms], hats[:, n_terms:]
        if self.method != "instrumented":
            return score.partialled_out(design.outcome, design.terms, outcome_hat, terms_hat, folds)
        observed = design.outcome, design.terms, design.instruments
        return score.instrumented(*observed, outcome_hat, terms_hat, instruments_hat, folds)

    def predicted(self, found: Found, repeat: int) -> Floats:
        """Return the predictions of rows held out, (n_values, n_obs): of the outcome, then of the terms."""
        return self._gathered(found, repeat, self.folds(repeat))

    def _part(self, repeat: int, folds: score.EntityFolds, fold: int) -> EffectPart:
        """Return the targets on a fold, learned the way that the learner learns them best."""
        label, learning = self._label(repeat, fold), self._learning
        if self.form != "derivative":
            return learning.part(label, self.subject, folds, fold)
        train, test = learning.split(folds, fold)
        means = learning.means(label, self.subject, train)
        return nuisance.DerivativePart(label, means, test, self.cross_fit.representer)

    @cached_property
    def _learning(self) -> nuisance.NuisanceLearning:
        """Within entities where the learner and the rows allow it; of a derivative it never is."""
        estimator, design = self.subject.estimator, self.design
        learner = (
            estimator.for_nuisances() if isinstance(estimator, protocol.CanLearnNuisances) else estimator
        )
        refuse_transforming(learner)
        order = self.panel.canonical_order
        ordered = self.panel.take(order)
        levels = nuisance.moving_inputs(ordered, control_names(self.panel))
        within = learner.within_entities() if isinstance(learner, protocol.CanLearnWithin) else None
        if (within is None or self.form == "derivative") and self.within == "correlated_random_effects":
            refuse_absorbing(learner)
        if self.form == "derivative" or within is None or levels is None:
            return nuisance.NuisanceLearning(learner, self.method, design, design.terms, design.instruments)
        is_whole = design.panel.n_entities == self.panel.n_entities
        inputs, instruments = [WITHIN] if is_whole else [self.within, WITHIN], np.empty((order.size, 0))
        if self.method == "instrumented":
            inputs = [self.method, *inputs]
            instruments = instruments_of(ordered, self.terms, self.form, self.moderator)
        terms = self.terms.values[order]
        return nuisance.NuisanceLearning(within, ", ".join(inputs), design, terms, instruments, levels)

    def _label(self, repeat: int, fold: int) -> str:
        """Return the name of a part, the same for all methods that the same is learned for."""
        inputs, *rows = map(quoted, (self._learning.inputs, self.group, self.check))
        form = "conditional" if self.form == "interaction" else self.form
        numbers = Coded("repeat {n}", n=repeat + 1), Coded("fold {n}", n=fold + 1)
        return chained(filter(None, (inputs, form, *rows, *numbers)), COMMAS)

    def _gathered(self, found: Found, repeat: int, folds: score.EntityFolds) -> Floats:
        """Return the values of all folds, (n_values, n_obs)."""
        values = (value_of(found, self._label(repeat, fold)) for fold in range(folds.n_folds))
        gathered = [self._learning.held_out(own, folds, fold) for fold, own in enumerate(values)]
        held_out = np.concatenate([folds.held_out(fold) for fold in range(folds.n_folds)])
        return np.concatenate(gathered, axis=1)[:, np.argsort(held_out)]


@dataclass(frozen=True, eq=False)
class LearnedCell:
    """An effect with what came of its parts.

    Attributes
    ----------
    tried : what each repeat of cross-fitting gives, or why there is nothing
    """

    cell: Cell
    found: Found
    tried: Attempt[list[score.Estimated]]

    @classmethod
    def of(cls, cell: Cell, found: Found) -> LearnedCell:
        """Return the effect from its parts."""
        return cls(cell, found, attempt(partial(cell.repeats, found)))

    @cached_property
    def effects(self) -> score.Effects | None:
        """The effects over all repeats; None where there are none."""
        return None if self.tried.value is None else self.cell.effects(self.tried.value)


def refuse_transforming(learner: protocol.Estimator) -> None:
    """Refuse a learner of means or changes of rows, which leaves confounders in levels, or of another target.

    Raises
    ------
    EstimationError
        Naming what learns instead.
    """
    if isinstance(learner, TransformedTarget):
        words = marked("a debiased effect needs residuals of the outcome itself, not of its {target}")
        hint = marked("choose a learner without `target`, or leave `learners` out")
        raise EstimationError.at("learners", Coded(words, target=learner.target), hint=hint)
    if any(protocol.as_learner(type(one)) == "refused" for one in protocol.with_nested(learner)):
        what = Coded(
            "{name} is fitted to means or changes of rows, so confounders remain in their levels",
            name=learner.name,
        )
        hint = marked("choose another learner, or leave `learners` out")
        raise EstimationError.at("learners", what, marked("a learner that is fitted to the rows"), hint)


def refuse_absorbing(learner: protocol.Estimator) -> None:
    """Refuse a learner whose own effects of entities absorb the means that stand for what is constant there.

    Raises
    ------
    EstimationError
        Naming what learns instead.
    """
    if protocol.absorbs_entities(learner):
        what = Coded(
            "the entity effects of {name} absorb the entity means that correlated random effects need",
            name=learner.name,
        )
        hint = marked("choose learners without entity effects, or first_differences alone")
        raise EstimationError.at(
            "correlated_random_effects", what, marked("a learner without such effects"), hint
        )


def parts_of(cells: Iterable[Cell]) -> Iterator[EffectPart]:
    """Yield the parts of cells, one of each label; a cell that its rows do not allow has none."""
    seen: set[str] = set()
    for cell in cells:
        tried: Attempt[list[EffectPart]] = attempt(partial(list, cell.parts()))
        for part in tried.value or ():
            if part.label not in seen:
                seen.add(part.label)
                yield part
