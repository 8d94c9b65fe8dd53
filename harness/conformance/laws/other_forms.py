"""Other forms of an estimator are estimators: the quick one, those for folds and for nuisance functions."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from harness.conformance.case import Case
from harness.conformance.law import Law
from harness.conformance.laws.capabilities import ABLE, not_declared
from harness.conformance.relabel import renamed
from harness.conformance.verdict import Broken, Skipped
from harness.estimators.guard import predict
from harness.estimators.protocol import (
    CanFitFolds,
    CanLearnNuisances,
    CanLearnWithin,
    CanRunQuick,
    Estimator,
    HasEffects,
)

WORSE = 0.1
"""How much larger the squared error of the form for folds may be, as a share, on rows held out."""


class OtherForm(Law[Case]):
    """A method returns another estimator of the same kind, which fits as well.

    Attributes
    ----------
    capability : what an estimator with such a form declares
    made_by : name of the method
    """

    needs: ClassVar[tuple[str, ...]] = ABLE
    capability: ClassVar[type]
    made_by: ClassVar[str]

    def check(self, case: Case) -> str:
        """Ask for the other form, and fit it."""
        if not isinstance(case.estimator, self.capability):
            raise not_declared(self.capability)
        return _fitted_copy(case, getattr(case.estimator, self.made_by)(), made_by=self.made_by)


class Quick(OtherForm):
    """`quick` returns another estimator of the same kind, which fits as well."""

    name: ClassVar[str] = "quick"
    says: ClassVar[str] = "quick returns an estimator of the same class, which fits, and changes nothing"
    capability: ClassVar[type] = CanRunQuick
    made_by: ClassVar[str] = "quick"


class QuickInFolds(Law[Case]):
    """`for_folds` returns another estimator of the same kind, which predicts as well."""

    name: ClassVar[str] = "folds"
    says: ClassVar[str] = "for_folds returns an estimator of the same class that predicts as accurately"
    needs: ClassVar[tuple[str, ...]] = ABLE

    def check(self, case: Case) -> str:
        """Compare the errors of both forms on entities that neither trains on."""
        if not isinstance(case.estimator, CanFitFolds):
            raise not_declared(CanFitFolds)
        cheaper = case.estimator.for_folds()
        _require_copy(case, cheaper, made_by="for_folds")
        ratio = _error(Case(cheaper)) / _error(case)
        if ratio > 1.0 + WORSE:
            raise Broken(f"its mean squared error on rows held out is {ratio:.3g} times as large")
        return f"mean squared error on rows held out: {ratio:.3g} times that of the whole"


class ForNuisances(OtherForm):
    """`for_nuisances` returns another estimator of the same kind, which fits as well."""

    name: ClassVar[str] = "nuisances"
    says: ClassVar[str] = (
        "for_nuisances returns an estimator of the same class, which fits, and changes nothing"
    )
    capability: ClassVar[type] = CanLearnNuisances
    made_by: ClassVar[str] = "for_nuisances"


class WithinEntities(Law[Case]):
    """`within_entities` returns another estimator of the same kind, whose fits know entities."""

    name: ClassVar[str] = "within_entities"
    says: ClassVar[str] = "within_entities returns an estimator of the same class, whose fits have effects"
    needs: ClassVar[tuple[str, ...]] = ABLE

    def check(self, case: Case) -> str:
        """Ask for the form with effects, fit it, and count the rows of entities that it never saw."""
        if not isinstance(case.estimator, CanLearnWithin):
            raise not_declared(CanLearnWithin)
        within = case.estimator.within_entities()
        if within is None:
            what = "within_entities returns None here"
            raise Skipped(what)
        said = _fitted_copy(case, within, made_by="within_entities")
        fit, new = Case(within).fit, renamed(case.panel)
        if not isinstance(fit, HasEffects) or fit.n_unseen(new) < new.n_obs:
            what = "fits of within_entities do not count rows of new entities as unseen"
            raise Broken(what)
        return said


def _fitted_copy(case: Case, other: Estimator, *, made_by: str) -> str:
    """Require that the other form is a copy of the same class, and fit it; return what it is."""
    _require_copy(case, other, made_by=made_by)
    predict(Case(other).fit, case.panel)
    return str(other)


def _require_copy(case: Case, other: Estimator, *, made_by: str) -> None:
    if type(other) is not type(case.estimator):
        raise Broken(f"{made_by} returns a {type(other).__name__}")
    if repr(case.estimator) != case.given:
        raise Broken(f"{made_by} changes the estimator it is asked of; return dataclasses.replace(self, ...)")


def _error(case: Case) -> float:
    """Return the mean squared error on the entities that are not trained on."""
    predicted = case.predicted(case.train, at=case.aside)
    return float(np.mean((predicted - case.aside.observed) ** 2))
