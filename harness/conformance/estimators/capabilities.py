"""What an estimator declares is there and right, and what is there is declared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from harness.arrays import Floats
from harness.conformance.case import FIRST, Case, require_equal
from harness.conformance.check import SOUND, Rules, Skipped, Violation
from harness.conformance.panels import SEED, fresh, renamed
from harness.data.panel import Panel
from harness.estimators.draws import (
    CanFitDraws,
    CanPrepareDraws,
    DrawsMaySelect,
    FitsByDraws,
    FittedDraws,
    HasDraws,
)
from harness.estimators.guard import predict, predict_draws
from harness.estimators.protocol import (
    CanFitFolds,
    CanFitOutcomes,
    CanLearnNuisances,
    CanLearnWithin,
    CanProfile,
    CanRunQuick,
    ComparesCandidates,
    Estimator,
    Fitted,
    HasCoefficients,
    HasDetails,
    HasEffects,
    HasNotes,
    HasResultRows,
    NeedsGroups,
    SelectsRows,
)
from harness.rng import random_stream

RULES = Rules(needs=SOUND)

ABLE = (*SOUND, "capabilities")
"""What rules about a capability need; then one that is there is one that is declared."""

OF_ESTIMATORS: tuple[type, ...] = (
    CanFitDraws,
    CanFitFolds,
    CanFitOutcomes,
    CanLearnNuisances,
    CanLearnWithin,
    CanPrepareDraws,
    CanRunQuick,
    ComparesCandidates,
    DrawsMaySelect,
    FitsByDraws,
    NeedsGroups,
    SelectsRows,
)
OF_FITS: tuple[type, ...] = (HasCoefficients, HasDetails, HasDraws, HasEffects, HasNotes, HasResultRows)
OF_FITS_OR_DRAWS: tuple[type, ...] = (CanProfile,)

WORSE = 0.1
"""How much larger the squared error of the form for folds may be, as a share, on rows held out."""


def not_declared(capability: type) -> Skipped:
    """Return the reason for which a rule about a capability is not asked."""
    return Skipped(f"{capability.__name__} is not declared")


@RULES.add()
def capabilities(case: Case) -> str:
    """Check that `provides` lists what the estimator and its fits have, neither more nor less.

    Compare the list with the members that are there.
    """
    known = {*OF_ESTIMATORS, *OF_FITS, *OF_FITS_OR_DRAWS}
    declared = case.estimator.provides
    if unknown := [str(capability) for capability in declared if capability not in known]:
        raise Violation(f"declares what the harness does not know: {', '.join(sorted(unknown))}")
    offered = {capability for capability in known if _is_offered(case, capability)}
    if declared - offered:
        raise Violation(f"declares what it does not have: {_names(declared - offered)}")
    if offered - declared:
        raise Violation(f"has what it does not declare: {_names(offered - declared)}")
    return _names(declared)


def _names(capabilities: set[type] | frozenset[type]) -> str:
    return ", ".join(sorted(capability.__name__ for capability in capabilities))


def _is_offered(case: Case, capability: type) -> bool:
    if capability in OF_ESTIMATORS:
        return isinstance(case.estimator, capability)
    if isinstance(case.fit, capability):
        return True
    if capability in OF_FITS or CanFitDraws not in case.estimator.provides:
        return False
    return isinstance(case.drawn(case.panel, np.ones((2, case.panel.n_obs))), capability)


@RULES.add(needs=ABLE)
def profile(case: Case) -> str:
    """Check that profile equals the mean of predict over rows with these columns changed.

    Profile one column and two, of the fit and of draws, some points beyond the data.
    """
    if CanProfile not in case.estimator.provides:
        raise not_declared(CanProfile)
    models: list[Fitted | FittedDraws] = [case.fit]
    if isinstance(case.estimator, CanFitDraws):
        weights = np.stack([np.ones(case.panel.n_obs), 1.0 + case.panel.entity.codes % 2])
        models.append(case.drawn(case.panel, weights))
    for model in models:
        if isinstance(model, CanProfile):
            for columns in (case.panel.columns[:1], case.panel.columns[:2]):
                _compare_profile(case, model, model, columns)
    return "equal up to rounding"


def _compare_profile(
    case: Case, model: Fitted | FittedDraws, short_cut: CanProfile, columns: tuple[str, ...]
) -> None:
    panel = case.panel
    spans = np.stack([np.quantile(panel.column(name), [0.1, 0.5, 0.9]) for name in columns], axis=1)
    points = np.concatenate([spans, spans[-1:] + 2.0 * np.ptp(spans, axis=0)])
    expected = np.stack([_mean_at(model, panel, columns, point) for point in points], axis=-1)
    found = np.asarray(short_cut.profile(fresh(panel), columns, points.copy()))
    what = f"profile over {' and '.join(columns)} of shape {found.shape}, against {expected.shape}"
    if found.shape != expected.shape:
        found = np.full_like(expected, np.inf)
    require_equal(found, expected, case=case, what=what)


def _mean_at(model: Fitted | FittedDraws, panel: Panel, columns: tuple[str, ...], point: Floats) -> Floats:
    at_point = panel.with_columns(dict(zip(columns, point.tolist(), strict=True)))
    return np.asarray(model.predict(at_point).mean(axis=-1))


@RULES.add(needs=ABLE)
def outcomes(case: Case) -> str:
    """Check that fit_outcomes fits each outcome as fit does.

    Fit the outcome and its squared deviations together, and each alone.
    """
    if not isinstance(case.estimator, CanFitOutcomes):
        raise not_declared(CanFitOutcomes)
    observed = case.panel.observed
    both = np.stack([np.square(observed - observed.mean()), observed])
    rngs = [random_stream(SEED, FIRST) for _ in both]
    together = predict_draws(
        case.estimator.fit_outcomes(fresh(case.panel), both.copy(), rngs=rngs), fresh(case.panel)
    )
    alone = np.stack([case.predicted(replace(case.panel, observed=outcome)) for outcome in both])
    return require_equal(together, alone, case=case, what="outcomes together")


@RULES.add(needs=ABLE)
def quick(case: Case) -> str:
    """Check that quick returns an estimator of the same class, which fits, and changes nothing.

    Ask for the quick form, and fit it.
    """
    if not isinstance(case.estimator, CanRunQuick):
        raise not_declared(CanRunQuick)
    return _fitted_copy(case, case.estimator.quick(), made_by="quick")


@RULES.add(needs=ABLE)
def nuisances(case: Case) -> str:
    """Check that for_nuisances returns an estimator of the same class, which fits, and changes nothing.

    Ask for the form that learns nuisance functions, and fit it.
    """
    if not isinstance(case.estimator, CanLearnNuisances):
        raise not_declared(CanLearnNuisances)
    return _fitted_copy(case, case.estimator.for_nuisances(), made_by="for_nuisances")


@RULES.add(needs=ABLE)
def within_entities(case: Case) -> str:
    """Check that within_entities returns an estimator of the same class, whose fits have effects.

    Ask for the form with effects, fit it, and count the rows of entities that it never saw.
    """
    if not isinstance(case.estimator, CanLearnWithin):
        raise not_declared(CanLearnWithin)
    within = case.estimator.within_entities()
    if within is None:
        raise Skipped("within_entities returns None here")
    said = _fitted_copy(case, within, made_by="within_entities")
    fit, new = Case(within).fit, renamed(case.panel)
    if not isinstance(fit, HasEffects) or fit.n_unseen(new) < new.n_obs:
        raise Violation("fits of within_entities do not count rows of new entities as unseen")
    return said


@RULES.add(needs=ABLE)
def folds(case: Case) -> str:
    """Check that for_folds returns an estimator of the same class that predicts as accurately.

    Compare the errors of both forms on entities that neither trains on.
    """
    if not isinstance(case.estimator, CanFitFolds):
        raise not_declared(CanFitFolds)
    cheaper = case.estimator.for_folds()
    _require_copy(case, cheaper, made_by="for_folds")
    ratio = _error(Case(cheaper)) / _error(case)
    if ratio > 1.0 + WORSE:
        raise Violation(f"its mean squared error on rows held out is {ratio:.3g} times as large")
    return f"mean squared error on rows held out: {ratio:.3g} times that of the whole"


def _fitted_copy(case: Case, other: Estimator, *, made_by: str) -> str:
    """Require that the other form is a copy of the same class, and fit it; return what it is."""
    _require_copy(case, other, made_by=made_by)
    predict(Case(other).fit, case.panel)
    return str(other)


def _require_copy(case: Case, other: Estimator, *, made_by: str) -> None:
    if type(other) is not type(case.estimator):
        raise Violation(f"{made_by} returns a {type(other).__name__}")
    if repr(case.estimator) != case.given:
        what = f"{made_by} changes the estimator it is asked of; return dataclasses.replace(self, ...)"
        raise Violation(what)


def _error(case: Case) -> float:
    """Return the mean squared error on the entities that are not trained on."""
    predicted = case.predicted(case.train, at=case.aside)
    return float(np.mean((predicted - case.aside.observed) ** 2))
