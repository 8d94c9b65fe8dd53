"""Scenario ``importance``: how much worse an estimator predicts entities held out without some columns."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Annotated, ClassVar, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field

from harness.arrays import Floats, Ints
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.estimators.guard import attempt, predict
from harness.estimators.protocol import Estimator, for_folds
from harness.language import Coded, marked
from harness.rng import random_stream
from harness.scenarios.effect.score import EntityFolds
from harness.scenarios.scenario import Concluded, Found, Part, Scenario, Subject, WorksInParts, value_of
from harness.tables.accuracy import IMPORTANCE
from harness.tables.table import ResultTable


@dataclass(frozen=True, eq=False)
class HeldOutFit(Part):
    """A fit without the entities of a fold, and its predictions of them.

    Attributes
    ----------
    fold : number of the fold
    subject : the estimator that is fitted, on all rows, with the columns that are used
    folds : of entities
    """

    fold: int
    subject: Subject
    folds: EntityFolds

    def run(self, found: Sequence[Floats]) -> Floats:
        """Return predictions of the rows held out, (n_test,).

        Raises
        ------
        EstimationError
            Where the estimator refuses the rows.
        """
        own, panel = self.subject, self.subject.panel
        rng = random_stream(own.seed, "importance", own.name, self.label)
        fit = own.estimator.fit(panel.take(self.folds.others(self.fold)), rng=rng)
        return predict(fit, panel.take(self.folds.held_out(self.fold)))


# Bootstrap draws of entities.
N_DRAWS = 2000


def without_columns(panel: Panel, names: Collection[str]) -> Panel:
    """Return the panel without some regressors and those that follow from them.

    Where the exposure is among them the first of the others stands in its place.

    Raises
    ------
    EstimationError
        Where one is no regressor, or none would be left.
    """
    regressors = (panel.exposure, *panel.moderators, *panel.controls)
    unknown = [name for name in names if name not in regressors]
    if unknown:
        what = Coded("'{unknown}' is not a regressor", unknown=unknown[0])
        raise EstimationError.at("importance", what, expected=", ".join(regressors))
    gone = frozenset[str]().union(*map(panel.dependents, names))
    others = [name for name in (*panel.moderators, *panel.controls) if name not in gone]
    if panel.exposure in names and not others:
        hint = marked("drop some columns from the group")
        raise EstimationError.at("importance", marked("no regressor remains"), hint=hint)
    derived = tuple(derivation for derivation in panel.derived if derivation.into not in gone)
    is_kept = panel.exposure not in names
    exposure_columns = panel.exposure_columns if is_kept else (others[0],)
    further = others if is_kept else others[1:]
    return replace(
        panel,
        exposure=panel.exposure if is_kept else others[0],
        levels=panel.levels if is_kept else (),
        moderators=tuple(name for name in further if name in panel.moderators),
        controls=tuple(name for name in further if name in panel.controls),
        X=panel.regressors((*exposure_columns, *further)),
        derived=derived,
    )


@dataclass(frozen=True)
class Importance:
    """What is lost without some columns.

    Attributes
    ----------
    importance : rise of the mean squared error, a share of the outcome's variance
    conf_low, conf_high : of draws of entities
    mse, mse_without : with all columns and without these, squared outcome units
    """

    importance: float
    conf_low: float
    conf_high: float
    mse: float
    mse_without: float


def importance(
    observed: Floats, whole: Floats, less: Floats, entity: Ints, *, level: float, rng: Generator
) -> Importance:
    """Return the rise of the error of held-out entities, with an interval from draws of entities.

    Leave-one-covariate-out importance (Lei, G'Sell, Rinaldo, Tibshirani and Wasserman 2018), of groups of
    columns and for whole entities. The fits are held; the interval is for other entities of the same kind.

    Parameters
    ----------
    observed, whole, less : (n_obs,), the outcome, and its predictions with all columns and without some
    entity : (n_obs,), codes
    level : in (0, 1)
    """
    _, code = np.unique(entity, return_inverse=True)
    count = np.bincount(code).astype(np.float64)
    errors = [np.square(observed - predicted) for predicted in (whole, less)]
    rise = np.bincount(code, weights=errors[1] - errors[0])
    variance = float(observed.var())
    drawn = rng.multinomial(count.size, np.full(count.size, 1.0 / count.size), size=N_DRAWS)
    draws = drawn @ rise / (drawn @ count) / variance
    low, high = np.quantile(draws, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    mse, mse_without = (float(error.mean()) for error in errors)
    return Importance((mse_without - mse) / variance, float(low), float(high), mse, mse_without)


# What parts call the fit that leaves nothing out.
ALL = marked("all columns")

# Most folds of a quick run.
QUICK_FOLDS = 3


@dataclass(frozen=True, kw_only=True)
class ImportanceScenario(Scenario, WorksInParts):
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

    groups: Mapping[str, Annotated[tuple[str, ...], Field(min_length=1)]] = field(default_factory=dict)
    folds: Annotated[int, Field(ge=2, le=10_000)] = 5
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95

    def quick(self) -> Self:
        """Return a copy with at most three folds."""
        return replace(self, folds=min(self.folds, QUICK_FOLDS))

    def respondents(self, estimators: Mapping[str, Estimator]) -> Mapping[str, Estimator]:
        """Return all estimators."""
        return {name: for_folds(one) for name, one in estimators.items()}

    def parts(self, subject: Subject) -> Iterator[Part]:
        """Yield the fits with all columns and without each group, on each fold of entities."""
        for group, names in {ALL: (), **self._groups(subject.panel)}.items():
            yield from attempt(partial(self._fits, subject, group, names)).value or ()

    def concluded(self, subject: Subject, found: Found) -> Concluded:
        """Return the importance of every group, a row with its reason where there is none."""
        rows = []
        for group, names in self._groups(subject.panel).items():
            tried = attempt(partial(self._importance, subject, found, group, names))
            counts = {"n_obs": subject.panel.n_obs, "n_entities": subject.panel.n_entities}
            numbers = {} if tried.value is None else {**vars(tried.value), **counts}
            rows.append({"group": group, "columns": " ".join(names), **tried.how, **numbers})
        return {IMPORTANCE.name: rows}

    def split(self, subject: Subject) -> EntityFolds:
        """Return the folds, the same for all estimators, outcomes and groups."""
        rng = random_stream(subject.seed, "importance folds")
        return EntityFolds.drawn(subject.panel.entity.codes, n_folds=self.folds, rng=rng)

    def _groups(self, panel: Panel) -> Mapping[str, tuple[str, ...]]:
        names = (panel.exposure, *panel.moderators, *panel.controls)
        return self.groups or {name: (name,) for name in names}

    def _fits(self, subject: Subject, group: str, names: tuple[str, ...]) -> list[Part]:
        own, folds = replace(subject, panel=without_columns(subject.panel, names)), self.split(subject)
        return [HeldOutFit(label_of(group, fold), fold, own, folds) for fold in range(folds.n_folds)]

    def _importance(self, subject: Subject, found: Found, group: str, names: tuple[str, ...]) -> Importance:
        panel, folds = subject.panel, self.split(subject)
        without_columns(panel, names)
        whole, less = np.empty((2, panel.n_obs))
        for fold in range(folds.n_folds):
            for gathered, own in ((whole, ALL), (less, group)):
                gathered[folds.held_out(fold)] = value_of(found, label_of(own, fold))
        rng = random_stream(subject.seed, "importance draws", panel.outcome)
        return importance(panel.observed, whole, less, panel.entity.codes, level=self.level, rng=rng)


def label_of(group: str, fold: int) -> str:
    """Return the name of a part."""
    what = Coded("without {group}", group=group) if group != ALL else ALL
    return Coded("{what}, fold {fold}", what=what, fold=fold + 1)
