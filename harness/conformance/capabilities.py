"""What an estimator declares is there and right, and what is there is declared; tables are complete."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

import numpy as np

from harness.conformance.case import FIRST, Case, able, require_equal
from harness.conformance.check import Skipped, Violation, refuse, rule
from harness.conformance.panels import SEED, fresh, renamed
from harness.conformance.predictions import SOUND
from harness.estimators import protocol
from harness.estimators.guard import attempt, predict, predict_draws
from harness.rng import random_stream
from harness.tables.preparation import Note

# What rules about a capability need; then one that is there is one that is declared.
ABLE = (*SOUND, "capabilities")

# How much larger the squared error of the form for folds may be, as a share, on rows held out.
WORSE = 0.1


@rule("estimator", *SOUND)
def capabilities(case: Case) -> str:
    """Check that `provides` lists what the estimator and its fits have, neither more nor less.

    Compare the list with the members that are there.
    """
    declared = case.estimator.provides
    if unknown := [str(capability) for capability in declared if capability not in protocol.CAPABILITIES]:
        raise Violation(f"declares what the harness does not know: {', '.join(sorted(unknown))}")
    offered = {capability for capability in protocol.CAPABILITIES if _is_offered(case, capability)}
    refuse(declared - offered, f"declares what it does not have: {_names(declared - offered)}")
    refuse(offered - declared, f"has what it does not declare: {_names(offered - declared)}")
    return _names(declared)


def _names(capabilities: set[type] | frozenset[type]) -> str:
    return ", ".join(sorted(capability.__name__ for capability in capabilities))


def _is_offered(case: Case, capability: type) -> bool:
    if capability is not protocol.CanProfile and not capability.__name__.startswith("Has"):
        return isinstance(case.estimator, capability)
    if isinstance(case.fit, capability):
        return True
    if capability is not protocol.CanProfile or protocol.CanFitDraws not in case.estimator.provides:
        return False
    return isinstance(case.drawn(case.panel, np.ones((2, case.panel.n_obs))), capability)


@rule("estimator", *ABLE)
def profile(case: Case) -> str:
    """Check that profile equals the mean of predict over rows with these columns changed.

    Profile one column and two, of the fit and of draws, some points beyond the data.
    """
    if protocol.CanProfile not in case.estimator.provides:
        raise Skipped("CanProfile is not declared")
    models: list[protocol.Fitted | protocol.FittedDraws] = [case.fit]
    if isinstance(case.estimator, protocol.CanFitDraws):
        weights = np.stack([np.ones(case.panel.n_obs), 1.0 + case.panel.entity.codes % 2])
        models.append(case.drawn(case.panel, weights))
    for model in models:
        if isinstance(model, protocol.CanProfile):
            for columns in (case.panel.columns[:1], case.panel.columns[:2]):
                _compare_profile(case, model, model, columns)
    return "equal up to rounding"


def _compare_profile(
    case: Case,
    model: protocol.Fitted | protocol.FittedDraws,
    short_cut: protocol.CanProfile,
    columns: tuple[str, ...],
) -> None:
    panel = case.panel
    spans = np.stack([np.quantile(panel.column(name), [0.1, 0.5, 0.9]) for name in columns], axis=1)
    points = np.concatenate([spans, spans[-1:] + 2.0 * np.ptp(spans, axis=0)])
    at_points = (panel.with_columns(dict(zip(columns, point.tolist(), strict=True))) for point in points)
    expected = np.stack([np.asarray(model.predict(own).mean(axis=-1)) for own in at_points], axis=-1)
    found = np.asarray(short_cut.profile(fresh(panel), columns, points.copy()))
    what = f"profile over {' and '.join(columns)} of shape {found.shape}, against {expected.shape}"
    if found.shape != expected.shape:
        found = np.full_like(expected, np.inf)
    require_equal(found, expected, case=case, what=what)


@rule("estimator", *ABLE)
def outcomes(case: Case) -> str:
    """Check that fit_outcomes fits each outcome as fit does.

    Fit the outcome and its squared deviations together, and each alone.
    """
    estimator = able(case.estimator, protocol.CanFitOutcomes)
    observed = case.panel.observed
    both = np.stack([np.square(observed - observed.mean()), observed])
    rngs = [random_stream(SEED, FIRST) for _ in both]
    fitted = estimator.fit_outcomes(fresh(case.panel), both.copy(), rngs=rngs)
    together = predict_draws(fitted, fresh(case.panel))
    alone = np.stack([case.predicted(replace(case.panel, observed=outcome)) for outcome in both])
    return require_equal(together, alone, case=case, what="outcomes together")


@rule("estimator", *ABLE)
def quick(case: Case) -> str:
    """Check that quick returns an estimator of the same class, which fits, and changes nothing.

    Ask for the quick form, and fit it.
    """
    quick = able(case.estimator, protocol.CanRunQuick).quick()
    return _fitted_copy(case, quick, made_by="quick").given


@rule("estimator", *ABLE)
def nuisances(case: Case) -> str:
    """Check that for_nuisances returns an estimator of the same class, which fits, and changes nothing.

    Ask for the form that learns nuisance functions, and fit it.
    """
    other = able(case.estimator, protocol.CanLearnNuisances).for_nuisances()
    return _fitted_copy(case, other, made_by="for_nuisances").given


@rule("estimator", *ABLE)
def within_entities(case: Case) -> str:
    """Check that within_entities returns an estimator of the same class, whose fits have effects.

    Ask for the form with effects, fit it, and count the rows of entities that it never saw.
    """
    within = able(case.estimator, protocol.CanLearnWithin).within_entities()
    if within is None:
        raise Skipped("within_entities returns None here")
    own, new = _fitted_copy(case, within, made_by="within_entities"), renamed(case.panel)
    fit = own.fit
    if not isinstance(fit, protocol.HasEffects) or fit.n_unseen(new) < new.n_obs:
        raise Violation("fits of within_entities do not count rows of new entities as unseen")
    return own.given


@rule("estimator", *ABLE)
def check_rows(case: Case) -> None:
    """Check that check_rows refuses no rows that fit takes.

    Ask it of the panel.
    """
    checks = able(case.estimator, protocol.ChecksRows).check_rows
    asked = attempt(partial(checks, fresh(case.panel), rng=random_stream(SEED, FIRST)))
    refuse(asked.status != "ok", f"{asked.status}: {asked.reason}")


@rule("estimator", *ABLE)
def folds(case: Case) -> str:
    """Check that for_folds returns an estimator of the same class that predicts as accurately.

    Compare the errors of both forms on entities that neither trains on.
    """
    cheaper = _copy(case, able(case.estimator, protocol.CanFitFolds).for_folds(), made_by="for_folds")
    ratio = _error(cheaper) / _error(case)
    refuse(ratio > 1.0 + WORSE, f"its mean squared error on rows held out is {ratio:.3g} times as large")
    return f"mean squared error on rows held out: {ratio:.3g} times that of the whole"


def _fitted_copy(case: Case, other: object, *, made_by: str) -> Case:
    """Return the other form of an estimator, a copy of the same class, fitted."""
    own = _copy(case, other, made_by=made_by)
    predict(own.fit, case.panel)
    return own


def _copy(case: Case, other: object, *, made_by: str) -> Case:
    if type(other) is not type(case.estimator) or not isinstance(other, protocol.Estimator):
        raise Violation(f"{made_by} returns a {type(other).__name__}")
    if repr(case.estimator) != case.given:
        what = f"{made_by} changes the estimator it is called on; return dataclasses.replace(self, ...)"
        raise Violation(what)
    return Case(other)


def _error(case: Case) -> float:
    """Return the mean squared error on the entities that are not trained on."""
    predicted = case.predicted(case.train, at=case.aside)
    return float(np.mean((predicted - case.aside.observed) ** 2))


# Largest asymmetry, or negative eigenvalue, of a covariance as a share of its largest number.
ROUNDING = 1e-8


@rule("estimator", *ABLE)
def coefficients(case: Case) -> str:
    """Check that the coefficient table is complete, its covariance symmetric and not negative.

    Look at terms, estimates, covariance, limits and p-values.
    """
    table = able(case.fit, protocol.HasCoefficients).coefficients()
    n_coef, covariance = len(table.terms), table.covariance
    if n_coef == 0 or len(set(table.terms)) < n_coef:
        raise Violation(f"terms are missing or repeated: {', '.join(table.terms) or 'none'}")
    shapes = table.estimate.shape, covariance.shape
    if shapes != ((n_coef,), (n_coef, n_coef)):
        raise Violation(f"{n_coef} terms, but estimates and covariance of shapes {shapes[0]} and {shapes[1]}")
    refuse(not np.isfinite(table.estimate).all(), "an estimate is not finite")
    refuse(not np.isfinite(covariance).all(), "the covariance is not finite")
    most = ROUNDING * float(np.abs(covariance).max())
    refuse(np.abs(covariance - covariance.T).max() > most, "the covariance is not symmetric")
    refuse(np.linalg.eigvalsh(covariance).min() < -most, "the covariance has a negative eigenvalue")
    limits, p_values = table.conf_int(0.95), table.p_value
    if limits.shape != (n_coef, 2) or (limits[:, 0] > limits[:, 1]).any():
        raise Violation("confidence limits are not a lower and an upper one for each term")
    if p_values.shape != (n_coef,) or not ((p_values >= 0.0) & (p_values <= 1.0)).all():
        raise Violation("p-values are not numbers between 0 and 1, one for each term")
    refuse(not table.correction.kind, "the covariance has no name: `correction.kind` is empty")
    return f"{n_coef} terms, covariance {table.correction.kind}"


@rule("estimator", *ABLE)
def notes(case: Case) -> str:
    """Check that notes have a code such as W-ABSORBED and a sentence.

    Read the notes of the ordinary fit, and of one whose last control does not vary.
    """
    last = case.panel.columns[-1]
    notes = []
    for fit in (case.fit, case.fitted(case.panel.with_column(last, 1.0))):
        notes += list(able(fit, protocol.HasNotes).notes)
    for note in notes:
        refuse(not isinstance(note, Note), f"a note is a {type(note).__name__}, not a harness.plugin.Note")
        if re.fullmatch(r"W-[A-Z0-9-]+", note.code) is None or not note.message:
            raise Violation(f"this note has no code such as W-ABSORBED, or no words: {note}")
    return ", ".join(sorted({note.code for note in notes})) or "none on an ordinary panel"


@rule("estimator", *ABLE)
def details(case: Case) -> str:
    """Check that tables of a fit have names that can be file names, and columns of one length.

    Read the tables of the ordinary fit.
    """
    tables = able(case.fit, protocol.HasDetails).details()
    for name, columns in tables.items():
        if re.fullmatch(r"[a-z0-9_]{1,64}", name) is None:
            raise Violation(f"the table {name!r} has a name that is not made of a-z, 0-9 and _")
        lengths = {column: len(values) for column, values in columns.items()}
        if len(set(lengths.values())) != 1:
            raise Violation(f"the table {name!r} has columns of different lengths, or none: {lengths}")
        if taken := {"outcome", "estimator"} & set(columns):
            raise Violation(f"the table {name!r} has a column that the harness adds: {', '.join(taken)}")
    return ", ".join(sorted(tables))
